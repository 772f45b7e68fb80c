import { QueueFull } from '../queue.ts';

/** Why a broker cannot be used. */
export type BrokerRefusal =
  /** It does not answer. */
  | 'unreachable'
  /** It does not take these credentials, or they may not do what a store does. */
  | 'unauthorized'
  | 'too_old'
  | 'no_jetstream'
  /** Something else has a stream of that name, or a newer version of this package wrote it. */
  | 'foreign'
  /** There is no such stream, and none was to be made. */
  | 'missing'
  /** What it was opened with does not go with the stream: its lanes, its replicas. */
  | 'settings';

/** A store on JetStream cannot be opened. The message says what to do, and no secret. */
export class BrokerRefused extends Error {
  override readonly name = 'BrokerRefused';
  readonly code: BrokerRefusal;
  constructor(code: BrokerRefusal, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The broker did not confirm in time what it was told, and may have done it. The same call again completes it. */
export class BrokerOverdue extends Error {
  override readonly name = 'BrokerOverdue';
}

/** An event takes more bytes than a message of this broker may have (`max_payload`). Nothing of the put was stored. */
export class EventTooLarge extends Error {
  override readonly name = 'EventTooLarge';
}

/** `maximum bytes exceeded` and its kin, by what the broker says: its codes differ by version. */
const fullWords = /maximum (?:bytes|messages)|resource limits exceeded|insufficient (?:storage )?resources|no space/i;
const silentNames: ReadonlySet<unknown> = new Set([
  'TimeoutError',
  'NoRespondersError',
  'RequestError',
  'ConnectionError',
  'DrainingConnectionError',
  // A node that starts has no JetStream yet.
  'JetStreamNotEnabled',
]);
const leaderless = 10_008;

/** Whether the broker did not answer, and may later: it starts, elects a leader, or cannot be reached. */
export const isSilence = (error: unknown): boolean =>
  error instanceof Error && (silentNames.has(error.name) || ('code' in error && error.code === leaderless));

/** What a client of the broker throws, in the words of a store. */
export function storeErrorOf(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (error.name === 'ClosedConnectionError') return closedError();
  if (isSilence(error)) return new BrokerOverdue(`the broker does not answer: ${error.message}`, { cause: error });
  return fullWords.test(error.message) ? new QueueFull('the broker takes no more for this stream') : error;
}

/** Rejects with what storeErrorOf() makes of it. */
export const asStoreError = <T>(call: Promise<T>): Promise<T> =>
  call.catch((error: unknown) => {
    throw storeErrorOf(error);
  });

/** What this process knows of the lanes is out of date: it would put events of one lane into two. */
export const layoutChanged = (stream: string): Error =>
  Object.assign(new Error(`the lanes of the stream ${stream} were changed: start this process again`), {
    code: 'taken',
  });

/** As isStoreLost() knows it. */
export const closedError = (): Error => Object.assign(new Error('the store is closed'), { code: 'closed' });
