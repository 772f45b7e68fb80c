import { setMaxListeners } from 'node:events';
import type { TransformContext } from '../api/destination.ts';
import type { Outcome, Reason } from '../api/outcome.ts';
import { dateOf } from '../policy/clock.ts';
import { BatchQueue, type BatchQueueOptions } from './batching/batch-queue.ts';
import { pendingDelivery, type PendingBatch, type PendingDelivery } from './batching/pending-delivery.ts';
import type { ConnectionContext } from './connection-context.ts';
import { createDuplicates, duplicate, isForGood, twinOutcome, type Duplicates } from './intake/duplicates.ts';
import { eventIdOf } from './intake/event-shape.ts';
import { prepareEvent } from './intake/prepare-event.ts';
import { deferred, heldBack, lost, stoppedReason, suspended } from './sending/outcomes.ts';
import type { RetryPolicy } from './sending/retry-policy.ts';
import { BatchSend } from './sending/send-batch.ts';
import type { BatchOwner, SendRun } from './sending/send-run.ts';
import { reportOutcome } from './sending/report.ts';

export interface DeliveryRunOptions extends BatchQueueOptions {
  /** How long an event may take from being read, in milliseconds. */
  readonly withinMs: number;
  /** messageIds remembered, beside those on their way, to keep a second copy from a vendor it would harm. */
  readonly remembered: number;
  /** Default: the connection's. */
  readonly policy?: RetryPolicy;
}

/** Who wants the outcomes: a deliver(), or a stream(). */
export interface OutcomeReader {
  /** A promise locks the lane of that event: true lets it go on, false gives back what waits in it. Never rejects. */
  settle(index: number, outcome: Outcome): Promise<boolean> | undefined;
  /** Nothing is on its way any more. */
  idle(): void;
}

/**
 * The events of one deliver() or stream(): taken one by one, prepared, batched, sent, settled. A batch under way calls
 * back by three methods: slotTaken(), settle() and batchDone().
 */
export class DeliveryRun implements SendRun, BatchOwner {
  readonly context: ConnectionContext;
  readonly policy: RetryPolicy;
  readonly laneCapacity: number;
  stopped = false;
  readonly #options: DeliveryRunOptions;
  readonly #reader: OutcomeReader;
  readonly #duplicates: Duplicates | undefined;
  readonly #queue: BatchQueue;
  /** By lane: outcomes that the host is writing down. */
  readonly #persisting = new Map<string, Promise<boolean>>();
  /** Batches that wait for a slot. */
  #waiting = 0;
  /** Batches that were started and are not done; of these, parts that wait for their scope; and the events in them. */
  #started = 0;
  #scopeWaiting = 0;
  #startedEvents = 0;
  /** Events without an outcome. */
  #open = 0;
  /**
   * A batch that is refused a slot at once calls slotTaken() inside #startReady(): the loop there goes on, not a call
   * inside the call.
   */
  #isStarting = false;
  #stopping: AbortController | undefined;
  #finished: (() => void) | undefined;
  readonly #readyWaiters: (() => void)[] = [];
  readonly #moveWaiters: (() => void)[] = [];
  #transformContext: TransformContext;
  /** When that was made, by clock.elapsed. */
  #transformContextAt = Number.NaN;

  constructor(context: ConnectionContext, options: DeliveryRunOptions, reader: OutcomeReader) {
    const { vendor } = context;
    this.context = context;
    this.policy = options.policy ?? context.policy;
    this.laneCapacity = options.laneCapacity;
    this.#options = options;
    this.#reader = reader;
    this.#duplicates = vendor.manifest.replay === 'harmful' ? createDuplicates(options.remembered) : undefined;
    this.#queue = new BatchQueue(context, options);
    this.#transformContext = { now: 0, prepared: vendor.prepared };
    context.runs.add(this);
    if (context.closed) this.stop();
  }

  /** Works one event, read at `now` (by clock.elapsed), into a batch or a lane, or settles it at once. Synchronous. */
  take(event: unknown, index: number, now: number): void {
    const prepared = prepareEvent(this.context, event, this.#transformContextOf(now));
    const eventId = eventIdOf(event);
    if (prepared.kind !== 'payload')
      return void this.#tell(index, { kind: prepared.kind, eventId, reason: prepared.reason });
    const copy = this.#duplicates === undefined || eventId === '' ? 'new' : this.#duplicates.take(eventId, index);
    if (copy === 'settled') return void this.#tell(index, { kind: 'skipped', eventId, reason: duplicate });
    this.#open += 1;
    if (copy === 'twin') return;
    const delivery = pendingDelivery(prepared, index, eventId, now, this.#options.withinMs);
    const { suspensions, pacer } = this.context;
    const suspension = suspensions.any ? suspensions.against(delivery.scopes) : undefined;
    if (suspension !== undefined) return this.#settle(delivery, suspended(delivery, suspension, this.context));
    if (this.stopped) return this.#settle(delivery, deferred(delivery, stoppedReason, pacer.opensAt()));
    const added = this.#queue.add(delivery, now);
    if (added === 'waiting') return this.#startReady();
    const { clock } = this.context;
    if (added === 'full') return this.#settle(delivery, deferred(delivery, overCapacity, clock.now()));
    this.#settle(delivery, heldBack(delivery, dateOf(clock, added.blockedUntil)));
  }

  #transformContextOf(now: number): TransformContext {
    if (this.#transformContextAt !== now) {
      this.#transformContextAt = now;
      this.#transformContext = { now: this.context.clock.now(), prepared: this.context.vendor.prepared };
    }
    return this.#transformContext;
  }

  /** Starts as many batches as may wait for a slot. */
  #startReady(): void {
    const { forgotten } = this.#queue;
    if (forgotten.length > 0) for (const delivery of forgotten.splice(0)) this.#settle(delivery, lost(delivery));
    if (this.#isStarting) return;
    this.#isStarting = true;
    const { concurrency } = this.context.pace;
    try {
      while (this.#waiting < concurrency) {
        const batch = this.#queue.next();
        if (batch === undefined) break;
        this.#waiting += 1;
        this.#started += 1;
        this.#startedEvents += batch.items.length;
        new BatchSend(this, this, batch).start();
      }
    } finally {
      this.#isStarting = false;
    }
    if (this.#readyWaiters.length > 0 && this.backlog() <= concurrency) wakeAll(this.#readyWaiters);
  }

  slotTaken(): void {
    this.#waiting -= 1;
    if (this.backlog() > 0) this.#startReady();
    this.#wakeMoveWaiters();
  }

  settle(delivery: PendingDelivery, outcome: Outcome): void {
    if (delivery.settled !== undefined) return;
    this.#settle(delivery, outcome);
    // What waits behind a deferred event of its lane may not overtake it.
    if (outcome.kind === 'deferred' && delivery.lane !== undefined) this.#blockLane(delivery.lane, outcome.retryAt);
  }

  batchDone({ lane, items }: PendingBatch): void {
    this.#started -= 1;
    this.#startedEvents -= items.length;
    if (lane !== undefined) this.#queue.done(lane);
    this.#startReady();
    if (this.#open === 0) this.#finished?.();
    this.#wakeMoveWaiters();
    this.#tellWhereIdle();
  }

  #settle(delivery: PendingDelivery, outcome: Outcome): void {
    if (delivery.settled !== undefined) return;
    delivery.settled = outcome;
    this.#open -= 1;
    const { lane, eventId, index } = delivery;
    const persisted = this.#tell(index, outcome);
    if (persisted !== undefined && lane !== undefined) this.#lockLane(lane, persisted);
    if (this.#duplicates !== undefined && eventId !== '') this.#settleTwins(this.#duplicates, eventId, outcome);
  }

  /**
   * A second copy waits for what becomes of the first. To a host that tells its records by their ids both are one
   * record: told `skipped`, it would delete the event that comes back deferred.
   */
  #settleTwins(duplicates: Duplicates, eventId: string, outcome: Outcome): void {
    for (const index of duplicates.settle(eventId, isForGood(outcome))) {
      this.#open -= 1;
      void this.#tell(index, twinOutcome(outcome, eventId, this.context.clock.now()));
    }
  }

  #tell(index: number, outcome: Outcome): Promise<boolean> | undefined {
    if (this.context.emit !== undefined) reportOutcome(this.context, outcome);
    return this.#reader.settle(index, outcome);
  }

  /**
   * Nothing of the lane leaves until the host has written down what it was told; and nothing at all when it could not.
   */
  #lockLane(lane: string, persisted: Promise<boolean>): void {
    const others = this.#persisting.get(lane);
    const all = others === undefined ? persisted : Promise.all([others, persisted]).then(([a, b]) => a && b);
    this.#persisting.set(lane, all);
    this.#queue.lock(lane);
    void all.then((good) => {
      if (this.#persisting.get(lane) === all) this.#persisting.delete(lane);
      if (!good) this.#blockLane(lane, undefined);
      this.#queue.unlock(lane);
      this.#startReady();
      if (this.#open === 0) this.#finished?.();
    });
  }

  #blockLane(lane: string, retryAt: string | undefined): void {
    const { clock } = this.context;
    const today = clock.now();
    const until = retryAt === undefined ? today : Date.parse(retryAt);
    const now = clock.elapsed();
    for (const delivery of this.#queue.block(lane, now + (until - today), now))
      this.#settle(delivery, heldBack(delivery, until));
  }

  persisting(lane: string): Promise<boolean> | undefined {
    return this.#persisting.get(lane);
  }

  signal(): AbortSignal {
    if (this.#stopping === undefined) {
      this.#stopping = new AbortController();
      setMaxListeners(0, this.#stopping.signal);
      if (this.stopped) this.#stopping.abort();
    }
    return this.#stopping.signal;
  }

  scopeWaiting(change: 1 | -1): void {
    this.#scopeWaiting += change;
    if (change < 0) return;
    this.#wakeMoveWaiters();
    this.#tellWhereIdle();
  }

  /** What is left waits for company, or for its scope. */
  #tellWhereIdle(): void {
    if (this.#started <= this.#scopeWaiting) this.#reader.idle();
  }

  #wakeMoveWaiters(): void {
    if (this.#moveWaiters.length > 0) wakeAll(this.#moveWaiters);
  }

  /** Sends what has waited since `since` (by clock.elapsed) or longer, full or not; without it, everything. */
  flush(since?: number): void {
    this.#queue.flush(since);
    this.#startReady();
  }

  /** The input ended: everything goes out. Resolves when all events have their outcome. */
  async finish(): Promise<void> {
    this.flush();
    if (this.#open > 0) {
      await new Promise<void>((resolve) => {
        this.#finished = resolve;
      });
    }
    this.context.runs.delete(this);
  }

  /** Nothing more is started; what is in flight is finished. */
  stop(): void {
    const { pacer, scopePauses } = this.context;
    this.stopped = true;
    this.#stopping?.abort();
    pacer.dismiss(this);
    scopePauses.dismiss(this, 'stopped');
    const retryAt = pacer.opensAt();
    for (const delivery of this.#queue.clear()) this.#settle(delivery, deferred(delivery, stoppedReason, retryAt));
    if (this.#open === 0) this.#finished?.();
    this.#startReady();
    this.#wakeMoveWaiters();
  }

  /** What waits for its scope comes back deferred. */
  deferScopeWaiters(): void {
    this.context.scopePauses.dismiss(this, 'throttled');
  }

  /** Batches made, and lanes with one, that have not started. */
  backlog(): number {
    return this.#queue.backlog();
  }

  /** Resolves when no more of them wait than may be in flight. */
  whenReady(): Promise<void> {
    if (this.backlog() <= this.context.pace.concurrency) return Promise.resolve();
    return new Promise((resolve) => this.#readyWaiters.push(resolve));
  }

  /** Since when, by clock.elapsed, the oldest delivery waits for company, or for an earlier event of its lane. */
  waitingSince(): number | undefined {
    return this.#queue.waitingSince();
  }

  /**
   * About how long an event read now would wait, at the connection's pace, behind those of this run that wait to leave,
   * in milliseconds; 0 where none do.
   */
  behindMs(): number {
    const items = this.#open - this.#startedEvents;
    if (items <= 0 && this.#waiting === 0) return 0;
    const { pacer, vendor } = this.context;
    const requests = Math.max(this.#queue.requests(), Math.floor(items / vendor.limits.maxItems));
    return pacer.behindMs(requests, Math.max(0, items));
  }

  /** Batches on their way; not those that only wait for their scope. */
  running(): number {
    return Math.max(0, this.#started - this.#scopeWaiting);
  }

  /** Resolves when a batch has left, was refused, or came back; at once where none is on its way. */
  whenMoved(): Promise<void> {
    if (this.running() === 0) return Promise.resolve();
    return new Promise((resolve) => this.#moveWaiters.push(resolve));
  }
}

/** Those that wait again, wait for the next time. */
function wakeAll(waiters: (() => void)[]): void {
  for (const wake of waiters.splice(0)) wake();
}

const overCapacity: Reason = { code: 'held_back', message: 'Too many events wait in this lane' };
