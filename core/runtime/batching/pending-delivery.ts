import type { Batch, Delivery, Transformed } from '../../api/delivery.ts';
import type { Note, Outcome, Reason } from '../../api/outcome.ts';

/** The result of preparing an event: a payload with its text, or the reason why there is none. */
export type PreparedEvent = PreparedPayload | Exclude<Transformed<unknown>, { kind: 'payload' }>;

interface PreparedPayload {
  readonly kind: 'payload';
  readonly output: TransformOutput;
  readonly text: string;
  readonly bytes: number;
}
type TransformOutput = Extract<Transformed<unknown>, { kind: 'payload' }>;

/**
 * A delivery inside the runtime: the part that vendors see, and its state on the way. A class, because V8 allocates
 * what a literal makes in the old generation for good, once it has seen most of it survive, as in the burst of a start:
 * then each delivery, and all that hangs on it, lives until a full collection. What a constructor makes is always
 * young.
 */
export class PendingDelivery implements Delivery<unknown> {
  readonly index: number;
  readonly eventId: string;
  /** The messageId by which copies are told; '' if it has none that can, or copies do no harm. */
  readonly dedupId: string;
  readonly payload: unknown;
  readonly text: string;
  readonly bytes: number;
  readonly group: string | undefined;
  readonly lanes: readonly string[] | undefined;
  readonly key: string | undefined;
  readonly occurredAt: number | undefined;
  readonly scopes: readonly string[] | undefined;
  readonly notes: readonly Note[] | undefined;
  /** The W3C `traceparent` of its event, where the host traces requests and gave one. */
  readonly trace: string | undefined;
  /** By clock.elapsed. After it, no attempt starts. */
  readonly deadline: number;
  /** When it was read, by clock.elapsed, for the age of a batch. */
  readonly takenAt: number;
  /** The lane that it names first, until it is taken out or its batch is done; and all its lanes, if it has several. */
  waitsIn: Lane | undefined = undefined;
  waitsInAll: readonly Lane[] | undefined = undefined;
  /** In its lanes: it may be sent in its turn, or something behind it may, or it is being sent. */
  isReady = false;
  /** The one that was read after it, while it is in the window of its lanes. */
  readNext: PendingDelivery | undefined = undefined;
  /** Requests that contained it. */
  attempts = 0;
  /** An attempt ended without a clear answer: the vendor may have it. */
  ambiguous = false;
  /** The mark after its first refusal that may be about the credentials. */
  refusalMark: number | undefined = undefined;
  /** Why the last attempt failed. */
  reason: Reason | undefined = undefined;
  /** Its outcome, once it is settled. */
  settled: Outcome | undefined = undefined;

  /** `now`: when its event was read, by clock.elapsed. */
  constructor(
    { output, text, bytes }: PreparedPayload,
    { index, eventId, dedupId, trace }: Pick<PendingDelivery, 'index' | 'eventId' | 'dedupId' | 'trace'>,
    now: number,
    withinMs: number,
  ) {
    this.index = index;
    this.eventId = eventId;
    this.dedupId = dedupId;
    this.trace = trace;
    this.payload = output.payload;
    this.text = text;
    this.bytes = bytes;
    this.group = output.group;
    this.lanes = output.lanes;
    this.key = output.key;
    this.occurredAt = output.occurredAt;
    this.scopes = output.scopes;
    this.notes = output.notes;
    this.deadline = now + withinMs;
    this.takenAt = now;
  }
}

/** Deliveries that must be sent one after another, and what keeps them: see lanes.ts. A class for the same reason. */
export class Lane {
  readonly name: string;
  /** In order of event time, ties in input order. */
  waiting: PendingDelivery[];
  /** How many in `waiting` are ready. */
  readyCount = 0;
  /** It is in the queue for sending. */
  isQueued = false;
  /** One of its batches is being sent. */
  isBusy = false;
  /** Outcomes that the host is persisting: the lane sends nothing until it has. */
  locks = 0;
  /** It exceeded its capacity. Until it is empty it takes no deliveries, or later ones would overtake those refused. */
  overCapacity = false;
  /** No delivery named it first. */
  isSide: boolean;
  /** The lane behind it in the queue for sending. */
  behind: Lane | undefined = undefined;

  constructor(name: string, waiting: PendingDelivery[], isSide: boolean) {
    this.name = name;
    this.waiting = waiting;
    this.isSide = isSide;
  }
}

/** A batch inside the runtime. */
export interface PendingBatch extends Batch<unknown> {
  readonly items: readonly [PendingDelivery, ...PendingDelivery[]];
  /** The earliest deadline of its deliveries. */
  readonly deadline: number;
}

/** Makes a batch of deliveries that have the same group and lanes; `undefined` for an empty list. */
export function batchOf(deliveries: readonly PendingDelivery[]): PendingBatch | undefined {
  const [first] = deliveries;
  if (first === undefined) return undefined;
  let { deadline } = first;
  for (const delivery of deliveries) if (delivery.deadline < deadline) deadline = delivery.deadline;
  return { group: first.group, lanes: first.lanes, items: deliveries as PendingBatch['items'], deadline };
}
