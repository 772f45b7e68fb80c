import TinyQueue from 'tinyqueue';
import { noLane } from '../lane.ts';

/**
 * Up to `most` seqs of one lane after a given one, in order, as the store has them on disk. Fewer than `most` means: no more there
 * that may be seen yet.
 */
export type ReadAhead = (lane: number, after: number, most: number) => readonly number[];

/** What became of a seq whose turn it was: claimed, claimed as the last one for now, gone for good, or waiting until an epoch ms. */
export type Verdict = 'claimed' | 'the last' | 'gone' | number;

/** How many seqs of one lane are kept in memory unless more of them were given back. */
const window = 64;

interface Line {
  readonly lane: number;
  /** The next ones of it, in order, from `at` on. */
  ahead: number[];
  at: number;
  /** The highest seq that ever was in `ahead`; what comes later is on disk alone, if `more`. */
  last: number;
  more: boolean;
  claimed: number;
  /** Given back while others of the lane were still claimed. */
  returned: Returned[];
  /** Epoch ms; 0 when it waits for no time. */
  until: number;
  /** Its one valid entry in either heap. A heap forgets nothing early: what is no line's entry any more is passed over. */
  entry: Entry | undefined;
}
interface Returned {
  readonly seq: number;
  readonly until: number;
}
interface Entry {
  readonly rank: number;
  readonly line: Line;
}
interface Spot {
  readonly seq: number;
  readonly lane: number;
}
interface Delayed {
  readonly rank: number;
  readonly seq: number;
}

const byRank = (a: { readonly rank: number }, b: { readonly rank: number }): number => a.rank - b.rank;

/**
 * Whose turn it is among the waiting events of one connection. Knows seqs and lanes only. A lane's events take their turns one after
 * another and not while one of them is claimed or waits for its time; an event without a lane waits for nobody. Whatever may go, goes
 * by seq. Work is proportional to what is claimed, not to what waits: no lane is looked at before its head is the oldest.
 */
export class Turns {
  readonly #read: ReadAhead;
  readonly #lines = new Map<number, Line>();
  readonly #ready = new TinyQueue<Entry>([], byRank);
  readonly #blocked = new TinyQueue<Entry>([], byRank);
  /** Without a lane: given back, and waiting for their time. */
  readonly #returned = new TinyQueue<number>([]);
  readonly #delayed = new TinyQueue<Delayed>([], byRank);
  readonly #claimed = new Map<number, Line>();
  /** The lowest seq there is, where somebody has asked; until it leaves. What comes is always higher. */
  #oldest: Spot | undefined;

  /** `lanes` are those that have something on disk. */
  constructor(read: ReadAhead, lanes: Iterable<number>) {
    this.#read = read;
    for (const lane of lanes) this.#enter(this.#line(lane, true));
  }

  /** Calls `open` for each one whose turn it is, until it has said `claimed` so often, or that it was the last. */
  claim(most: number, now: number, open: (seq: number, lane: number) => Verdict): void {
    this.#wake(now);
    const touched = new Set<Line>();
    for (let taken = 0; taken < most;) {
      const entry = this.#peek(this.#ready);
      const free = this.#free();
      const line = entry !== undefined && (free === undefined || entry.rank < free) ? entry.line : undefined;
      if (line === undefined && free === undefined) break;
      const seq = line === undefined ? this.#takeFree(free!) : this.#take(line);
      const verdict = open(seq, line?.lane ?? noLane);
      if (verdict === 'claimed' || verdict === 'the last') {
        taken = verdict === 'the last' ? most : taken + 1;
        this.#claimed.set(seq, line ?? this.#line(noLane));
        if (line !== undefined) {
          line.claimed += 1;
          touched.add(line);
        }
      } else if (verdict === 'gone') this.#left(seq);
      else this.#delay(seq, line, verdict);
      if (line !== undefined) this.#enter(line);
    }
    for (const line of touched) line.entry = undefined;
  }

  isClaimed(seq: number): boolean {
    return this.#claimed.has(seq);
  }
  get claimed(): number {
    return this.#claimed.size;
  }

  /** Claims that are over. `back` and not: whether they stay, and until when they hold back their lane. */
  settle(
    ended: readonly { readonly seq: number; readonly until?: number | undefined; readonly back: boolean }[],
  ): void {
    const freed = new Set<Line>();
    for (const { seq, until = 0, back } of ended) {
      const line = this.#claimed.get(seq);
      if (line === undefined) continue;
      this.#claimed.delete(seq);
      if (!back) this.#left(seq);
      if (line.lane === noLane) {
        if (back) this.#delay(seq, undefined, until);
        continue;
      }
      line.claimed -= 1;
      if (back) line.returned.push({ seq, until });
      if (line.claimed === 0) freed.add(line);
    }
    for (const line of freed) {
      const [first, ...rest] = line.returned.sort((a, b) => a.seq - b.seq);
      if (first !== undefined) {
        line.ahead = [first.seq, ...rest.map(({ seq }) => seq), ...line.ahead.slice(line.at)];
        line.at = 0;
        line.returned = [];
        // The first one of a lane decides: the others are asked for their own time when their turn comes.
        line.until = first.until;
      }
      this.#enter(line);
    }
  }

  /** New ones are there to be seen; in order of seq. */
  arrived(lane: number, seq: number): void {
    const line = this.#line(lane);
    if (seq > line.last) {
      if (!line.more && line.ahead.length - line.at < window) {
        line.ahead.push(seq);
        line.last = seq;
      } else line.more = true;
    }
    if (lane !== noLane && line.claimed === 0 && line.entry === undefined) this.#enter(line);
  }

  nextAt(): number | undefined {
    const at = Math.min(this.#peek(this.#blocked)?.rank ?? Infinity, this.#delayed.peek()?.rank ?? Infinity);
    return at === Infinity ? undefined : at;
  }

  /** The lowest seq that is there, claimed or not. Once the one before has left, that costs a look at every lane. */
  oldest(): Spot | undefined {
    return (this.#oldest ??= this.#findOldest());
  }

  #left(seq: number): void {
    if (seq === this.#oldest?.seq) this.#oldest = undefined;
  }

  #findOldest(): Spot | undefined {
    let least: Spot | undefined;
    const see = (seq: number | undefined, lane: number): void => {
      if (seq !== undefined && (least === undefined || seq < least.seq)) least = { seq, lane };
    };
    see(this.#returned.peek(), noLane);
    for (const { seq } of this.#delayed.data) see(seq, noLane);
    for (const [seq, { lane }] of this.#claimed) see(seq, lane);
    for (const line of this.#lines.values()) {
      for (const { seq } of line.returned) see(seq, line.lane);
      see(this.#head(line), line.lane);
    }
    return least;
  }

  #line(lane: number, more = false): Line {
    let line = this.#lines.get(lane);
    if (line === undefined) {
      line = { lane, ahead: [], at: 0, last: -1, more, claimed: 0, returned: [], until: 0, entry: undefined };
      this.#lines.set(lane, line);
    }
    return line;
  }

  #head(line: Line): number | undefined {
    if (line.at === line.ahead.length) {
      line.ahead = [];
      line.at = 0;
      if (!line.more) return undefined;
      line.ahead = [...this.#read(line.lane, line.last, window)];
      line.more = line.ahead.length === window;
      line.last = line.ahead.at(-1) ?? line.last;
    }
    return line.ahead[line.at];
  }

  #take(line: Line): number {
    line.entry = undefined;
    const seq = this.#head(line)!;
    line.at += 1;
    return seq;
  }

  /** The next one without a lane. */
  #free(): number | undefined {
    const line = this.#lines.get(noLane);
    const head = line === undefined ? undefined : this.#head(line);
    const returned = this.#returned.peek();
    return returned === undefined ? head : Math.min(returned, head ?? Infinity);
  }

  #takeFree(seq: number): number {
    if (this.#returned.peek() === seq) this.#returned.pop();
    else this.#take(this.#line(noLane));
    return seq;
  }

  #delay(seq: number, line: Line | undefined, until: number): void {
    if (line !== undefined) {
      line.at -= 1;
      line.until = until;
    } else if (until > 0) this.#delayed.push({ rank: until, seq });
    else this.#returned.push(seq);
  }

  /** A lane that nothing of is claimed takes its place: by its head, or by its time. */
  #enter(line: Line): void {
    if (line.lane === noLane) return;
    line.entry = undefined;
    const head = this.#head(line);
    if (head === undefined) {
      line.until = 0;
      return;
    }
    line.entry = { line, rank: line.until > 0 ? line.until : head };
    (line.until > 0 ? this.#blocked : this.#ready).push(line.entry);
  }

  /** What waited for its time, and that has come, is ready. */
  #wake(now: number): void {
    for (let entry = this.#peek(this.#blocked); entry !== undefined && entry.rank <= now;) {
      this.#blocked.pop();
      entry.line.until = 0;
      this.#enter(entry.line);
      entry = this.#peek(this.#blocked);
    }
    for (let next = this.#delayed.peek(); next !== undefined && next.rank <= now; next = this.#delayed.peek()) {
      this.#delayed.pop();
      this.#returned.push(next.seq);
    }
  }

  #peek(heap: TinyQueue<Entry>): Entry | undefined {
    for (let entry = heap.peek(); entry !== undefined; entry = heap.peek()) {
      if (entry.line.entry === entry) return entry;
      heap.pop();
    }
    return undefined;
  }
}
