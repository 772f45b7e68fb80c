import { setMaxListeners } from 'node:events';
import type { TransformContext } from '../api/destination.ts';
import type { Outcome, Reason } from '../api/outcome.ts';
import { dateOf } from '../policy/clock.ts';
import { BatchQueue, type BatchQueueOptions } from './batching/batch-queue.ts';
import { PendingDelivery, type PendingBatch } from './batching/pending-delivery.ts';
import { dismiss, type ConnectionContext } from './connection-context.ts';
import { createDuplicates, duplicate, isFinal, twinOutcome, type Duplicates } from './intake/duplicates.ts';
import { dedupId, messageIdOf } from './intake/event-shape.ts';
import { readInput } from './intake/event-input.ts';
import { preparePayload } from './intake/prepare-payload.ts';
import { deferred, heldBack, lostOutcome, stoppedReason, suspended } from './sending/outcomes.ts';
import type { TraceOf } from './sending/request-hook.ts';
import type { RetryPolicy } from './sending/retry-policy.ts';
import { BatchSend } from './sending/send-batch.ts';
import type { BatchOwner, SendRun } from './sending/send-run.ts';
import { reportOutcome } from './sending/report.ts';

export interface DeliveryRunOptions extends BatchQueueOptions {
  /** How long an event may take after it is read, in milliseconds. */
  readonly withinMs: number;
  /** So many messageIds are remembered, besides those in progress, where a second copy does harm. */
  readonly remembered: number;
  /** Default: the connection's policy. */
  readonly policy?: RetryPolicy;
  /** A queue calls, and settles the events by itself. */
  readonly queued?: boolean;
  /** Left out where nobody traces requests. Never throws. */
  readonly traceOf?: TraceOf | undefined;
}

/** The deliver() or stream() that reads the outcomes. */
export interface OutcomeReader {
  /**
   * Takes an outcome. A promise locks the event's lanes: true unlocks them, false defers what waits. Never rejects.
   */
  settle(index: number, outcome: Outcome): Promise<boolean> | undefined;
  /** Called when no batch is in progress any more. */
  idle(): void;
}

/**
 * Takes the events of one deliver() or stream() one by one, prepares, batches, sends and settles them. A batch in
 * progress calls back by three methods: slotTaken(), settle() and batchDone().
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
  /** By lane: outcomes that the host is persisting. */
  #persisting: Map<string, Promise<boolean>> | undefined;
  /** Batches that wait for a slot. */
  #waiting = 0;
  /** Batches started and not done; the parts of them that wait for their scope; and the events in them. */
  #started = 0;
  #scopeWaiting = 0;
  #startedEvents = 0;
  /** Events without an outcome. */
  #open = 0;
  /**
   * A batch that is refused a slot at once calls slotTaken() inside #startReady(): its loop continues, without
   * recursion.
   */
  #isStarting = false;
  #stopping: AbortController | undefined;
  #finished: (() => void) | undefined;
  readonly #readyWaiters: (() => void)[] = [];
  readonly #moveWaiters: (() => void)[] = [];
  #transformContext: TransformContext;
  /** When it was made, by clock.elapsed. */
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

  /**
   * Adds one event or its text, read at `now` (by clock.elapsed), to a batch or its lanes, or settles it at once.
   * Synchronous.
   */
  take(eventOrText: unknown, index: number, now: number): void {
    const input = readInput(eventOrText);
    const prepared = preparePayload(this.context, input, this.#transformContextOf(now));
    const eventId = messageIdOf(input.event);
    if (prepared.kind !== 'payload')
      return void this.#report(index, { kind: prepared.kind, eventId, reason: prepared.reason }, now);
    const id = this.#duplicates === undefined ? '' : dedupId(eventId);
    const copy = this.#duplicates === undefined ? 'new' : this.#duplicates.take(id, index, eventId, now);
    if (copy === 'settled') return void this.#report(index, { kind: 'skipped', eventId, reason: duplicate }, now);
    this.#open += 1;
    if (copy === 'twin') return;
    const { withinMs, traceOf } = this.#options;
    const about = { index, eventId, dedupId: id, trace: traceOf?.(index) };
    const delivery = new PendingDelivery(prepared, about, now, withinMs);
    const { suspensions, pacer } = this.context;
    const suspension = suspensions.any ? suspensions.against(delivery.scopes) : undefined;
    if (suspension !== undefined) return this.#record(delivery, suspended(delivery, suspension, this.context));
    if (this.stopped) return this.#record(delivery, deferred(delivery, stoppedReason, pacer.opensAt()));
    const added = this.#queue.add(delivery, now);
    if (added === 'waiting') return this.#queue.hasReady() ? this.#startReady() : undefined;
    const { clock } = this.context;
    if (added === 'full') return this.#record(delivery, deferred(delivery, overCapacity, clock.now()));
    const until = dateOf(clock, added.blockedUntil);
    for (const one of [delivery, ...added.behind]) this.#record(one, heldBack(one, until));
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
    const { omitted } = this.#queue;
    if (omitted.length > 0) for (const delivery of omitted.splice(0)) this.#record(delivery, lostOutcome(delivery));
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
    wakeAll(this.#moveWaiters);
  }

  settle(delivery: PendingDelivery, outcome: Outcome): void {
    if (delivery.settled !== undefined) return;
    this.#record(delivery, outcome);
    // Events behind a deferred event of one of their lanes must not overtake it.
    if (outcome.kind === 'deferred' && delivery.lanes !== undefined) this.#blockLanes(delivery, outcome.retryAt);
  }

  batchDone(batch: PendingBatch): void {
    this.#started -= 1;
    this.#startedEvents -= batch.items.length;
    if (batch.lanes !== undefined) this.#queue.done(batch);
    this.#startReady();
    if (this.#open === 0) this.#finished?.();
    wakeAll(this.#moveWaiters);
    this.#notifyIdle();
  }

  #record(delivery: PendingDelivery, outcome: Outcome): void {
    if (delivery.settled !== undefined) return;
    delivery.settled = outcome;
    this.#open -= 1;
    const persisted = this.#report(delivery.index, outcome, delivery.takenAt);
    if (persisted !== undefined && delivery.lanes !== undefined)
      for (const lane of delivery.lanes) this.#lockLane(lane, delivery, persisted);
    if (this.#duplicates !== undefined) this.#settleTwins(this.#duplicates, delivery.dedupId, outcome);
  }

  /**
   * A second copy waits for the outcome of the first. A host that identifies records by id sees both as one record: on
   * `skipped` it would delete the event that comes back deferred.
   */
  #settleTwins(duplicates: Duplicates, id: string, outcome: Outcome): void {
    for (const { index, eventId, takenAt } of duplicates.settle(id, isFinal(outcome))) {
      this.#open -= 1;
      void this.#report(index, twinOutcome(outcome, eventId, this.context.clock.now()), takenAt);
    }
  }

  #report(index: number, outcome: Outcome, takenAt: number): Promise<boolean> | undefined {
    if (this.context.emit !== undefined) reportOutcome(this.context, outcome, takenAt, this.#options.queued);
    return this.#reader.settle(index, outcome);
  }

  /** Sends nothing of the lane until the host has persisted its outcomes, and defers what waits if the host fails. */
  #lockLane(lane: string, delivery: PendingDelivery, persisted: Promise<boolean>): void {
    const others = this.#persisting?.get(lane);
    const all = others === undefined ? persisted : Promise.all([others, persisted]).then(([a, b]) => a && b);
    (this.#persisting ??= new Map()).set(lane, all);
    this.#queue.lock(lane);
    void all.then((isPersisted) => {
      if (this.#persisting?.get(lane) === all) this.#persisting.delete(lane);
      if (!isPersisted) this.#blockLanes(delivery, undefined);
      this.#queue.unlock(lane);
      this.#startReady();
      if (this.#open === 0) this.#finished?.();
    });
  }

  #blockLanes(deferred: PendingDelivery, retryAt: string | undefined): void {
    const { clock } = this.context;
    const today = clock.now();
    const until = retryAt === undefined ? today : Date.parse(retryAt);
    const now = clock.elapsed();
    for (const delivery of this.#queue.block(deferred, now + (until - today), now))
      this.#record(delivery, heldBack(delivery, until));
  }

  persisting(lane: string): Promise<boolean> | undefined {
    return this.#persisting?.get(lane);
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
    wakeAll(this.#moveWaiters);
    this.#notifyIdle();
  }

  /** Tells the reader if the rest only waits for full batches, or for scopes. */
  #notifyIdle(): void {
    if (this.#started <= this.#scopeWaiting) this.#reader.idle();
  }

  /** Sends batches, full or not, that wait since `since` (by clock.elapsed) or longer; by default all. */
  flush(since?: number): void {
    this.#queue.flush(since);
    this.#startReady();
  }

  /** Sends everything at the end of the input. Resolves when all events have their outcomes. */
  async finish(): Promise<void> {
    this.flush();
    if (this.#open > 0) {
      await new Promise<void>((resolve) => {
        this.#finished = resolve;
      });
    }
    this.context.runs.delete(this);
  }

  /** Starts no more requests; those in flight finish. */
  stop(): void {
    this.stopped = true;
    this.#stopping?.abort();
    dismiss(this.context, this);
    const retryAt = this.context.pacer.opensAt();
    for (const delivery of this.#queue.clear()) this.#record(delivery, deferred(delivery, stoppedReason, retryAt));
    if (this.#open === 0) this.#finished?.();
    this.#startReady();
    wakeAll(this.#moveWaiters);
  }

  /** Defers everything that waits for its scope. */
  deferScopeWaiters(): void {
    this.context.scopePauses.dismiss(this, 'throttled');
  }

  /** Batches, and lanes with one, that have not started. */
  backlog(): number {
    return this.#queue.backlog();
  }

  /** Resolves when the backlog is at most the concurrency. */
  whenReady(): Promise<void> {
    if (this.backlog() <= this.context.pace.concurrency) return Promise.resolve();
    return new Promise((resolve) => this.#readyWaiters.push(resolve));
  }

  /** Since when (by clock.elapsed) the oldest delivery waits for a full batch, or for an earlier event of its lanes. */
  waitingSince(): number | undefined {
    return this.#queue.waitingSince();
  }

  /**
   * About how long an event read now would wait at the connection's pace behind the waiting events of this run, in
   * milliseconds; 0 if none wait.
   */
  behindMs(): number {
    const items = this.#open - this.#startedEvents;
    if (items <= 0 && this.#waiting === 0) return 0;
    const { pacer, vendor } = this.context;
    const requests = Math.max(this.#queue.requests(), Math.floor(items / vendor.limits.maxItems));
    return pacer.behindMs(requests, Math.max(0, items));
  }

  /** Batches in progress, without those that only wait for their scope. */
  running(): number {
    return Math.max(0, this.#started - this.#scopeWaiting);
  }

  /** Resolves when a batch gets or is refused its slot, or is done; at once if none is in progress. */
  whenMoved(): Promise<void> {
    if (this.running() === 0) return Promise.resolve();
    return new Promise((resolve) => this.#moveWaiters.push(resolve));
  }
}

/** Waiters added meanwhile wait for the next time. */
function wakeAll(waiters: (() => void)[]): void {
  if (waiters.length > 0) for (const wake of waiters.splice(0)) wake();
}

const overCapacity: Reason = { code: 'held_back', message: 'Too many events wait in this lane' };
