import { setMaxListeners } from 'node:events';
import Denque from 'denque';
import type { TransformContext } from '../api/destination.ts';
import type { Outcome, Reason } from '../api/outcome.ts';
import { createBatcher } from './batching/batcher.ts';
import { carry } from './sending/send-batch.ts';
import { dateOf, isoTime } from '../policy/clock.ts';
import { createDuplicates, type Duplicates } from './intake/duplicates.ts';
import { eventIdOf } from './intake/event-shape.ts';
import { createLanes, type Lanes } from './batching/lanes.ts';
import type { Call, ConnectionContext } from './connection-context.ts';
import { deferred, heldBack, lost, stoppedReason, suspended } from './sending/outcomes.ts';
import { batchByVendor } from './batching/vendor-batching.ts';
import { prepareEvent } from './intake/prepare-event.ts';
import { batchOf, pendingDelivery, type PendingBatch, type PendingDelivery } from './batching/pending-delivery.ts';

export interface DeliveryRunOptions {
  /** How long an event may take from being read, in milliseconds. */
  readonly withinMs: number;
  /** Deliveries read later that may still overtake one in its lane; Infinity = all of the call. */
  readonly span: number;
  /** Most deliveries that may wait in one lane, or for one scope. */
  readonly laneCapacity: number;
  /** messageIds remembered, beside those on their way, to keep a second copy from a vendor it would harm. */
  readonly remembered: number;
  /** A promise holds the lane of that event: true lets it go on, false gives back what waits in it. Never rejects. */
  readonly settle: (index: number, outcome: Outcome) => Promise<boolean> | undefined;
  /** Nothing is on its way any more. */
  readonly idle?: () => void;
}

/** The events of one call on their way: taken one by one, batched, carried, settled. */
export interface DeliveryRun {
  /** Works one event, read at `now` (by clock.elapsed), into a batch, or settles it at once. Synchronous. */
  take(event: unknown, index: number, now: number): void;
  /** Sends what has waited since `since` (by clock.elapsed) or longer, full or not; without it, everything. */
  flush(since?: number): void;
  /** The input ended: everything goes out. Resolves when all events have their outcome. */
  finish(): Promise<void>;
  /** Nothing more is started; what is in flight is finished. */
  stop(): void;
  /** Batches made, and lanes with one, that have not started. */
  backlog(): number;
  /** Resolves when no more of them wait than may be in flight. */
  room(): Promise<void>;
  /** Since when, by clock.elapsed, the oldest delivery waits for company, or for an earlier event of its lane. */
  waitingSince(): number | undefined;
  /**
   * About how long an event read now would wait, at the connection's pace, behind those of this flight that wait to leave, in
   * milliseconds; 0 where none do.
   */
  behindMs(): number;
  /** Resolves when a batch has left, was refused, or came back; at once where none is on its way. */
  moved(): Promise<void>;
  /** Batches on their way; not those that only wait for their scope. */
  running(): number;
  /** What waits for its scope comes back deferred. */
  putOff(): void;
}

export function createDeliveryRun(context: ConnectionContext, options: DeliveryRunOptions): DeliveryRun {
  const { vendor, clock } = context;
  const { limits, framing: frame } = vendor;
  const { concurrency } = context.pace;
  const packer = createBatcher<PendingDelivery>(
    vendor.packsItself ? { ...limits, maxItems: limits.maxItems * windowsToPack } : limits,
    frame,
  );
  const ready = new Denque<PendingBatch>();
  const seen = vendor.manifest.replay === 'harmful' ? createDuplicates(options.remembered) : undefined;
  let lanes: Lanes | undefined;
  let starting = 0;
  let running = 0;
  /** Of these, parts that wait for their scope. */
  let parked = 0;
  let open = 0;
  let stopped = false;
  /** A batch that is refused at once departs inside pump(): the loop there goes on, not a call inside the call. */
  let pumping = false;
  /** Made when the first wait needs it. */
  let stopping: AbortController | undefined;
  let finished: (() => void) | undefined;
  let roomy: (() => void)[] = [];
  let movers: (() => void)[] = [];
  /** Events in batches that were started and have not come back. */
  let carried = 0;
  let moment: TransformContext = { now: 0, prepared: vendor.prepared };
  /** When that was, by clock.elapsed. */
  let momentAt = Number.NaN;
  /** By lane: outcomes that the host is writing down. */
  const keeping = new Map<string, Promise<boolean>>();

  const call: Call = {
    context,
    urgent: false,
    signal() {
      if (stopping === undefined) {
        stopping = new AbortController();
        setMaxListeners(0, stopping.signal);
        if (stopped) stopping.abort();
      }
      return stopping.signal;
    },
    stopped: () => stopped,
    settle(delivery, outcome) {
      if (delivery.settled !== undefined) return;
      settle(delivery, outcome);
      if (outcome.kind === 'deferred' && delivery.lane !== undefined) holdBack(delivery.lane, outcome.retryAt);
    },
    kept: (lane) => keeping.get(lane),
    waitingRoom: options.laneCapacity,
    parked(change) {
      parked += change;
      if (change < 0) return;
      wakeMovers();
      nothingMoves();
    },
  };

  function settle(delivery: PendingDelivery, outcome: Outcome): void {
    if (delivery.settled !== undefined) return;
    delivery.settled = outcome;
    open -= 1;
    const kept = conclude(delivery.index, outcome);
    if (kept !== undefined && delivery.lane !== undefined) hold(delivery.lane, kept);
    if (seen !== undefined && delivery.eventId !== '') settleTwins(seen, delivery.eventId, outcome);
  }

  /**
   * A second copy waits for what becomes of the first. To a host that tells its records by their ids both are one record: told
   * `skipped`, it would delete the event that comes back deferred.
   */
  function settleTwins(known: Duplicates, eventId: string, outcome: Outcome): void {
    const twins = known.settle(eventId, isForGood(outcome));
    for (const index of twins) {
      open -= 1;
      void conclude(index, twinOf(outcome, eventId, clock.now()));
    }
  }

  /** Nothing of the lane leaves until the host has written down what it was told; and nothing at all when it could not. */
  function hold(lane: string, kept: Promise<boolean>): void {
    const others = keeping.get(lane);
    const all = others === undefined ? kept : Promise.all([others, kept]).then(([before, now]) => before && now);
    keeping.set(lane, all);
    lanes ??= openLanes();
    lanes.lock(lane);
    void all.then((good) => {
      if (keeping.get(lane) === all) keeping.delete(lane);
      if (!good) holdBack(lane, undefined);
      lanes?.unlock(lane);
      pump();
      if (open === 0) finished?.();
    });
  }

  const openLanes = (): Lanes => createLanes({ limits, frame, span: options.span, capacity: options.laneCapacity });

  function conclude(index: number, outcome: Outcome): Promise<boolean> | undefined {
    const { emit, slug, id: connection } = context;
    if (emit !== undefined) {
      const code = 'reason' in outcome ? { code: outcome.reason.code } : {};
      emit({ kind: 'event_settled', slug, connection, outcome: outcome.kind, ...code });
      if (outcome.kind === 'delivered') {
        for (const { code: noted, field } of outcome.notes ?? [])
          emit({ kind: 'event_noted', slug, connection, code: noted, field });
      }
    }
    return options.settle(index, outcome);
  }

  /** What waits behind a deferred event of its lane may not overtake it. */
  function holdBack(lane: string, retryAt: string | undefined): void {
    const today = clock.now();
    const until = retryAt === undefined ? today : Date.parse(retryAt);
    const now = clock.elapsed();
    for (const delivery of lanes?.block(lane, now + (until - today), now) ?? [])
      settle(delivery, heldBack(delivery, until));
  }

  function take(event: unknown, index: number, now: number): void {
    if (momentAt !== now) {
      momentAt = now;
      moment = { now: clock.now(), prepared: vendor.prepared };
    }
    const made = prepareEvent(context, event, moment);
    const eventId = eventIdOf(event);
    if (made.kind !== 'payload') return void conclude(index, { kind: made.kind, eventId, reason: made.reason });
    const copy = seen === undefined || eventId === '' ? 'new' : seen.take(eventId, index);
    if (copy === 'settled') return void conclude(index, { kind: 'skipped', eventId, reason: duplicate });
    if (copy === 'twin') {
      open += 1;
      return;
    }
    const delivery = pendingDelivery(made, index, eventId, now, options.withinMs);
    open += 1;
    const suspension = context.suspensions.against(delivery.scopes);
    if (suspension !== undefined) return settle(delivery, suspended(delivery, suspension, context));
    if (stopped) return settle(delivery, deferred(delivery, stoppedReason, context.pacer.opensAt()));
    if (delivery.lane !== undefined) return shelve(delivery, now);
    const full = packer.add(delivery, now);
    if (full !== undefined) enqueue(full);
  }

  function shelve(delivery: PendingDelivery, now: number): void {
    lanes ??= openLanes();
    const shelved = lanes.add(delivery, now);
    if (shelved === 'full') return settle(delivery, deferred(delivery, crowded, clock.now()));
    if (shelved !== 'waiting') return settle(delivery, heldBack(delivery, dateOf(clock, shelved.blockedUntil)));
    pump();
  }

  function enqueue(deliveries: readonly PendingDelivery[]): void {
    for (const batch of pack(deliveries)) ready.push(batch);
    pump();
  }

  function pack(deliveries: readonly PendingDelivery[]): readonly PendingBatch[] {
    if (!vendor.packsItself) return [batchOf(deliveries) as PendingBatch];
    const { batches, forgotten } = batchByVendor(context, deliveries);
    for (const delivery of forgotten) settle(delivery, lost(delivery));
    return batches;
  }

  /** Starts as many batches as may be waiting for a slot; lanes first, because order holds others up. */
  function pump(): void {
    if (pumping) return;
    pumping = true;
    try {
      startWaiting();
    } finally {
      pumping = false;
    }
    if (roomy.length > 0 && backlog() <= concurrency) {
      const waiters = roomy;
      roomy = [];
      for (const wake of waiters) wake();
    }
  }

  function startWaiting(): void {
    while (starting < concurrency) {
      const laned = lanes?.next();
      const batch = laned === undefined ? ready.shift() : batchOf(laned.deliveries);
      if (laned !== undefined && batch === undefined) {
        lanes?.done(laned.name);
        continue;
      }
      if (batch === undefined) break;
      start(batch);
    }
  }

  function backlog(): number {
    return ready.length + (lanes?.ready() ?? 0);
  }

  /** Events, and at least as many requests as they make, that wait here and not in the pacer yet. */
  function behindMs(): number {
    const items = open - carried;
    if (items <= 0 && starting === 0) return 0;
    const batches = ready.length + (lanes?.size() ?? 0) + Math.max(0, packer.size() - 1);
    return context.pacer.behindMs(Math.max(batches, Math.floor(items / limits.maxItems)), Math.max(0, items));
  }

  function wakeMovers(): void {
    if (movers.length === 0) return;
    const waiters = movers;
    movers = [];
    for (const wake of waiters) wake();
  }

  function start(batch: PendingBatch): void {
    starting += 1;
    running += 1;
    carried += batch.items.length;
    carry(call, batch, departed, arrived);
  }

  function departed(): void {
    starting -= 1;
    if (backlog() > 0) pump();
    wakeMovers();
  }

  function arrived({ lane, items }: PendingBatch): void {
    running -= 1;
    carried -= items.length;
    if (lane !== undefined) lanes?.done(lane);
    pump();
    if (open === 0) finished?.();
    wakeMovers();
    nothingMoves();
  }

  /** What is left waits for company, or for its scope. */
  function nothingMoves(): void {
    if (running <= parked) options.idle?.();
  }

  function flush(since?: number): void {
    for (const deliveries of packer.flush(since)) enqueue(deliveries);
    lanes?.flush(since);
    pump();
  }

  function stop(): void {
    stopped = true;
    stopping?.abort();
    context.pacer.dismiss(call);
    context.scopePauses.dismiss(call, 'stopped');
    const packed = packer.flush().flat();
    const crated = ready.toArray().flatMap(({ items }) => items);
    const unsent = [...packed, ...(lanes?.clear() ?? []), ...crated];
    ready.clear();
    const retryAt = context.pacer.opensAt();
    for (const delivery of unsent) settle(delivery, deferred(delivery, stoppedReason, retryAt));
    if (open === 0) finished?.();
    pump();
    wakeMovers();
  }

  async function finish(): Promise<void> {
    flush();
    if (open > 0) {
      await new Promise<void>((resolve) => {
        finished = resolve;
      });
    }
    context.calls.delete(flight);
  }

  // Methods all over, no getters: V8 defines those anew for every literal, which one event's call would feel.
  const flight: DeliveryRun = {
    take,
    flush,
    finish,
    stop,
    room: () => (backlog() <= concurrency ? Promise.resolve() : new Promise((resolve) => roomy.push(resolve))),
    backlog,
    waitingSince() {
      const laned = lanes?.oldest();
      const packed = packer.oldest();
      return laned === undefined || packed === undefined ? (laned ?? packed) : Math.min(laned, packed);
    },
    behindMs,
    moved: () => (running - parked > 0 ? new Promise((resolve) => movers.push(resolve)) : Promise.resolve()),
    running: () => Math.max(0, running - parked),
    putOff: () => context.scopePauses.dismiss(call, 'throttled'),
  };
  context.calls.add(flight);
  if (context.closed) stop();
  return flight;
}

/** A vendor's own batch() sees up to this many full requests' worth of deliveries at a time. */
const windowsToPack = 4;

const crowded: Reason = { code: 'held_back', message: 'Too many events wait in this lane' };
const duplicate: Reason = {
  code: 'duplicate_event',
  message: 'An event with the same messageId went before it',
  field: 'messageId',
};
const judgedAlone: Reason = {
  code: 'held_back',
  message: 'An event with the same messageId was refused, which says nothing about this one',
  field: 'messageId',
};

/** Whether another copy of the event has nothing more to do in this call. */
const isForGood = ({ kind }: Outcome): boolean => kind === 'delivered' || kind === 'unknown' || kind === 'skipped';

/** The outcome of a copy that waited for another: what comes back does so with all its copies. */
function twinOf(outcome: Outcome, eventId: string, now: number): Outcome {
  if (isForGood(outcome)) return { kind: 'skipped', eventId, reason: duplicate };
  if (outcome.kind !== 'rejected') return outcome;
  return { kind: 'deferred', eventId, reason: judgedAlone, retryAt: isoTime(now) };
}
