import type { Note, Reason, ReasonCode } from './outcome.ts';

/** What validate() says about one event. */
export type Admission =
  | { readonly kind: 'admitted' }
  | { readonly kind: 'skipped'; readonly reason: Reason }
  | { readonly kind: 'rejected'; readonly reason: Reason };

/** What transform() makes of one event: one payload, or a reason there is none. */
export type Transformed<P> =
  | ({ readonly kind: 'payload'; readonly payload: P; readonly notes?: readonly Note[] | undefined } & Routing)
  | { readonly kind: 'skipped'; readonly reason: Reason }
  | { readonly kind: 'rejected'; readonly reason: Reason };

/** How a payload travels. All are optional; most vendors need none. */
export interface Routing {
  /** Payloads of different groups never share a request: another path, another account, another action. */
  readonly group?: string | undefined;
  /** Payloads of one lane leave one after another; a lane stops at its first deferral. */
  readonly lane?: string | undefined;
  /** The name the vendor's reply uses for this item, when it answers by name instead of by position. */
  readonly key?: string | undefined;
  /** Epoch ms. Deliveries of one lane that wait in the same window leave in this order, ties in input order. */
  readonly occurredAt?: number | undefined;
  /** Suspension can be narrower than the connection: Adjust says `token:<t>`, `platform:<p>`. */
  readonly scopes?: readonly string[] | undefined;
}

/** One payload on its way out, still tied to the event whose outcome it decides. */
export interface Delivery<P> extends Routing {
  /** Position of the event in the input: what its outcome is tied to. */
  readonly index: number;
  /** The event's messageId, '' when it has none. For people; never used as a key. */
  readonly eventId: string;
  readonly payload: P;
  /** The payload, encoded once, and its size in UTF-8 bytes. */
  readonly text: string;
  readonly bytes: number;
}

/** Deliveries that leave in one request. Never empty; one group and one lane. */
export interface Batch<P> {
  readonly group?: string | undefined;
  readonly lane?: string | undefined;
  readonly items: readonly [Delivery<P>, ...Delivery<P>[]];
}

/** validate() has nothing against the event. */
export const admit: Admission = Object.freeze({ kind: 'admitted' });

/** Not sent, on purpose. */
export const skip = (code: ReasonCode, message: string, field?: string) =>
  ({ kind: 'skipped', reason: reasonOf(code, message, field) }) as const;

/** Can never be sent as it is. */
export const reject = (code: ReasonCode, message: string, field?: string) =>
  ({ kind: 'rejected', reason: reasonOf(code, message, field) }) as const;

/** The payload transform() made, how it travels, and what was lost on the way. */
export const payload = <P>(made: P, routing?: Routing, notes?: readonly Note[]): Transformed<P> => ({
  kind: 'payload',
  payload: made,
  group: routing?.group,
  lane: routing?.lane,
  key: routing?.key,
  occurredAt: routing?.occurredAt,
  scopes: routing?.scopes,
  notes,
});

const reasonOf = (code: ReasonCode, message: string, field: string | undefined): Reason =>
  field === undefined ? { code, message } : { code, message, field };
