import Denque from 'denque';
import type { ConnectionContext } from '../connection-context.ts';
import { createBatcher, type Batcher } from './batcher.ts';
import { Lanes } from './lanes.ts';
import { batchOf, type PendingBatch, type PendingDelivery } from './pending-delivery.ts';
import { batchByVendor, windowsToBatch } from './vendor-batching.ts';

export interface BatchQueueOptions {
  /** A delivery may overtake at most so many that were read before it in its lanes; Infinity: all of the run. */
  readonly span: number;
  /** Most deliveries that may wait in one lane. */
  readonly laneCapacity: number;
}

/**
 * The result of add(): the delivery waits for its batch, or one of its lanes is full or blocked. Then `behind` waited
 * behind it in its other lanes, and was taken out. Times are by clock.elapsed.
 */
export type Added = 'waiting' | 'full' | { readonly blockedUntil: number; readonly behind: readonly PendingDelivery[] };

/** Turns deliveries into batches. Deliveries wait here for a full batch, for their lanes, or for a slot. */
export class BatchQueue {
  /** Whose vendor says how large a batch may be, and how its items are framed. */
  readonly #context: ConnectionContext;
  /** Of the run that the deliveries belong to. */
  readonly #options: BatchQueueOptions;
  // Each of the three is made with the first delivery that needs it: most vendors use lanes for all events or for none,
  // and many calls have one event.
  /** Deliveries without a lane, which wait for a full batch. */
  #batcher: Batcher<PendingDelivery> | undefined;
  /** Batches without a lane, ready to be sent. */
  #ready: Denque<PendingBatch> | undefined;
  /** Deliveries with lanes, which wait for their turn in them. */
  #lanes: Lanes | undefined;
  /** Deliveries that a vendor's own batch() left out. */
  readonly omitted: PendingDelivery[] = [];

  constructor(context: ConnectionContext, options: BatchQueueOptions) {
    this.#context = context;
    this.#options = options;
  }

  add(delivery: PendingDelivery, now: number): Added {
    if (delivery.lanes !== undefined) return this.#openLanes().add(delivery, now);
    const full = (this.#batcher ??= this.#openBatcher()).add(delivery, now);
    if (full !== undefined) this.#push(full);
    return 'waiting';
  }

  /**
   * Takes out the next batch to send; lanes first, because other events wait for theirs. They are busy until done().
   */
  next(): PendingBatch | undefined {
    return this.#lanes?.next() ?? this.#ready?.shift();
  }

  done(batch: PendingBatch): void {
    this.#lanes?.done(batch);
  }

  /**
   * Makes batches, full or not, of all deliveries that wait since `since` (by clock.elapsed) or longer; by default of
   * all.
   */
  flush(since?: number): void {
    for (const deliveries of this.#batcher?.flush(since) ?? []) this.#push(deliveries);
    this.#lanes?.flush(since);
  }

  /** Takes out all waiting deliveries. */
  clear(): readonly PendingDelivery[] {
    const batched = this.#ready?.toArray().flatMap(({ items }) => items) ?? [];
    this.#ready = undefined;
    return [...(this.#batcher?.flush().flat() ?? []), ...(this.#lanes?.clear() ?? []), ...batched];
  }

  /**
   * Blocks the lanes of a deferred delivery, and of those that waited behind it or behind one of them, which it takes
   * out and returns.
   */
  block(deferred: PendingDelivery, until: number, now: number): readonly PendingDelivery[] {
    return this.#lanes?.block(deferred, until, now) ?? [];
  }

  /** Keeps the lane from sending until unlock() is called as often as lock(). */
  lock(lane: string): void {
    this.#openLanes().lock(lane);
  }

  unlock(lane: string): void {
    this.#openLanes().unlock(lane);
  }

  /** A batch may be sent, or the vendor's own batch() left something out. */
  hasReady(): boolean {
    return this.omitted.length > 0 || this.backlog() > 0;
  }

  /** Batches ready to be sent, and lanes with one. */
  backlog(): number {
    return (this.#ready?.length ?? 0) + (this.#lanes?.ready() ?? 0);
  }

  /** The least number of requests for all waiting deliveries. */
  requests(): number {
    const partial = Math.max(0, (this.#batcher?.size() ?? 0) - 1);
    return (this.#ready?.length ?? 0) + (this.#lanes?.size() ?? 0) + partial;
  }

  /** Since when (by clock.elapsed) the oldest delivery waits for a full batch, or for an earlier event of its lanes. */
  waitingSince(): number | undefined {
    const inLane = this.#lanes?.oldest();
    const inBatch = this.#batcher?.oldest();
    return inLane === undefined || inBatch === undefined ? (inLane ?? inBatch) : Math.min(inLane, inBatch);
  }

  #push(deliveries: readonly PendingDelivery[]): void {
    this.#ready ??= new Denque();
    if (!this.#context.vendor.batchesItself) return void this.#ready.push(batchOf(deliveries) as PendingBatch);
    const { batches, omitted } = batchByVendor(this.#context, deliveries);
    for (const batch of batches) this.#ready.push(batch);
    this.omitted.push(...omitted);
  }

  #openBatcher(): Batcher<PendingDelivery> {
    const { limits, framing, batchesItself } = this.#context.vendor;
    if (!batchesItself) return createBatcher(limits, framing);
    return createBatcher({ ...limits, maxItems: limits.maxItems * windowsToBatch }, framing);
  }

  #openLanes(): Lanes {
    const { limits, framing: frame } = this.#context.vendor;
    const { span, laneCapacity: capacity } = this.#options;
    this.#lanes ??= new Lanes({ limits, frame, span, capacity });
    return this.#lanes;
  }
}
