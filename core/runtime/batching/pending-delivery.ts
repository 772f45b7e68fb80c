import type { Batch, Delivery, Transformed } from '../../api/delivery.ts';
import type { Note, Outcome, Reason } from '../../api/outcome.ts';

/** What becomes of an event before anything is sent: a payload with its text, or why there is none. */
export type PreparedEvent =
  | { readonly kind: 'payload'; readonly output: TransformOutput; readonly text: string; readonly bytes: number }
  | Exclude<Transformed<unknown>, { kind: 'payload' }>;
type TransformOutput = Extract<Transformed<unknown>, { kind: 'payload' }>;

/** A delivery inside the runtime: what vendors see of it is `Delivery`, the rest is how it fares. */
export interface PendingDelivery extends Delivery<unknown> {
  /** By clock.elapsed; after it, nothing more is tried. */
  readonly deadline: number;
  /** When it was read, by clock.elapsed, for the age of a batch. */
  readonly takenAt: number;
  readonly notes: readonly Note[] | undefined;
  /** In a lane: waiting for earlier ones that may still come, or for its turn alone. */
  laneState: 'waiting' | 'ready' | undefined;
  /** Requests that carried it. */
  attempts: number;
  /** An attempt ended without an answer: the vendor may have it already. */
  ambiguous: boolean;
  /** The mark after its first refusal that may be about the credentials. */
  refusalMark: number | undefined;
  /** Why the last attempt did not do. */
  reason: Reason | undefined;
  /** Its outcome, once it has one. */
  settled: Outcome | undefined;
}

/** A batch of the runtime's own. */
export interface PendingBatch extends Batch<unknown> {
  readonly items: readonly [PendingDelivery, ...PendingDelivery[]];
  /** The earliest of its parcels' deadlines. */
  readonly deadline: number;
}

/** What transform() made of the event at `index`, read at `now`, ready to travel. */
export const pendingDelivery = (
  {
    output: { payload, group, lane, key, occurredAt, scopes, notes },
    text,
    bytes,
  }: Extract<PreparedEvent, { kind: 'payload' }>,
  index: number,
  eventId: string,
  now: number,
  withinMs: number,
): PendingDelivery => ({
  index,
  eventId,
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
  laneState: undefined,
  attempts: 0,
  ambiguous: false,
  refusalMark: undefined,
  reason: undefined,
  settled: undefined,
});

/** The parcels that are still of one crate, as a smaller one; `undefined` when none is left. */
export function batchOf(deliveries: readonly PendingDelivery[]): PendingBatch | undefined {
  const [first] = deliveries;
  if (first === undefined) return undefined;
  let { deadline } = first;
  for (const delivery of deliveries) if (delivery.deadline < deadline) deadline = delivery.deadline;
  return { group: first.group, lane: first.lane, items: deliveries as PendingBatch['items'], deadline };
}
