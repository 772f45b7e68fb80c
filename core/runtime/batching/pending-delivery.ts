import type { Batch, Delivery, Transformed } from '../../api/delivery.ts';
import type { Note, Outcome, Reason } from '../../api/outcome.ts';

/** The result of preparing an event: a payload with its text, or the reason why there is none. */
export type PreparedEvent =
  | { readonly kind: 'payload'; readonly output: TransformOutput; readonly text: string; readonly bytes: number }
  | Exclude<Transformed<unknown>, { kind: 'payload' }>;
type TransformOutput = Extract<Transformed<unknown>, { kind: 'payload' }>;

/** A delivery inside the runtime: the part that vendors see, and its state on the way. */
export interface PendingDelivery extends Delivery<unknown> {
  /** The messageId by which copies are told; '' if it has none that can, or copies do no harm. */
  readonly dedupId: string;
  /** By clock.elapsed. After it, no attempt starts. */
  readonly deadline: number;
  /** When it was read, by clock.elapsed, for the age of a batch. */
  readonly takenAt: number;
  readonly notes: readonly Note[] | undefined;
  /** The lane in which it waits for earlier ones that may still be read. */
  waitsIn: Lane | undefined;
  /** In a lane: it may be sent in its turn. */
  isReady: boolean;
  /** The one that was read after it, while it is in the window of its lanes. */
  readNext: PendingDelivery | undefined;
  /** Requests that contained it. */
  attempts: number;
  /** An attempt ended without a clear answer: the vendor may have it. */
  ambiguous: boolean;
  /** The mark after its first refusal that may be about the credentials. */
  refusalMark: number | undefined;
  /** Why the last attempt failed. */
  reason: Reason | undefined;
  /** Its outcome, once it is settled. */
  settled: Outcome | undefined;
}

/** Deliveries that must be sent one after another, and what keeps them: see lanes.ts. */
export interface Lane {
  readonly name: string;
  /** In order of event time, ties in input order. */
  waiting: PendingDelivery[];
  /** Deliveries in `waiting` that no longer wait for earlier ones. */
  readyCount: number;
  /** One of its batches is being sent, or the lane is queued for it. */
  busy: boolean;
  /** Outcomes that the host is persisting: the lane sends nothing until it has. */
  locks: number;
  /** It exceeded its capacity. Until it is empty it takes no deliveries, or later ones would overtake those refused. */
  overCapacity: boolean;
  /** The lane behind it in the queue for sending. */
  behind: Lane | undefined;
}

/** A batch inside the runtime. */
export interface PendingBatch extends Batch<unknown> {
  readonly items: readonly [PendingDelivery, ...PendingDelivery[]];
  /** The earliest deadline of its deliveries. */
  readonly deadline: number;
}

/** Makes the delivery of the event at `index`, read at `now` (by clock.elapsed). */
export const pendingDelivery = (
  {
    output: { payload, group, lane, key, occurredAt, scopes, notes },
    text,
    bytes,
  }: Extract<PreparedEvent, { kind: 'payload' }>,
  index: number,
  eventId: string,
  dedupId: string,
  now: number,
  withinMs: number,
): PendingDelivery => ({
  index,
  eventId,
  dedupId,
  payload,
  text,
  bytes,
  group,
  lane,
  key,
  occurredAt,
  scopes,
  notes,
  deadline: now + withinMs,
  takenAt: now,
  waitsIn: undefined,
  isReady: false,
  readNext: undefined,
  attempts: 0,
  ambiguous: false,
  refusalMark: undefined,
  reason: undefined,
  settled: undefined,
});

/** Makes a batch of deliveries that have the same group and lane; `undefined` for an empty list. */
export function batchOf(deliveries: readonly PendingDelivery[]): PendingBatch | undefined {
  const [first] = deliveries;
  if (first === undefined) return undefined;
  let { deadline } = first;
  for (const delivery of deliveries) if (delivery.deadline < deadline) deadline = delivery.deadline;
  return { group: first.group, lane: first.lane, items: deliveries as PendingBatch['items'], deadline };
}
