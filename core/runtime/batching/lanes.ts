import type { BatchLimits } from '../../api/manifest.ts';
import type { FrameBytes } from './batcher.ts';
import { BlockedLanes, type Block } from './blocked-lanes.ts';
import { insertInOrder, positionOf } from './lane-order.ts';
import { batchOf, Lane, type PendingBatch, type PendingDelivery } from './pending-delivery.ts';

export interface LaneOptions {
  readonly limits: BatchLimits;
  readonly frame: FrameBytes;
  /** A delivery waits for so many others to be read, which may be earlier; Infinity: until the input ends. */
  readonly span: number;
  /** The most deliveries that may wait in one lane. */
  readonly capacity: number;
}

/** `blockedUntil` is by clock.elapsed; `behind` waited behind it in its other lanes, and was taken out. */
type Admitted = 'waiting' | 'full' | { readonly blockedUntil: number; readonly behind: readonly PendingDelivery[] };

/**
 * Orders deliveries that must be sent one after another. A lane sorts them by event time over a sliding window of
 * `span` deliveries, has one batch in flight, and stops after a deferral until the deferred event may be sent again.
 *
 * A delivery of several lanes waits in each of them, and leaves when it is the first in all. Every lane has the same
 * order, by time and input, so what is before all others that are ready is first wherever it waits: no two wait for
 * each other. A lane that may send is in the queue for sending, unless its first delivery is ready and waits for
 * another lane, which goes into the queue as it moves, or is there already.
 *
 * Lanes in that queue, and deliveries in the window, hold the one behind them: many calls have one event, and lists to
 * hold them would cost more than what is held.
 */
export class Lanes {
  readonly #options: LaneOptions;
  readonly #lanes = new Map<string, Lane>();
  /** Lanes that no delivery named first. */
  #sides = 0;
  /** Made with the first deferral. */
  #blocked: BlockedLanes | undefined;
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
    const names = delivery.lanes as readonly [string, ...string[]];
    const block = this.#blocked?.of(names, now) ?? this.#fullOf(names);
    if (typeof block === 'number') return { blockedUntil: block, behind: this.block(delivery, block, now) };
    if (block !== undefined) {
      for (const name of names) if (name !== block.name) this.#block(name, block, now);
      return 'full';
    }
    if (names.length === 1) delivery.waitsIn = this.#enter(names[0], delivery, false);
    else {
      // A list that grows has room for sixteen more.
      delivery.waitsInAll = names.map((name, place) => this.#enter(name, delivery, place > 0));
      delivery.waitsIn = delivery.waitsInAll[0];
    }
    if (this.#newest === undefined) this.#oldest = delivery;
    else this.#newest.readNext = delivery;
    this.#newest = delivery;
    this.#inWindow += 1;
    while (this.#inWindow > this.#options.span) this.#release(this.#oldest as PendingDelivery);
    return 'waiting';
  }

  /** Lets deliveries taken at or before `takenBy` no longer wait for earlier ones; by default all of them. */
  flush(takenBy?: number): void {
    for (let head = this.#oldest; head !== undefined; head = this.#oldest) {
      if (takenBy !== undefined && head.takenAt > takenBy) return;
      this.#release(head);
    }
  }

  /** Takes out the next batch to send. Its lanes are busy until done(). */
  next(): PendingBatch | undefined {
    for (let lane = this.#first; lane !== undefined; lane = this.#first) {
      this.#first = lane.behind;
      if (this.#first === undefined) this.#last = undefined;
      lane.behind = undefined;
      lane.isQueued = false;
      this.#queued -= 1;
      const head = lane.waiting[0];
      if (head === undefined || lane.readyCount === 0 || !isFree(lane)) this.#advance(lane);
      else if (isFirst(head)) return batchOf(this.#takeFrom(lane, head));
      // Something behind it is ready, so it is wanted in its other lanes as well.
      else if (!head.isReady) this.#markReady(head);
    }
    return undefined;
  }

  done({ items: [{ waitsIn, waitsInAll }] }: PendingBatch): void {
    if (waitsInAll !== undefined) for (const lane of waitsInAll) this.#free(lane);
    else if (waitsIn !== undefined) this.#free(waitsIn);
  }

  /**
   * Blocks the lanes of a deferred delivery. Takes out and returns what waited behind it in one of them, and what
   * waited behind that in others, whose lanes are blocked as well.
   */
  block(deferred: PendingDelivery, until: number, now: number): readonly PendingDelivery[] {
    const behind: PendingDelivery[] = [];
    this.#takeBehind(deferred, until, now, behind);
    for (const delivery of behind) this.#takeBehind(delivery, until, now, behind);
    return behind;
  }

  /** Keeps the lane from sending until unlock() is called as often as lock(). */
  lock(name: string): void {
    (this.#lanes.get(name) ?? this.#laneOf(name, false)).locks += 1;
  }

  unlock(name: string): void {
    const lane = this.#lanes.get(name);
    if (lane === undefined || lane.locks === 0) return;
    lane.locks -= 1;
    this.#advance(lane);
  }

  /** Takes out all waiting deliveries. */
  clear(): readonly PendingDelivery[] {
    const all: PendingDelivery[] = [];
    for (const lane of this.#lanes.values()) {
      for (const delivery of lane.waiting) if (delivery.waitsIn === lane) all.push(delivery);
      lane.waiting = nobody;
      lane.readyCount = 0;
      lane.isSide = false;
    }
    this.#lanes.clear();
    this.#first = this.#last = this.#oldest = this.#newest = undefined;
    this.#queued = this.#inWindow = this.#sides = 0;
    return all;
  }

  /** Lanes in the queue for sending. */
  ready(): number {
    return this.#queued;
  }

  /** The lanes with deliveries, waiting or in flight, that some delivery named first. */
  size(): number {
    return this.#lanes.size - this.#sides;
  }

  /** When the oldest delivery that waits for earlier ones was taken. */
  oldest(): number | undefined {
    return this.#oldest?.takenAt;
  }

  #laneOf(name: string, isSide: boolean): Lane {
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      lane = new Lane(name, nobody, isSide);
      this.#lanes.set(name, lane);
      if (isSide) this.#sides += 1;
    } else if (lane.isSide && !isSide) {
      lane.isSide = false;
      this.#sides -= 1;
    }
    return lane;
  }

  #enter(name: string, delivery: PendingDelivery, isSide: boolean): Lane {
    const lane = this.#laneOf(name, isSide);
    // Most lanes hold one, and a list that grows has room for sixteen more.
    if (lane.waiting.length === 0) lane.waiting = [delivery];
    else insertInOrder(lane.waiting, delivery);
    // The one behind it may have waited for another lane.
    if (lane.readyCount > 0 && lane.waiting[0] === delivery) this.#enqueue(lane);
    return lane;
  }

  #fullOf(names: readonly string[]): Lane | undefined {
    const { capacity } = this.#options;
    if (capacity === Number.POSITIVE_INFINITY) return undefined;
    for (const name of names) {
      const lane = this.#lanes.get(name);
      if (lane === undefined) continue;
      lane.overCapacity ||= lane.waiting.length >= capacity;
      if (lane.overCapacity) return lane;
    }
    return undefined;
  }

  #block(name: string, block: Block, now: number): void {
    (this.#blocked ??= new BlockedLanes()).add(name, block, now);
  }

  #takeBehind(delivery: PendingDelivery, until: number, now: number, behind: PendingDelivery[]): void {
    for (const name of delivery.lanes as readonly string[]) {
      this.#block(name, until, now);
      const lane = this.#lanes.get(name);
      if (lane === undefined) continue;
      for (const one of lane.waiting.splice(positionOf(lane.waiting, delivery))) {
        if (one.isReady) lane.readyCount -= 1;
        if (one.waitsIn !== undefined) behind.push(one);
        one.waitsIn = one.waitsInAll = undefined;
      }
      this.#advance(lane);
    }
  }

  /** Takes the oldest delivery out of the window. */
  #release(oldest: PendingDelivery): void {
    this.#oldest = oldest.readNext;
    if (this.#oldest === undefined) this.#newest = undefined;
    oldest.readNext = undefined;
    this.#inWindow -= 1;
    // It may have left with its batch, or been taken out because a lane is blocked.
    if (oldest.waitsIn !== undefined && !oldest.isReady) this.#markReady(oldest);
  }

  #markReady(delivery: PendingDelivery): void {
    const { waitsIn, waitsInAll } = delivery;
    delivery.isReady = true;
    if (waitsInAll === undefined) return this.#want(waitsIn as Lane);
    for (const lane of waitsInAll) {
      // Where it is the first, the lane that it names first is enough.
      if (lane !== waitsIn && lane.waiting[0] === delivery) lane.readyCount += 1;
      else this.#want(lane);
    }
  }

  #want(lane: Lane): void {
    lane.readyCount += 1;
    // Otherwise it is in the queue already, or its first delivery waits for another lane.
    if (lane.readyCount === 1) this.#enqueue(lane);
  }

  #enqueue(lane: Lane): void {
    if (lane.isQueued || !isFree(lane)) return;
    lane.isQueued = true;
    if (this.#last === undefined) this.#first = lane;
    else this.#last.behind = lane;
    this.#last = lane;
    this.#queued += 1;
  }

  #free(lane: Lane): void {
    lane.isBusy = false;
    this.#advance(lane);
  }

  /** Queues the lane if it may send, or deletes it if it is empty. */
  #advance(lane: Lane): void {
    if (lane.isQueued || !isFree(lane)) return;
    if (lane.readyCount > 0) this.#enqueue(lane);
    else if (lane.waiting.length === 0) {
      this.#lanes.delete(lane.name);
      lane.overCapacity = false;
      if (lane.isSide) this.#sides -= 1;
    }
  }

  /** Takes the head of a lane, and what may go with it: the next of all its lanes, in the same ones. */
  #takeFrom(lane: Lane, head: PendingDelivery): readonly PendingDelivery[] {
    const { limits, frame } = this.#options;
    const { waiting } = lane;
    const { group, waitsInAll } = head;
    let count = 0;
    let bytes = frame.around - frame.between;
    let readyRemaining = lane.readyCount;
    for (const delivery of waiting) {
      bytes += frame.between + delivery.bytes;
      if (
        count > 0 &&
        (readyRemaining === 0 ||
          count >= limits.maxItems ||
          bytes > limits.maxBytes ||
          delivery.group !== group ||
          !isBeside(head, delivery, count))
      )
        break;
      if (delivery.isReady) readyRemaining -= 1;
      count += 1;
    }
    const ready = lane.readyCount - readyRemaining;
    const items = takeOut(lane, count, ready);
    if (waitsInAll !== undefined) for (const other of waitsInAll) if (other !== lane) takeOut(other, count, ready);
    // The window has nothing to do with them any more.
    for (const delivery of items) delivery.isReady = true;
    return items;
  }
}

const isFree = ({ isBusy, locks }: Lane): boolean => !isBusy && locks === 0;

/** Whether the head of a free lane is the first of its other lanes as well, and those are free. */
function isFirst(head: PendingDelivery): boolean {
  const { waitsInAll } = head;
  if (waitsInAll === undefined) return true;
  for (const lane of waitsInAll) if (lane.waiting[0] !== head || !isFree(lane)) return false;
  return true;
}

/** Whether a delivery at this place of a lane has the lanes of the head, and the same place in all of them. */
function isBeside(head: PendingDelivery, delivery: PendingDelivery, place: number): boolean {
  const [lanes, others] = [head.waitsInAll, delivery.waitsInAll];
  if (lanes === undefined || others === undefined) return lanes === others;
  return lanes.length === others.length && lanes.every((lane) => lane.waiting[place] === delivery);
}

/** Takes the first ones out of a lane, which is busy with them then. */
function takeOut(lane: Lane, count: number, ready: number): readonly PendingDelivery[] {
  const { waiting } = lane;
  lane.isBusy = true;
  lane.readyCount -= ready;
  if (count < waiting.length) return waiting.splice(0, count);
  lane.waiting = nobody;
  return waiting;
}

/** Of an empty lane. Nothing is added to it: the first delivery of a lane brings its own list. */
const nobody: PendingDelivery[] = [];
