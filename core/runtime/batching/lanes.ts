import type { BatchLimits } from '../../api/manifest.ts';
import type { FrameBytes } from './batcher.ts';
import { batchOf, type Lane, type PendingBatch, type PendingDelivery } from './pending-delivery.ts';

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
 *
 * Lanes in the queue for sending, and deliveries in the window, hold the one behind them: many calls have one event,
 * and lists to hold them would cost more than what is held.
 */
export class Lanes {
  readonly #options: LaneOptions;
  readonly #lanes = new Map<string, Lane>();
  /** By lane, until when; made with the first deferral. */
  #blocked: Map<string, number> | undefined;
  /** The queue for sending. */
  #first: Lane | undefined;
  #last: Lane | undefined;
  #queued = 0;
  /** The window, in input order. */
  #oldest: PendingDelivery | undefined;
  #newest: PendingDelivery | undefined;
  #inWindow = 0;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  add(delivery: PendingDelivery, now: number): Admitted {
    const name = delivery.lane as string;
    const until = this.#blocked?.get(name);
    if (until !== undefined) {
      if (until > now) return { blockedUntil: until };
      this.#blocked?.delete(name);
    }
    const { span, capacity } = this.#options;
    const lane = this.#laneOf(name);
    lane.overCapacity ||= lane.waiting.length >= capacity;
    if (lane.overCapacity) return 'full';
    // Most lanes hold one, and a list that grows has room for sixteen more.
    if (lane.waiting.length === 0) lane.waiting = [delivery];
    else insertInOrder(lane.waiting, delivery);
    delivery.waitsIn = lane;
    if (this.#newest === undefined) this.#oldest = delivery;
    else this.#newest.readNext = delivery;
    this.#newest = delivery;
    this.#inWindow += 1;
    while (this.#inWindow > span) this.#release(this.#oldest as PendingDelivery);
    return 'waiting';
  }

  /** Lets deliveries taken at or before `takenBy` no longer wait for earlier ones; by default all of them. */
  flush(takenBy?: number): void {
    for (let head = this.#oldest; head !== undefined; head = this.#oldest) {
      if (takenBy !== undefined && head.takenAt > takenBy) return;
      this.#release(head);
    }
  }

  /** Takes out the next batch to send. Its lane is busy until done(). */
  next(): PendingBatch | undefined {
    for (let lane = this.#first; lane !== undefined; lane = this.#first) {
      this.#first = lane.behind;
      if (this.#first === undefined) this.#last = undefined;
      lane.behind = undefined;
      this.#queued -= 1;
      const batch = lane.locks === 0 ? batchOf(this.#takeFrom(lane)) : undefined;
      if (batch !== undefined) return batch;
      lane.busy = false;
      this.#advance(lane);
    }
    return undefined;
  }

  done(name: string): void {
    const lane = this.#lanes.get(name);
    if (lane === undefined) return;
    lane.busy = false;
    this.#advance(lane);
  }

  /** Blocks a lane because its head was deferred. Takes out and returns the deliveries that waited behind the head. */
  block(name: string, until: number, now: number): readonly PendingDelivery[] {
    const blocked = (this.#blocked ??= new Map());
    blocked.set(name, until);
    // From time to time, so that a long stream does not collect blocks that are over.
    if (blocked.size % 1024 === 0) for (const [one, end] of blocked) if (end <= now) blocked.delete(one);
    const lane = this.#lanes.get(name);
    if (lane === undefined) return [];
    const behind = lane.waiting;
    lane.waiting = [];
    lane.readyCount = 0;
    for (const delivery of behind) leaveLane(delivery);
    return behind;
  }

  /** Keeps the lane from sending until unlock() is called as often as lock(). */
  lock(name: string): void {
    this.#laneOf(name).locks += 1;
  }

  unlock(name: string): void {
    const lane = this.#lanes.get(name);
    if (lane === undefined || lane.locks === 0) return;
    lane.locks -= 1;
    this.#advance(lane);
  }

  /** Takes out all waiting deliveries. */
  clear(): readonly PendingDelivery[] {
    const all = [...this.#lanes.values()].flatMap((lane) => lane.waiting);
    this.#lanes.clear();
    this.#first = this.#last = this.#oldest = this.#newest = undefined;
    this.#queued = this.#inWindow = 0;
    return all;
  }

  /** Lanes with a batch ready to be sent. */
  ready(): number {
    return this.#queued;
  }

  /** Lanes with deliveries, waiting or in flight. */
  size(): number {
    return this.#lanes.size;
  }

  /** When the oldest delivery that waits for earlier ones was taken. */
  oldest(): number | undefined {
    return this.#oldest?.takenAt;
  }

  #laneOf(name: string): Lane {
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      lane = { name, waiting: [], readyCount: 0, busy: false, locks: 0, overCapacity: false, behind: undefined };
      this.#lanes.set(name, lane);
    }
    return lane;
  }

  /** Takes the oldest delivery out of the window. */
  #release(oldest: PendingDelivery): void {
    this.#oldest = oldest.readNext;
    if (this.#oldest === undefined) this.#newest = undefined;
    oldest.readNext = undefined;
    this.#inWindow -= 1;
    const lane = oldest.waitsIn;
    // It may have left with its batch, or come back because the lane is blocked.
    if (lane === undefined) return;
    oldest.waitsIn = undefined;
    oldest.isReady = true;
    lane.readyCount += 1;
    this.#enqueue(lane);
  }

  #enqueue(lane: Lane): void {
    if (lane.busy || lane.locks > 0) return;
    lane.busy = true;
    if (this.#last === undefined) this.#first = lane;
    else this.#last.behind = lane;
    this.#last = lane;
    this.#queued += 1;
  }

  /** Queues the lane if it may send, or deletes it if it is empty. */
  #advance(lane: Lane): void {
    if (lane.busy || lane.locks > 0) return;
    if (lane.readyCount > 0) this.#enqueue(lane);
    else if (lane.waiting.length === 0) this.#lanes.delete(lane.name);
  }

  #takeFrom(lane: Lane): readonly PendingDelivery[] {
    const { limits, frame } = this.#options;
    const { waiting } = lane;
    let count = 0;
    let bytes = frame.around - frame.between;
    let readyRemaining = lane.readyCount;
    const group = waiting[0]?.group;
    for (const delivery of waiting) {
      bytes += frame.between + delivery.bytes;
      if (
        count > 0 &&
        (readyRemaining === 0 || count >= limits.maxItems || bytes > limits.maxBytes || delivery.group !== group)
      )
        break;
      if (delivery.isReady) readyRemaining -= 1;
      count += 1;
    }
    lane.readyCount = readyRemaining;
    const isAll = count === waiting.length;
    const taken = isAll ? waiting : waiting.splice(0, count);
    if (isAll) lane.waiting = [];
    for (const delivery of taken) leaveLane(delivery);
    return taken;
  }
}

function leaveLane(delivery: PendingDelivery): void {
  delivery.waitsIn = undefined;
  delivery.isReady = false;
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
