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
  /** What it was opened with does not go with the broker or the stream: its URL, certificates, lanes, replicas. */
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

const withoutJetStream = 10_039;

const causeOf = (error: Error): { readonly name?: unknown; readonly code?: unknown } =>
  error.cause instanceof Error ? error.cause : {};

/** Whether the broker did not answer, and may later: it starts, elects a leader, or cannot be reached. */
export const isSilence = (error: unknown): boolean =>
  error instanceof Error &&
  !isDenied(error) &&
  !isWithoutJetStream(error) &&
  (silentNames.has(error.name) || ('code' in error && error.code === leaderless));

/** The client has a request that was denied as one without an answer, whose cause says so. */
const isDenied = (error: Error): boolean =>
  [error.name, causeOf(error).name].includes('PermissionViolationError') ||
  /permissions? violation/i.test(error.message);

/** Of an account: that of a broker which starts has no cause. */
const isWithoutJetStream = (error: Error): boolean => causeOf(error).code === withoutJetStream;

/** Somebody else wrote the key meanwhile. */
export const isConflict = (error: unknown): boolean =>
  error instanceof Error && /wrong last sequence|wrong last msg/i.test(error.message);

/** What the client throws while a store opens, as a refusal. */
export function refusalOf(error: unknown, at: string): unknown {
  if (!(error instanceof Error) || error instanceof BrokerRefused) return error;
  const { name, message } = error;
  if (isDenied(error)) return deniedError(at, error);
  if (isWithoutJetStream(error))
    return new BrokerRefused('no_jetstream', `the account of these credentials at ${at} has no JetStream: enable it`);
  if (isSilence(error))
    return new BrokerRefused('unreachable', `JetStream at ${at} does not answer: ${message}`, { cause: error });
  if (name === 'JetStreamApiError')
    return new BrokerRefused(
      'settings',
      `the broker at ${at} refuses the stream: ${message}${/resources/.test(message) ? '; give it more room, or the stream fewer bytes' : ''}`,
      { cause: error },
    );
  return error;
}

const deniedError = (at: string, { message }: Error): BrokerRefused =>
  new BrokerRefused('unauthorized', `these credentials may not do what a store does at ${at}: ${message}`);

/** What a client of the broker throws, in the words of a store. */
export function storeErrorOf(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (error.name === 'ClosedConnectionError') return closedError();
  if (isDenied(error)) return deniedError('the broker', error);
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
