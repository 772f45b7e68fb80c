import Denque from 'denque';
import type { ConnectionContext } from '../connection-context.ts';
import { createBatcher, type Batcher } from './batcher.ts';
import { createLanes, type Lanes } from './lanes.ts';
import { batchOf, type PendingBatch, type PendingDelivery } from './pending-delivery.ts';
import { batchByVendor, windowsToBatch } from './vendor-batching.ts';

export interface BatchQueueOptions {
  /** Deliveries read later that may still overtake one in its lane; Infinity = all of the run. */
  readonly span: number;
  /** Most deliveries that may wait in one lane. */
  readonly laneCapacity: number;
}

/**
 * What became of a delivery that was added: it waits for its batch, or its lane takes none. Times are those of
 * clock.elapsed.
 */
export type Added = 'waiting' | 'full' | { readonly blockedUntil: number };

/** Deliveries in, batches out: what waits for company, for its lane, or for a slot. */
export class BatchQueue {
  readonly #context: ConnectionContext;
  readonly #options: BatchQueueOptions;
  readonly #batcher: Batcher<PendingDelivery>;
  /** Full batches of no lane. */
  readonly #ready = new Denque<PendingBatch>();
  /** Made for the first delivery of a lane: most vendors have none. */
  #lanes: Lanes | undefined;
  /** What a vendor's own batch() left out. */
  readonly forgotten: PendingDelivery[] = [];

  constructor(context: ConnectionContext, options: BatchQueueOptions) {
    const { limits, framing, batchesItself } = context.vendor;
    this.#context = context;
    this.#options = options;
    const { maxItems } = limits;
    this.#batcher = createBatcher(batchesItself ? { ...limits, maxItems: maxItems * windowsToBatch } : limits, framing);
  }

  add(delivery: PendingDelivery, now: number): Added {
    if (delivery.lane !== undefined) return this.#openLanes().add(delivery, now);
    const full = this.#batcher.add(delivery, now);
    if (full !== undefined) this.#push(full);
    return 'waiting';
  }

  /** The next batch that may leave; lanes first, because order holds others up. A lane is busy until done(). */
  next(): PendingBatch | undefined {
    for (let laned = this.#lanes?.next(); laned !== undefined; laned = this.#lanes?.next()) {
      const batch = batchOf(laned.deliveries);
      if (batch !== undefined) return batch;
      this.#lanes?.done(laned.name);
    }
    return this.#ready.shift();
  }

  done(lane: string): void {
    this.#lanes?.done(lane);
  }

  /**
   * Makes batches of what has waited since `since` (by clock.elapsed) or longer, full or not; without it, of
   * everything.
   */
  flush(since?: number): void {
    for (const deliveries of this.#batcher.flush(since)) this.#push(deliveries);
    this.#lanes?.flush(since);
  }

  /** Takes out everything that waits. */
  clear(): readonly PendingDelivery[] {
    const batched = this.#ready.toArray().flatMap(({ items }) => items);
    this.#ready.clear();
    return [...this.#batcher.flush().flat(), ...(this.#lanes?.clear() ?? []), ...batched];
  }

  /** The lane's head was deferred. Returns what waited behind it: that may not leave before it either. */
  block(lane: string, until: number, now: number): readonly PendingDelivery[] {
    return this.#lanes?.block(lane, until, now) ?? [];
  }

  /** Nothing more of this lane leaves until unlock() was called as often. */
  lock(lane: string): void {
    this.#openLanes().lock(lane);
  }

  unlock(lane: string): void {
    this.#openLanes().unlock(lane);
  }

  /** Batches made, and lanes with one. */
  backlog(): number {
    return this.#ready.length + (this.#lanes?.ready() ?? 0);
  }

  /** At least so many requests are needed for all that waits. */
  requests(): number {
    return this.#ready.length + (this.#lanes?.size() ?? 0) + Math.max(0, this.#batcher.size() - 1);
  }

  /** Since when, by clock.elapsed, the oldest delivery waits for company, or for an earlier event of its lane. */
  waitingSince(): number | undefined {
    const inLane = this.#lanes?.oldest();
    const inBatch = this.#batcher.oldest();
    return inLane === undefined || inBatch === undefined ? (inLane ?? inBatch) : Math.min(inLane, inBatch);
  }

  #push(deliveries: readonly PendingDelivery[]): void {
    if (!this.#context.vendor.batchesItself) return void this.#ready.push(batchOf(deliveries) as PendingBatch);
    const { batches, forgotten } = batchByVendor(this.#context, deliveries);
    for (const batch of batches) this.#ready.push(batch);
    this.forgotten.push(...forgotten);
  }

  #openLanes(): Lanes {
    const { limits, framing: frame } = this.#context.vendor;
    const { span, laneCapacity: capacity } = this.#options;
    this.#lanes ??= createLanes({ limits, frame, span, capacity });
    return this.#lanes;
  }
}
