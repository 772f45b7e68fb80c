import type { Note, Reason } from './outcome.ts';
import type { ReasonCode } from './reason-codes.ts';

/** The result of validate() for one event. */
export type Admission =
  | { readonly kind: 'admitted' }
  | { readonly kind: 'skipped'; readonly reason: Reason }
  | { readonly kind: 'rejected'; readonly reason: Reason };

/** Why an event is not sent: on purpose (`skip`), or because it cannot be (`reject`). */
export type Unsent = Exclude<Admission, { readonly kind: 'admitted' }>;

/** The result of transform() for one event: one payload, or the reason why there is none. */
export type Transformed<P> =
  | ({ readonly kind: 'payload'; readonly payload: P; readonly notes?: readonly Note[] | undefined } & Routing)
  | { readonly kind: 'skipped'; readonly reason: Reason }
  | { readonly kind: 'rejected'; readonly reason: Reason };

/** How a payload is sent. All members are optional; most vendors need none. */
export interface Routing {
  /** Payloads of different groups never share a request: another path, another account, another action. */
  readonly group?: string | undefined;
  /**
   * What the payload belongs to whose payloads are sent one after another, such as each identifier of its device. It
   * leaves when it is the first in each of its lanes; a lane stops at its first deferral. Never of random values.
   */
  readonly lanes?: readonly string[] | undefined;
  /** The name of this item in the vendor's reply, if the vendor answers by name instead of by position. */
  readonly key?: string | undefined;
  /** Epoch ms. Deliveries of a lane that wait in the same window are sent in this order, ties in input order. */
  readonly occurredAt?: number | undefined;
  /**
   * What can wait or be suspended instead of the whole connection, such as Adjust's `token:<t>` and `platform:<p>`.
   * They show in outcomes and signals: of a person or a device, take a digest.
   */
  readonly scopes?: readonly string[] | undefined;
}

/** One payload on its way out, with the position of the event whose outcome it decides. */
export interface Delivery<P> extends Routing {
  /** Position of the event in the input, and of its outcome in the result. */
  readonly index: number;
  /** The event's messageId, or ''. For people; never used as a key. */
  readonly eventId: string;
  readonly payload: P;
  /** The payload as encoded text, and its size in UTF-8 bytes. */
  readonly text: string;
  readonly bytes: number;
}

/** Deliveries that are sent in one request. Never empty; of one group, and all in the same lanes. */
export interface Batch<P> {
  readonly group?: string | undefined;
  readonly lanes?: readonly string[] | undefined;
  readonly items: readonly [Delivery<P>, ...Delivery<P>[]];
}

/** validate() admits the event. */
export const admit: Admission = Object.freeze({ kind: 'admitted' });

/** The event is not sent, on purpose. */
export const skip = (code: ReasonCode, message: string, field?: string) =>
  ({ kind: 'skipped', reason: reasonOf(code, message, field) }) as const;

/** The event can never be sent as it is. */
export const reject = (code: ReasonCode, message: string, field?: string) =>
  ({ kind: 'rejected', reason: reasonOf(code, message, field) }) as const;

/** The payload of an event, how it is sent, and notes on what was lost in the transformation. */
export const payload = <P>(value: P, routing?: Routing, notes?: readonly Note[]): Transformed<P> => ({
  kind: 'payload',
  payload: value,
  group: routing?.group,
  lanes: routing?.lanes,
  key: routing?.key,
  occurredAt: routing?.occurredAt,
  scopes: routing?.scopes,
  notes,
});

const reasonOf = (code: ReasonCode, message: string, field: string | undefined): Reason =>
  field === undefined ? { code, message } : { code, message, field };
