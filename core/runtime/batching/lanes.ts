import Denque from 'denque';
import type { BatchLimits } from '../../api/manifest.ts';
import type { FrameBytes } from './batcher.ts';
import type { PendingDelivery } from './pending-delivery.ts';

interface Lane {
  readonly name: string;
  /** In order of event time, ties in input order. */
  readonly waiting: PendingDelivery[];
  /** Deliveries in `waiting` that no longer wait for earlier ones. */
  readyCount: number;
  /** One of its batches is being sent, or the lane is queued in `ready`. */
  busy: boolean;
  /** Outcomes that the host is persisting: the lane sends nothing until it has. */
  locks: number;
  /** It exceeded its capacity. Until it is empty it takes no deliveries, or later ones would overtake those refused. */
  overCapacity: boolean;
}

export interface LaneOptions {
  readonly limits: BatchLimits;
  readonly frame: FrameBytes;
  /** A delivery waits for so many others to be read, which may be earlier; Infinity: until the input ends. */
  readonly span: number;
  /** The most deliveries that may wait in one lane. */
  readonly capacity: number;
}

/** Times are by clock.elapsed. */
type Admitted = 'waiting' | 'full' | { readonly blockedUntil: number };

/**
 * Orders deliveries that must be sent one after another. A lane sorts them by event time over a sliding window of
 * `span` deliveries, has one batch in flight, and stops after a deferral until the deferred event may be sent again.
 */
export interface Lanes {
  add(delivery: PendingDelivery, now: number): Admitted;
  /** Lets deliveries taken at or before `takenBy` no longer wait for earlier ones; by default all of them. */
  flush(takenBy?: number): void;
  /** Takes out the next batch to send. Its lane is busy until done(). */
  next(): { readonly name: string; readonly deliveries: PendingDelivery[] } | undefined;
  done(name: string): void;
  /** Blocks a lane because its head was deferred. Takes out and returns the deliveries that waited behind the head. */
  block(name: string, until: number, now: number): readonly PendingDelivery[];
  /** Keeps the lane from sending until unlock() is called as often as lock(). */
  lock(name: string): void;
  unlock(name: string): void;
  /** Takes out all waiting deliveries. */
  clear(): readonly PendingDelivery[];
  /** Lanes with a batch ready to be sent. */
  ready(): number;
  /** Lanes with deliveries, waiting or in flight. */
  size(): number;
  /** When the oldest delivery that waits for earlier ones was taken. */
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

  /** Queues the lane if it may send, or deletes it if it is empty. */
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

  /** Forgets blocks that are over from time to time, so that a long stream does not collect them. */
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
