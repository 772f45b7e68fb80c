import TinyQueue from 'tinyqueue';
import type { ClaimKind } from './queue.ts';
import { OccupiedLanes, type Lane } from './occupied-lanes.ts';
import { SeqMap } from './seq-map.ts';

/** What decides when a waiting event may be claimed. */
export interface WaitingEvent {
  readonly seq: number;
  /** Each of them once. */
  readonly lanes: readonly string[];
  /** Epoch ms; 0 = at once. */
  readonly notBefore: number;
  /** How often it came back. */
  readonly tries: number;
}

/** Where the scheduler reads which events of a connection wait on disk, claimed ones included. */
export interface WaitingSource<E extends WaitingEvent> {
  /** The last sequence number on disk. */
  readonly lastSeq: number;
  /** Up to `most` sequence numbers above `seq`, ascending. Fewer than `most` means that there are no more. */
  after(seq: number, most: number): readonly number[];
  /** The latest ones, descending. */
  latest(most: number): readonly number[];
  /** Up to `most` of a lane above `seq`, and not above `last`, ascending. */
  nextOf(lane: string, seq: number, last: number, most: number): number[];
  /** `undefined` where the event is gone. */
  read(seq: number): E | undefined;
}

/** The end of a claim: whether the event returns, when it may be claimed again, and how often it came back by now. */
export interface ClaimEnd {
  readonly seq: number;
  readonly returns: boolean;
  readonly until?: number | undefined;
  readonly tries?: number | undefined;
}

/** An event that may come next: the first of a lane, one that came back, or else the one at the cursor. */
interface Head {
  readonly seq: number;
  readonly lane?: Lane | undefined;
  readonly returned?: Returned | undefined;
}

/** An event that came back, or that was found to wait for its time or to have failed. */
interface Returned {
  readonly seq: number;
  readonly lanes: readonly string[];
  readonly tries: number;
  /** Epoch ms; 0 = it waits for no time. */
  until: number;
  /** The heap that holds it; none while others of its lanes come first. */
  heap: 'ready' | 'delayed' | 'failed' | undefined;
}

const bySeq = (a: { readonly seq: number }, b: { readonly seq: number }): number => a.seq - b.seq;
const byTime = (a: Returned, b: Returned): number => a.until - b.until;
const byTries = (a: Returned, b: Returned): number => a.tries - b.tries || a.seq - b.seq;

/** How many sequence numbers are read ahead of the cursor. */
const prefetchSize = 64;
/** The process does nothing else while a call of claim() looks at events that may not go. */
const maxPassedOver = 2_000;
/** What the lanes of events that may not go take in memory has a bound. */
const maxLanes = 250_000;
/** Of the latest events, so many are looked at. */
const maxLatest = 1_000;

/**
 * Decides which waiting event of one connection is claimed next. An event may go when it is the first in each of its
 * lanes, and no event of them is claimed, or only by the same call. Among those that may go, the lowest sequence number
 * goes first. All orders follow sequence numbers, so no two events wait for each other. Events that came back stand
 * apart, so that a caller can leave them out or ask for them.
 *
 * A cursor passes over the log once, in order. Of an event that may not go, only the lanes stay in memory, with their
 * first event; the index of lanes finds the next one when that has left.
 */
export class LaneScheduler<E extends WaitingEvent> {
  readonly #source: WaitingSource<E>;
  readonly #lanes: OccupiedLanes;
  /** The lanes of each claimed event. */
  readonly #claimed = new SeqMap<readonly string[]>();
  readonly #returned = new Map<number, Returned>();
  /** Events that came first in each of their lanes when they were added. */
  readonly #ready = new TinyQueue<Head>([], bySeq);
  /** By the time that they wait for. */
  readonly #delayed = new TinyQueue<Returned>([], byTime);
  /** Events that failed and may be claimed again. */
  readonly #failed = new TinyQueue<Returned>([], byTries);
  #call = 0;
  #ahead: readonly number[] = [];
  #aheadIndex = 0;
  /** Up to here the log has been read ahead. */
  #readUpTo = -1;
  #isCutShort = false;

  constructor(source: WaitingSource<E>) {
    this.#source = source;
    this.#lanes = new OccupiedLanes((...range) => source.nextOf(...range));
  }

  /**
   * Yields the events that may go, one after another, each claimed as it is yielded. Without a kind, events that came
   * back take their turn by age like all others.
   */
  *claim(now: number, kind?: ClaimKind): Generator<E, void, undefined> {
    this.#call += 1;
    this.#promote(now);
    if (kind === 'failed') return yield* this.#claimFailed(now);
    if (kind === 'latest') return yield* this.#claimLatest(now);
    if (kind === undefined) this.#mergeFailed();
    /** Events behind those that this call claimed in their lanes. */
    const following = new TinyQueue<Head>([], bySeq);
    this.#isCutShort = false;
    for (let passedOver = 0; passedOver < maxPassedOver;) {
      const head = this.#takeHead(following);
      if (head === undefined) return;
      const event = this.#isOutdated(head) ? undefined : this.#judge(head, now, kind);
      if (event === undefined) {
        passedOver += 1;
        continue;
      }
      for (const lane of this.#take(event, this.#call)) following.push({ seq: lane.waiting!, lane });
      yield event;
    }
    this.#isCutShort = true;
  }

  isClaimed(seq: number): boolean {
    return this.#claimed.has(seq);
  }

  /** Ends claims; those of other numbers are ignored. */
  settle(ends: readonly ClaimEnd[]): void {
    const released = new Set<Lane>();
    const returned: Returned[] = [];
    for (const { seq, returns, until = 0, tries = 0 } of ends) {
      const lanes = this.#claimed.get(seq);
      if (lanes === undefined) continue;
      this.#claimed.delete(seq);
      this.#lanes.unclaim(lanes, released);
      if (returns) returned.push({ seq, lanes, tries, until, heap: undefined });
    }
    for (const event of returned) this.#keep(event);
    for (const event of returned) this.#queueFirst(event);
    for (const lane of released) this.#release(lane);
  }

  /**
   * When an event that only waits for its time may be claimed (epoch ms); 0 where the last claim() was cut short before
   * it had looked at all events.
   */
  nextAt(): number | undefined {
    return this.#isCutShort ? 0 : this.#delayed.peek()?.until;
  }

  /** The lowest of what may be next: an event behind a claimed one, a ready one, or the one at the cursor. */
  #takeHead(following: TinyQueue<Head>): Head | undefined {
    const queue = (following.peek()?.seq ?? Infinity) < (this.#ready.peek()?.seq ?? Infinity) ? following : this.#ready;
    const head = queue.peek();
    const next = this.#nextSeq();
    if (next === undefined || (head !== undefined && head.seq <= next)) return queue.pop();
    this.#aheadIndex += 1;
    return { seq: next };
  }

  /** The sequence number at the cursor. */
  #nextSeq(): number | undefined {
    if (this.#aheadIndex === this.#ahead.length) {
      const { lastSeq } = this.#source;
      if (this.#readUpTo >= lastSeq) return undefined;
      this.#ahead = this.#source.after(this.#readUpTo, prefetchSize);
      this.#aheadIndex = 0;
      this.#readUpTo = this.#ahead.length < prefetchSize ? lastSeq : this.#ahead.at(-1)!;
    }
    return this.#lanes.size < maxLanes ? this.#ahead[this.#aheadIndex] : undefined;
  }

  /** Whether the event was claimed, or has come to wait elsewhere, since it was added to a heap or read ahead. */
  #isOutdated({ seq, lane, returned }: Head): boolean {
    if (lane !== undefined) return lane.waiting !== seq;
    if (returned !== undefined) return this.#returned.get(seq) !== returned || returned.heap !== 'ready';
    return this.#claimed.has(seq) || this.#returned.has(seq);
  }

  /** The event, where it may be claimed; otherwise remembers what it waits for. */
  #judge({ seq, lane }: Head, now: number, kind: ClaimKind | undefined): E | undefined {
    const returned = this.#returned.get(seq);
    if (returned !== undefined && (returned.until > now || (kind === 'fresh' && returned.tries > 0))) {
      if (returned.heap === 'ready') this.#queue(returned);
      return undefined;
    }
    const event = this.#source.read(seq);
    if (event === undefined || (lane !== undefined && !event.lanes.includes(lane.name))) {
      this.#forget(seq);
      return undefined;
    }
    if (!this.#lanes.admits(event, this.#call)) {
      // The other lanes of a head know it.
      if (lane === undefined) this.#lanes.wait(event);
      return undefined;
    }
    if (event.notBefore <= now && !(kind === 'fresh' && event.tries > 0)) return event;
    this.#postpone(event, now);
    return undefined;
  }

  #postpone({ seq, lanes, tries, notBefore }: E, now: number): void {
    const returned: Returned = { seq, lanes, tries, until: notBefore > now ? notBefore : 0, heap: undefined };
    this.#keep(returned);
    this.#queueFirst(returned);
  }

  /** Claims an event, and returns the lanes of which another one waits behind it. */
  #take(event: E, call?: number): readonly Lane[] {
    this.#claimed.set(event.seq, event.lanes);
    this.#returned.delete(event.seq);
    return this.#lanes.claim(event, call);
  }

  *#claimFailed(now: number): Generator<E, void, undefined> {
    for (let failed = this.#failed.pop(); failed !== undefined; failed = this.#failed.pop()) {
      const event = this.#source.read(failed.seq);
      this.#returned.delete(failed.seq);
      if (event === undefined) this.#forget(failed.seq);
      else if (event.notBefore > now) this.#postpone(event, now);
      else {
        // A failed event goes alone: those behind it wait for its outcome.
        this.#take(event);
        yield event;
      }
    }
  }

  /** The latest events that never came back; of a lane its first, as it must not overtake its own events. */
  *#claimLatest(now: number): Generator<E, void, undefined> {
    const seen = new Set<string>();
    for (const seq of this.#source.latest(maxLatest)) {
      const event = this.#freshAt(seq, now);
      if (event === undefined) continue;
      if (event.lanes.length === 0) {
        this.#take(event);
        yield event;
      }
      for (const name of event.lanes) {
        if (seen.has(name)) continue;
        seen.add(name);
        const first = this.#firstOf(name);
        const head = first === seq ? event : first === undefined ? undefined : this.#freshAt(first, now);
        if (head === undefined || !head.lanes.every((one) => this.#firstOf(one) === first)) continue;
        this.#take(head);
        yield head;
      }
    }
  }

  #freshAt(seq: number, now: number): E | undefined {
    const returned = this.#returned.get(seq);
    if (this.#claimed.has(seq) || (returned !== undefined && (returned.tries > 0 || returned.until > now)))
      return undefined;
    const event = this.#source.read(seq);
    return event === undefined || event.tries > 0 || event.notBefore > now ? undefined : event;
  }

  /** The first waiting event of a lane of which none is claimed, wherever the cursor is. */
  #firstOf(name: string): number | undefined {
    return this.#lanes.hasClaims(name) ? undefined : this.#source.nextOf(name, -1, this.#source.lastSeq, 1)[0];
  }

  /** Orders events that came back by age again, until a caller asks for one kind. */
  #mergeFailed(): void {
    for (let failed = this.#failed.pop(); failed !== undefined; failed = this.#failed.pop()) this.#markReady(failed);
  }

  /** Moves events whose time has come to the failed or the ready ones. */
  #promote(now: number): void {
    for (let next = this.#delayed.peek(); next !== undefined && next.until <= now; next = this.#delayed.peek()) {
      this.#delayed.pop();
      next.until = 0;
      this.#queue(next);
    }
  }

  #keep(event: Returned): void {
    this.#returned.set(event.seq, event);
    this.#lanes.wait(event);
  }

  /** Adds an event that came back to the heap where it belongs, once it is the first in each of its lanes. */
  #queueFirst(event: Returned): void {
    if (event.heap === undefined && this.#lanes.isFirst(event)) this.#queue(event);
  }

  #queue(event: Returned): void {
    if (event.until > 0) {
      event.heap = 'delayed';
      this.#delayed.push(event);
    } else if (event.tries > 0) {
      event.heap = 'failed';
      this.#failed.push(event);
    } else this.#markReady(event);
  }

  #markReady(event: Returned): void {
    event.heap = 'ready';
    this.#ready.push({ seq: event.seq, returned: event });
  }

  /** Lets the first event of a lane go once none of the lane is claimed. */
  #release(lane: Lane): void {
    const seq = this.#lanes.release(lane);
    if (seq === undefined) return;
    const returned = this.#returned.get(seq);
    if (returned === undefined) this.#ready.push({ seq, lane });
    else this.#queueFirst(returned);
  }

  /** Removes an event that is gone without a claim: its record was damaged. */
  #forget(seq: number): void {
    this.#returned.delete(seq);
    for (const lane of this.#lanes.forget(seq)) this.#release(lane);
  }
}
