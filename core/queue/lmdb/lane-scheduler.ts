import type { ClaimKind } from '../queue.ts';
import { noLane } from './lane-number.ts';
import { failedRank, LaneHeap, LaneQueue, type ReturnedEvent, type WaitingSource } from './lane-queue.ts';
import { LanelessEvents } from './laneless-events.ts';
import { SeqMap } from './seq-map.ts';

/**
 * What became of an event that was offered: claimed; claimed as the last one of this call; gone for good; or left
 * waiting, until an epoch ms (0 = no time), having come back so often.
 */
export type ClaimResult = 'claimed' | 'last' | 'gone' | { readonly until: number; readonly tries: number };

/** The end of a claim: whether the event returns, when it may be claimed again, and how often it came back by now. */
export interface ClaimEnd {
  readonly seq: number;
  readonly returns: boolean;
  readonly until?: number | undefined;
  readonly tries?: number | undefined;
}

/** An event whose turn it is; `lane` is undefined for one without a lane. */
interface Candidate {
  readonly seq: number;
  readonly lane: LaneQueue | undefined;
}

interface Position {
  readonly seq: number;
  readonly lane: number;
}

/**
 * Decides which waiting event of one connection is claimed next. The events of a lane go in order, and none goes while
 * another of the lane is claimed or waits for its retry time; an event without a lane waits for no other. Among those
 * that may go, the lowest sequence number goes first. Events that came back stand apart, so that a caller can leave
 * them out or ask for them.
 *
 * The work is proportional to what is claimed, not to what waits: a lane is not looked at before its head is the
 * oldest.
 */
export class LaneScheduler {
  readonly #source: WaitingSource;
  readonly #laneless: LanelessEvents;
  readonly #lanes = new Map<number, LaneQueue>();
  readonly #ready = new LaneHeap();
  /** By the time that they wait for. */
  readonly #blocked = new LaneHeap();
  /** Lanes whose head came back and may be claimed again. */
  readonly #failed = new LaneHeap();
  readonly #claimed = new SeqMap<LaneQueue | undefined>();
  /** The answer of oldest(), until that event leaves: new events are always higher. */
  #oldest: Position | undefined;

  /** `lanes`: the numbers of those with events on disk. */
  constructor(source: WaitingSource, lanes: readonly number[]) {
    this.#source = source;
    this.#laneless = new LanelessEvents(source, lanes.includes(noLane));
    for (const number of lanes) if (number !== noLane) this.#schedule(this.#lane(number, true));
  }

  /**
   * Offers one event after another to `offer`, until it has claimed `most` or answers 'last'. Without a kind, events
   * that came back take their turn by age like all others.
   */
  claim(most: number, now: number, offer: (seq: number, lane: number) => ClaimResult, kind?: ClaimKind): void {
    this.#promote(now);
    if (kind === undefined) this.#mergeFailed();
    const latest = kind === 'latest' ? this.#takeLatest(most) : undefined;
    const claimedOf = new Set<LaneQueue>();
    for (let claimed = 0; claimed < most;) {
      const candidate =
        latest !== undefined ? latest.shift() : kind === 'failed' ? this.#takeFailed() : this.#takeReady();
      if (candidate === undefined) break;
      const { seq, lane } = candidate;
      const result = offer(seq, lane?.number ?? noLane);
      if (result === 'claimed' || result === 'last') {
        claimed = result === 'last' ? most : claimed + 1;
        this.#claimed.set(seq, lane);
        if (lane !== undefined) {
          lane.claimed += 1;
          claimedOf.add(lane);
        }
      } else if (result === 'gone') this.#removed(seq);
      else this.#defer(lane, { seq, ...result });
      // A failed event goes alone: those behind it wait for its outcome.
      if (lane !== undefined && !(claimedOf.has(lane) && (kind === 'failed' || kind === 'latest' || lane.tries > 0)))
        this.#schedule(lane);
    }
    for (const lane of claimedOf) lane.heapEntry = undefined;
    for (const candidate of latest ?? []) this.#putBack(candidate);
  }

  isClaimed(seq: number): boolean {
    return this.#claimed.has(seq);
  }

  /** Ends claims; those of other numbers are ignored. */
  settle(ends: readonly ClaimEnd[]): void {
    const freed = new Set<LaneQueue>();
    for (const { seq, until = 0, returns, tries = 0 } of ends) {
      if (!this.#claimed.has(seq)) continue;
      const lane = this.#claimed.get(seq);
      this.#claimed.delete(seq);
      if (!returns) this.#removed(seq);
      if (lane === undefined) {
        if (returns) this.#laneless.defer({ seq, until, tries });
        continue;
      }
      lane.claimed -= 1;
      if (returns) lane.returned.push({ seq, until, tries });
      if (lane.claimed === 0) freed.add(lane);
    }
    for (const lane of freed) {
      lane.restoreReturned();
      this.#schedule(lane);
    }
  }

  /** Adds an event that reached the disk just now; in order of sequence numbers. */
  added(laneNumber: number, seq: number): void {
    if (laneNumber === noLane) return this.#laneless.append(seq);
    const lane = this.#lane(laneNumber);
    lane.append(seq);
    if (lane.claimed === 0 && lane.heapEntry === undefined) this.#schedule(lane);
  }

  /** When an event that only waits for its retry time may be claimed (epoch ms). */
  nextAt(): number | undefined {
    const at = Math.min(this.#blocked.peek()?.rank ?? Infinity, this.#laneless.nextAt() ?? Infinity);
    return at === Infinity ? undefined : at;
  }

  /** The lowest sequence number, claimed or not. Once the one before has left, that costs a look at every lane. */
  oldest(): Position | undefined {
    return (this.#oldest ??= this.#findOldest());
  }

  #findOldest(): Position | undefined {
    let least: Position | undefined;
    const consider = (seq: number | undefined, lane: number): void => {
      if (seq !== undefined && (least === undefined || seq < least.seq)) least = { seq, lane };
    };
    consider(this.#laneless.lowest(), noLane);
    for (const [seq, lane] of this.#claimed.entries()) consider(seq, lane?.number ?? noLane);
    for (const lane of this.#lanes.values()) {
      for (const { seq } of lane.returned) consider(seq, lane.number);
      consider(lane.head(), lane.number);
    }
    return least;
  }

  #removed(seq: number): void {
    if (seq === this.#oldest?.seq) this.#oldest = undefined;
  }

  #takeReady(): Candidate | undefined {
    const entry = this.#ready.peek();
    const seq = this.#laneless.head();
    if (entry !== undefined && (seq === undefined || entry.rank < seq))
      return { seq: entry.lane.take(), lane: entry.lane };
    return seq === undefined ? undefined : { seq: this.#laneless.take(seq), lane: undefined };
  }

  #takeFailed(): Candidate | undefined {
    const entry = this.#failed.peek();
    const laneless = this.#laneless.failedHead();
    if (entry !== undefined && (laneless === undefined || entry.rank < laneless.rank))
      return { seq: entry.lane.take(), lane: entry.lane };
    if (laneless === undefined) return undefined;
    this.#laneless.takeFailed();
    return { seq: laneless.seq, lane: undefined };
  }

  /** The newest events that may go; of a lane its head, as it must not overtake its own events. */
  #takeLatest(most: number): Candidate[] {
    const entries = this.#ready.descending();
    const laneless = this.#laneless.newest(most);
    const latest: Candidate[] = [];
    for (let entry = entries.shift(); latest.length < most;) {
      const seq = laneless[0];
      if (seq !== undefined && (entry === undefined || seq > entry.rank)) {
        laneless.shift();
        this.#laneless.takeAhead(seq);
        latest.push({ seq, lane: undefined });
      } else if (entry !== undefined) {
        latest.push({ seq: entry.lane.take(), lane: entry.lane });
        entry = entries.shift();
      } else break;
    }
    return latest;
  }

  /** Undoes a take of #takeLatest(). */
  #putBack({ seq, lane }: Candidate): void {
    this.#laneless.putBackAhead(seq);
    if (lane === undefined) return;
    lane.putBack();
    this.#schedule(lane);
  }

  #defer(lane: LaneQueue | undefined, event: ReturnedEvent): void {
    if (lane === undefined) return this.#laneless.defer(event);
    lane.putBack();
    lane.blockedUntil = event.until;
    lane.tries = event.tries;
  }

  /** Orders events that came back by age again, until a caller asks for one kind. */
  #mergeFailed(): void {
    this.#laneless.mergeFailed();
    for (let entry = this.#failed.peek(); entry !== undefined; entry = this.#failed.peek()) {
      entry.lane.tries = 0;
      this.#schedule(entry.lane);
    }
  }

  /** Moves lanes and events whose retry time has passed to the ready ones. */
  #promote(now: number): void {
    for (let entry = this.#blocked.peek(); entry !== undefined && entry.rank <= now; entry = this.#blocked.peek()) {
      this.#blocked.pop();
      entry.lane.blockedUntil = 0;
      this.#schedule(entry.lane);
    }
    this.#laneless.promote(now);
  }

  /** Schedules a lane with no claimed events: by its retry time, or by its head. */
  #schedule(lane: LaneQueue): void {
    lane.heapEntry = undefined;
    const head = lane.head();
    if (head === undefined) lane.blockedUntil = 0;
    else if (lane.blockedUntil > 0) this.#blocked.push(lane, lane.blockedUntil);
    else if (lane.tries > 0) this.#failed.push(lane, failedRank(lane.tries, head));
    else this.#ready.push(lane, head);
  }

  #lane(number: number, hasMore = false): LaneQueue {
    let lane = this.#lanes.get(number);
    if (lane === undefined) this.#lanes.set(number, (lane = new LaneQueue(number, this.#source, hasMore)));
    return lane;
  }
}
