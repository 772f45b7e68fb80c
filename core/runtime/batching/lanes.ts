import Denque from 'denque';
import type { BatchLimits } from '../../api/manifest.ts';
import type { FrameBytes } from './batcher.ts';
import type { PendingDelivery } from './pending-delivery.ts';

interface Lane {
  readonly name: string;
  /** In order of event time, ties in input order. */
  readonly waiting: PendingDelivery[];
  /** Parcels in `waiting` that need not wait for earlier ones any more. */
  readyCount: number;
  /** One of its batches is on its way, or the lane is queued for departure. */
  busy: boolean;
  /** Outcomes of it that its host is writing down: nothing departs until they are. */
  locks: number;
  /** It ran over its capacity: later parcels may not enter, and so overtake the ones turned away, until it is empty. */
  overCapacity: boolean;
}

export interface LaneOptions {
  readonly limits: BatchLimits;
  readonly frame: FrameBytes;
  /** How many parcels read after it may still overtake one; Infinity = until the input ends. */
  readonly span: number;
  /** Most parcels that may wait in one lane. */
  readonly capacity: number;
}

/** Times of lanes are those of clock.elapsed. */
type Admitted = 'waiting' | 'full' | { readonly blockedUntil: number };

/**
 * Deliveries that must leave one after another. A lane is sorted by event time over a sliding window of `span`
 * deliveries, keeps one batch in flight, and stands still after a deferral until the deferred event may come again.
 */
export interface Lanes {
  add(delivery: PendingDelivery, now: number): Admitted;
  /** No earlier delivery can come any more: of those taken at or before `takenBy`, or of all. */
  flush(takenBy?: number): void;
  /** The next batch that may leave; its lane is busy until arrive(). */
  next(): { readonly name: string; readonly deliveries: PendingDelivery[] } | undefined;
  done(name: string): void;
  /** The lane's head was deferred. Returns what waited behind it: that may not leave before it either. */
  block(name: string, until: number, now: number): readonly PendingDelivery[];
  /** Nothing more of this lane departs until unhold() was called as often. */
  lock(name: string): void;
  unlock(name: string): void;
  /** Takes out everything that still waits. */
  clear(): readonly PendingDelivery[];
  /** Lanes with something that may leave. */
  ready(): number;
  /** Lanes with something on its way, or waiting. */
  size(): number;
  /** When the oldest delivery was taken that waits for earlier ones. */
  oldest(): number | undefined;
}

export function createLanes({ limits, frame, span, capacity }: LaneOptions): Lanes {
  const lanes = new Map<string, Lane>();
  const blocked = new Map<string, number>();
  const ready = new Denque<Lane>();
  const window = new Denque<PendingDelivery>();

  function markReady(delivery: PendingDelivery): void {
    const lane = lanes.get(delivery.lane as string);
    if (delivery.laneState !== 'waiting' || lane === undefined) return;
    delivery.laneState = 'ready';
    lane.readyCount += 1;
    makeReady(lane);
  }

  function laneOf(name: string): Lane {
    let lane = lanes.get(name);
    if (lane === undefined) {
      lane = { name, waiting: [], readyCount: 0, busy: false, locks: 0, overCapacity: false };
      lanes.set(name, lane);
    }
    return lane;
  }

  function makeReady(lane: Lane): void {
    if (lane.busy || lane.locks > 0) return;
    lane.busy = true;
    ready.push(lane);
  }

  /** It may go on, or is forgotten when nothing is left of it. */
  function advance(lane: Lane): void {
    if (lane.busy || lane.locks > 0) return;
    if (lane.readyCount > 0) makeReady(lane);
    else if (lane.waiting.length === 0) lanes.delete(lane.name);
  }

  function takeFrom(lane: Lane): PendingDelivery[] {
    let count = 0;
    let bytes = frame.around - frame.between;
    let readyRemaining = lane.readyCount;
    const group = lane.waiting[0]?.group;
    for (const delivery of lane.waiting) {
      bytes += frame.between + delivery.bytes;
      if (
        count > 0 &&
        (readyRemaining === 0 || count >= limits.maxItems || bytes > limits.maxBytes || delivery.group !== group)
      )
        break;
      if (delivery.laneState === 'ready') readyRemaining -= 1;
      count += 1;
    }
    const batch = lane.waiting.splice(0, count);
    for (const delivery of batch) {
      if (delivery.laneState === 'ready') lane.readyCount -= 1;
      delivery.laneState = undefined;
    }
    return batch;
  }

  /** Lanes whose wait is over are forgotten now and then, so that a long stream does not collect them. */
  function forgetExpired(now: number): void {
    if (blocked.size % 1024 !== 0) return;
    for (const [name, until] of blocked) if (until <= now) blocked.delete(name);
  }

  return {
    add(delivery, now) {
      const name = delivery.lane as string;
      const until = blocked.get(name);
      if (until !== undefined) {
        if (until > now) return { blockedUntil: until };
        blocked.delete(name);
      }
      const lane = laneOf(name);
      lane.overCapacity ||= lane.waiting.length >= capacity;
      if (lane.overCapacity) return 'full';
      insertInOrder(lane.waiting, delivery);
      delivery.laneState = 'waiting';
      window.push(delivery);
      while (window.length > span) markReady(window.shift() as PendingDelivery);
      return 'waiting';
    },
    flush(takenBy) {
      for (let head = window.peekFront(); head !== undefined; head = window.peekFront()) {
        if (takenBy !== undefined && head.takenAt > takenBy) return;
        window.shift();
        markReady(head);
      }
    },
    next() {
      for (let lane = ready.shift(); lane !== undefined; lane = ready.shift()) {
        if (lane.locks === 0) return { name: lane.name, deliveries: takeFrom(lane) };
        lane.busy = false;
      }
      return undefined;
    },
    done(name) {
      const lane = lanes.get(name);
      if (lane === undefined) return;
      lane.busy = false;
      advance(lane);
    },
    block(name, until, now) {
      blocked.set(name, until);
      forgetExpired(now);
      const lane = lanes.get(name);
      if (lane === undefined) return [];
      const waitingBehind = lane.waiting.splice(0);
      lane.readyCount = 0;
      for (const delivery of waitingBehind) delivery.laneState = undefined;
      return waitingBehind;
    },
    lock(name) {
      laneOf(name).locks += 1;
    },
    unlock(name) {
      const lane = lanes.get(name);
      if (lane === undefined || lane.locks === 0) return;
      lane.locks -= 1;
      advance(lane);
    },
    clear() {
      const all = [...lanes.values()].flatMap((lane) => lane.waiting);
      lanes.clear();
      ready.clear();
      window.clear();
      return all;
    },
    ready: () => ready.length,
    size: () => lanes.size,
    oldest: () => window.peekFront()?.takenAt,
  };
}

const timeOf = ({ occurredAt = Number.NEGATIVE_INFINITY }: PendingDelivery): number => occurredAt;

/** Before the first one that happened later. Input is nearly sorted, so the end is looked at first. */
function insertInOrder(waiting: PendingDelivery[], delivery: PendingDelivery): void {
  const time = timeOf(delivery);
  const last = waiting.at(-1);
  if (last === undefined || timeOf(last) <= time) {
    waiting.push(delivery);
    return;
  }
  let low = 0;
  for (let high = waiting.length - 1; low < high;) {
    const middle = (low + high) >> 1;
    if (timeOf(waiting[middle] as PendingDelivery) <= time) low = middle + 1;
    else high = middle;
  }
  waiting.splice(low, 0, delivery);
}
