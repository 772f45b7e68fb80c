import TinyQueue from 'tinyqueue';
import { noLane } from './lane-number.ts';
import { byRank, failedRank, LaneQueue, type ReturnedEvent, type WaitingSource } from './lane-queue.ts';

interface RankedEvent {
  readonly rank: number;
  readonly seq: number;
  readonly tries: number;
}

/** The waiting events without a lane: each goes by itself and waits for no other. */
export class LanelessEvents {
  readonly #source: WaitingSource;
  /** Events claimed before their turn, until their turn comes. */
  readonly #claimedAhead = new Set<number>();
  readonly #queue: LaneQueue;
  readonly #returned = new TinyQueue<number>([]);
  /** By the time that they wait for. */
  readonly #delayed = new TinyQueue<RankedEvent>([], byRank);
  /** Events that came back and may be claimed again. */
  readonly #failed = new TinyQueue<RankedEvent>([], byRank);

  constructor(source: WaitingSource, hasMore: boolean) {
    this.#source = source;
    this.#queue = new LaneQueue(noLane, source, hasMore, this.#claimedAhead);
  }

  append(seq: number): void {
    this.#queue.append(seq);
  }

  /** The lowest one that may be claimed. */
  head(): number | undefined {
    const head = this.#queue.head();
    const returned = this.#returned.peek();
    return returned === undefined ? head : Math.min(returned, head ?? Infinity);
  }

  /** Removes the head. */
  take(seq: number): number {
    if (this.#returned.peek() === seq) this.#returned.pop();
    else this.#queue.take();
    return seq;
  }

  /** The newest ones, as far as they are beyond what is prefetched: the prefetched ones have their turn soon. */
  newest(most: number): number[] {
    if (!this.#queue.hasMore) return [];
    return this.#source
      .newestAfter(noLane, this.#queue.lastPrefetched, most + this.#claimedAhead.size)
      .filter((seq) => !this.#claimedAhead.has(seq));
  }

  takeAhead(seq: number): void {
    this.#claimedAhead.add(seq);
  }

  /** Undoes takeAhead(). */
  putBackAhead(seq: number): void {
    this.#claimedAhead.delete(seq);
  }

  failedHead(): RankedEvent | undefined {
    return this.#failed.peek();
  }

  takeFailed(): void {
    this.#failed.pop();
  }

  defer({ seq, until, tries }: ReturnedEvent): void {
    if (until > 0) this.#delayed.push({ rank: until, seq, tries });
    else this.#markReady(seq, tries);
  }

  /** Orders failed events by age again. */
  mergeFailed(): void {
    for (let event = this.#failed.pop(); event !== undefined; event = this.#failed.pop())
      this.#returned.push(event.seq);
  }

  /** Makes events ready whose time has come. */
  promote(now: number): void {
    for (let next = this.#delayed.peek(); next !== undefined && next.rank <= now; next = this.#delayed.peek()) {
      this.#delayed.pop();
      this.#markReady(next.seq, next.tries);
    }
  }

  /** When the next one becomes ready (epoch ms). */
  nextAt(): number | undefined {
    return this.#delayed.peek()?.rank;
  }

  /** The lowest one, ready or not. */
  lowest(): number | undefined {
    const least = [this.#returned.peek(), this.#queue.head()];
    for (const { seq } of this.#delayed.data) least.push(seq);
    for (const { seq } of this.#failed.data) least.push(seq);
    return least.reduce((a, b) => (a === undefined || (b !== undefined && b < a) ? b : a));
  }

  #markReady(seq: number, tries: number): void {
    if (tries > 0) this.#failed.push({ rank: failedRank(tries, seq), seq, tries });
    else this.#returned.push(seq);
  }
}
