/** Why a broker cannot be used. */
export type BrokerRefusal =
  /** It does not answer. */
  | 'unreachable'
  /** It does not take these credentials, or they may not do what a store does. */
  | 'unauthorized'
  /** It has no stream of that name, and none was to be made. */
  | 'missing'
  | 'too_old'
  | 'no_jetstream'
  /** Something else has a stream of that name, or a newer version of this package wrote it. */
  | 'foreign'
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

/** As isStoreLost() knows it. */
export const closedError = (): Error => Object.assign(new Error('the store is closed'), { code: 'closed' });
