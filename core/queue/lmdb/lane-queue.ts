import TinyQueue from 'tinyqueue';

/**
 * Where the scheduler reads which events wait; it knows sequence numbers and lane numbers, nothing else of an event.
 */
export interface WaitingSource {
  /**
   * Up to `most` sequence numbers of a lane above `seq`, ascending. Fewer than `most` means that the lane has no more
   * on disk.
   */
  after(lane: number, seq: number, most: number): readonly number[];
  /** The newest ones above `seq`, descending. */
  newestAfter(lane: number, seq: number, most: number): readonly number[];
}

/** A claimed event that returns to the queue. `until`: when it may be claimed again (epoch ms); 0 = at once. */
export interface ReturnedEvent {
  readonly seq: number;
  readonly until: number;
  /** How often it came back so far. */
  readonly tries: number;
}

export interface HeapEntry {
  readonly rank: number;
  readonly lane: LaneQueue;
}

/** How many sequence numbers of a lane stay in memory; events that return come on top of it. */
const prefetchSize = 64;

export const byRank = (a: { readonly rank: number }, b: { readonly rank: number }): number => a.rank - b.rank;

/** Fewest tries first, then oldest: a sequence number has 48 bits. */
export const failedRank = (tries: number, seq: number): number => Math.min(tries, 31) * 2 ** 48 + seq;

/** The waiting events of one lane in order, the next ones prefetched from disk. */
export class LaneQueue {
  readonly number: number;
  /** How many events of the lane are claimed. */
  claimed = 0;
  /** Events that came back while others of the lane are still claimed. */
  readonly returned: ReturnedEvent[] = [];
  /** Epoch ms; 0 when the lane waits for no time. */
  blockedUntil = 0;
  /** How often the head came back, as far as is known. */
  tries = 0;
  /**
   * The lane's one valid entry in any heap. A heap drops nothing early: it passes over entries that are not this one.
   */
  heapEntry: HeapEntry | undefined;
  /** Whether the disk holds events beyond `lastPrefetched`. */
  hasMore: boolean;
  /** The highest sequence number that was ever prefetched. */
  lastPrefetched = -1;
  readonly #source: WaitingSource;
  readonly #claimedAhead: Set<number> | undefined;
  #prefetched: number[] = [];
  #index = 0;

  /** `claimedAhead`: events claimed before their turn, which are left out when their turn comes. */
  constructor(number: number, source: WaitingSource, hasMore: boolean, claimedAhead?: Set<number>) {
    this.number = number;
    this.hasMore = hasMore;
    this.#source = source;
    this.#claimedAhead = claimedAhead;
  }

  head(): number | undefined {
    while (this.#index === this.#prefetched.length) {
      this.#prefetched = [];
      this.#index = 0;
      if (!this.hasMore) return undefined;
      const read = this.#source.after(this.number, this.lastPrefetched, prefetchSize);
      this.hasMore = read.length === prefetchSize;
      this.lastPrefetched = read.at(-1) ?? this.lastPrefetched;
      this.#prefetched = this.#withoutClaimedAhead(read);
    }
    return this.#prefetched[this.#index];
  }

  /** Removes the head, which must exist. */
  take(): number {
    this.heapEntry = undefined;
    this.tries = 0;
    const seq = this.head()!;
    this.#index += 1;
    return seq;
  }

  /** Undoes the last take(). */
  putBack(): void {
    this.#index -= 1;
  }

  /** Adds an event that reached the disk just now; in order of sequence numbers. */
  append(seq: number): void {
    if (seq <= this.lastPrefetched) return;
    if (!this.hasMore && this.#prefetched.length - this.#index < prefetchSize) {
      this.#prefetched.push(seq);
      this.lastPrefetched = seq;
    } else this.hasMore = true;
  }

  /** Puts the returned events in front again, once no event of the lane is claimed. */
  restoreReturned(): void {
    const [first, ...rest] = this.returned.sort((a, b) => a.seq - b.seq);
    this.tries = first?.tries ?? 0;
    if (first === undefined) return;
    this.#prefetched = [first.seq, ...rest.map(({ seq }) => seq), ...this.#prefetched.slice(this.#index)];
    this.#index = 0;
    this.returned.length = 0;
    // The head decides for the lane; the others are asked for their own time when they become the head.
    this.blockedUntil = first.until;
  }

  #withoutClaimedAhead(read: readonly number[]): number[] {
    const ahead = this.#claimedAhead;
    if (ahead === undefined || ahead.size === 0) return [...read];
    const remaining = read.filter((seq) => !ahead.has(seq));
    for (const seq of ahead) if (!this.hasMore || seq <= this.lastPrefetched) ahead.delete(seq);
    return remaining;
  }
}

/** Lanes by rank. */
export class LaneHeap {
  readonly #entries = new TinyQueue<HeapEntry>([], byRank);

  /** Makes this the lane's valid entry. */
  push(lane: LaneQueue, rank: number): void {
    lane.heapEntry = { lane, rank };
    this.#entries.push(lane.heapEntry);
  }

  /** The valid entry with the lowest rank. */
  peek(): HeapEntry | undefined {
    for (let entry = this.#entries.peek(); entry !== undefined; entry = this.#entries.peek()) {
      if (entry.lane.heapEntry === entry) return entry;
      this.#entries.pop();
    }
    return undefined;
  }

  pop(): void {
    this.#entries.pop();
  }

  /** All valid entries, the highest rank first. */
  descending(): HeapEntry[] {
    return this.#entries.data.filter((entry) => entry.lane.heapEntry === entry).sort((a, b) => b.rank - a.rank);
  }
}
