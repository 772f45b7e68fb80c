import { setMaxListeners } from 'node:events';
import Denque from 'denque';
import type { Moment } from '../api/destination.ts';
import type { Outcome, Reason } from '../api/outcome.ts';
import { createPacker } from './batcher.ts';
import { carry } from './carry.ts';
import { dateOf, isoTime } from './clock.ts';
import { createDuplicates, type Duplicates } from './duplicates.ts';
import { eventIdOf } from './event-id.ts';
import { createLanes, type Lanes } from './lanes.ts';
import type { Call, Line } from './line.ts';
import { deferred, heldBack, lost, stoppedReason, suspended } from './outcomes.ts';
import { packByVendor } from './own-packing.ts';
import { makePayload } from './prepare-event.ts';
import { crateOf, parcelOf, type Crate, type Parcel } from './parcel.ts';

export interface FlightOptions {
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
export interface Flight {
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

export function createFlight(line: Line, options: FlightOptions): Flight {
  const { vendor, clock } = line;
  const { limits, framing: frame } = vendor;
  const { concurrency } = line.pace;
  const packer = createPacker<Parcel>(
    vendor.packsItself ? { ...limits, maxItems: limits.maxItems * windowsToPack } : limits,
    frame,
  );
  const ready = new Denque<Crate>();
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
  let moment: Moment = { now: 0, prepared: vendor.prepared };
  /** When that was, by clock.elapsed. */
  let momentAt = Number.NaN;
  /** By lane: outcomes that the host is writing down. */
  const keeping = new Map<string, Promise<boolean>>();

  const call: Call = {
    line,
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
    settle(parcel, outcome) {
      if (parcel.settled !== undefined) return;
      settle(parcel, outcome);
      if (outcome.kind === 'deferred' && parcel.lane !== undefined) holdBack(parcel.lane, outcome.retryAt);
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

  function settle(parcel: Parcel, outcome: Outcome): void {
    if (parcel.settled !== undefined) return;
    parcel.settled = outcome;
    open -= 1;
    const kept = conclude(parcel.index, outcome);
    if (kept !== undefined && parcel.lane !== undefined) hold(parcel.lane, kept);
    if (seen !== undefined && parcel.eventId !== '') settleTwins(seen, parcel.eventId, outcome);
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
    lanes.hold(lane);
    void all.then((good) => {
      if (keeping.get(lane) === all) keeping.delete(lane);
      if (!good) holdBack(lane, undefined);
      lanes?.unhold(lane);
      pump();
      if (open === 0) finished?.();
    });
  }

  const openLanes = (): Lanes => createLanes({ limits, frame, span: options.span, capacity: options.laneCapacity });

  function conclude(index: number, outcome: Outcome): Promise<boolean> | undefined {
    const { emit, slug, id: connection } = line;
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
    for (const parcel of lanes?.block(lane, now + (until - today), now) ?? []) settle(parcel, heldBack(parcel, until));
  }

  function take(event: unknown, index: number, now: number): void {
    if (momentAt !== now) {
      momentAt = now;
      moment = { now: clock.now(), prepared: vendor.prepared };
    }
    const made = makePayload(line, event, moment);
    const eventId = eventIdOf(event);
    if (made.kind !== 'payload') return void conclude(index, { kind: made.kind, eventId, reason: made.reason });
    const copy = seen === undefined || eventId === '' ? 'new' : seen.take(eventId, index);
    if (copy === 'settled') return void conclude(index, { kind: 'skipped', eventId, reason: duplicate });
    if (copy === 'twin') {
      open += 1;
      return;
    }
    const parcel = parcelOf(made, index, eventId, now, options.withinMs);
    open += 1;
    const suspension = line.suspensions.against(parcel.scopes);
    if (suspension !== undefined) return settle(parcel, suspended(parcel, suspension, line));
    if (stopped) return settle(parcel, deferred(parcel, stoppedReason, line.pacer.opensAt()));
    if (parcel.lane !== undefined) return shelve(parcel, now);
    const full = packer.add(parcel, now);
    if (full !== undefined) enqueue(full);
  }

  function shelve(parcel: Parcel, now: number): void {
    lanes ??= openLanes();
    const shelved = lanes.add(parcel, now);
    if (shelved === 'full') return settle(parcel, deferred(parcel, crowded, clock.now()));
    if (shelved !== 'waiting') return settle(parcel, heldBack(parcel, dateOf(clock, shelved.blockedUntil)));
    pump();
  }

  function enqueue(parcels: readonly Parcel[]): void {
    for (const crate of pack(parcels)) ready.push(crate);
    pump();
  }

  function pack(parcels: readonly Parcel[]): readonly Crate[] {
    if (!vendor.packsItself) return [crateOf(parcels) as Crate];
    const { crates, forgotten } = packByVendor(line, parcels);
    for (const parcel of forgotten) settle(parcel, lost(parcel));
    return crates;
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
      const laned = lanes?.depart();
      const crate = laned === undefined ? ready.shift() : crateOf(laned.parcels);
      if (laned !== undefined && crate === undefined) {
        lanes?.arrive(laned.name);
        continue;
      }
      if (crate === undefined) break;
      start(crate);
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
    return line.pacer.behindMs(Math.max(batches, Math.floor(items / limits.maxItems)), Math.max(0, items));
  }

  function wakeMovers(): void {
    if (movers.length === 0) return;
    const waiters = movers;
    movers = [];
    for (const wake of waiters) wake();
  }

  function start(crate: Crate): void {
    starting += 1;
    running += 1;
    carried += crate.items.length;
    carry(call, crate, departed, arrived);
  }

  function departed(): void {
    starting -= 1;
    if (backlog() > 0) pump();
    wakeMovers();
  }

  function arrived({ lane, items }: Crate): void {
    running -= 1;
    carried -= items.length;
    if (lane !== undefined) lanes?.arrive(lane);
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
    for (const parcels of packer.flush(since)) enqueue(parcels);
    lanes?.release(since);
    pump();
  }

  function stop(): void {
    stopped = true;
    stopping?.abort();
    line.pacer.dismiss(call);
    line.scopeHolds.dismiss(call, 'stopped');
    const packed = packer.flush().flat();
    const crated = ready.toArray().flatMap(({ items }) => items);
    const unsent = [...packed, ...(lanes?.clear() ?? []), ...crated];
    ready.clear();
    const retryAt = line.pacer.opensAt();
    for (const parcel of unsent) settle(parcel, deferred(parcel, stoppedReason, retryAt));
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
    line.calls.delete(flight);
  }

  // Methods all over, no getters: V8 defines those anew for every literal, which one event's call would feel.
  const flight: Flight = {
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
    putOff: () => line.scopeHolds.dismiss(call, 'throttled'),
  };
  line.calls.add(flight);
  if (line.closed) stop();
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
