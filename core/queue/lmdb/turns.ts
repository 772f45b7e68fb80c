import TinyQueue from 'tinyqueue';
import { noLane } from './lane-number.ts';
import type { ClaimKind } from '../queue.ts';

/**
 * Up to `most` seqs of one lane after a given one, in order, as the store has them on disk. Fewer than `most` means: no more there
 * that may be seen yet.
 */
export type ReadAhead = (lane: number, after: number, most: number) => readonly number[];

/** The same, the last ones first. */
export type ReadBack = ReadAhead;

/**
 * What became of a seq whose turn it was: claimed, claimed as the last one for now, gone for good, or passed over, as it waits until an
 * epoch ms (0 = for no time), or came back so often already.
 */
export type Verdict = 'claimed' | 'the last' | 'gone' | { readonly until: number; readonly tries: number };

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
  /** How often its next one came back, as far as is known. */
  tries: number;
  /** Its one valid entry in either heap. A heap forgets nothing early: what is no line's entry any more is passed over. */
  entry: Entry | undefined;
}
interface Returned {
  readonly seq: number;
  readonly until: number;
  readonly tries: number;
}
interface Entry {
  readonly rank: number;
  readonly line: Line;
}
/** Whose turn it is, and its lane. */
interface Next {
  readonly seq: number;
  readonly line: Line | undefined;
}
interface Spot {
  readonly seq: number;
  readonly lane: number;
}
interface Delayed {
  readonly rank: number;
  readonly seq: number;
  readonly tries: number;
}

/** A claim that is over: whether it stays, until when it holds back its lane, and how often it came back by now. */
export interface Ended {
  readonly seq: number;
  readonly back: boolean;
  readonly until?: number | undefined;
  readonly tries?: number | undefined;
}

/** The fewest tries first, then the oldest: a seq has 48 bits. */
const failedRank = (tries: number, seq: number): number => Math.min(tries, 31) * 2 ** 48 + seq;

const byRank = (a: { readonly rank: number }, b: { readonly rank: number }): number => a.rank - b.rank;

/**
 * Whose turn it is among the waiting events of one connection. Knows seqs and lanes only. A lane's events take their turns one after
 * another and not while one of them is claimed or waits for its time; an event without a lane waits for nobody. Whatever may go, goes
 * by seq; what came back stands apart, so that it can be left alone, or asked for. Work is proportional to what is claimed, not to what
 * waits: no lane is looked at before its head is the oldest.
 */
export class Turns {
  readonly #read: ReadAhead;
  readonly #readBack: ReadBack;
  readonly #lines = new Map<number, Line>();
  readonly #ready = new TinyQueue<Entry>([], byRank);
  readonly #blocked = new TinyQueue<Entry>([], byRank);
  /** Without a lane: given back, and waiting for their time. */
  readonly #returned = new TinyQueue<number>([]);
  readonly #delayed = new TinyQueue<Delayed>([], byRank);
  /** Lanes whose next one came back and may go again, and such without a lane. */
  readonly #failedLines = new TinyQueue<Entry>([], byRank);
  readonly #failed = new TinyQueue<Delayed>([], byRank);
  readonly #claimed = new Map<number, Line>();
  /** Without a lane: claimed before their turn, until it comes. */
  readonly #early = new Set<number>();
  /** The lowest seq there is, where somebody has asked; until it leaves. What comes is always higher. */
  #oldest: Spot | undefined;

  /** `lanes` are those that have something on disk. */
  constructor(read: ReadAhead, readBack: ReadBack, lanes: Iterable<number>) {
    this.#read = read;
    this.#readBack = readBack;
    for (const lane of lanes) this.#enter(this.#line(lane, true));
  }

  /**
   * Calls `open` for each one whose turn it is, until it has said `claimed` so often, or that it was the last. Without a kind, what came
   * back takes its turn by age, as the others do.
   */
  claim(most: number, now: number, open: (seq: number, lane: number) => Verdict, kind?: ClaimKind): void {
    this.#wake(now);
    if (kind === undefined) this.#mix();
    const touched = new Set<Line>();
    const late = kind === 'latest' ? this.#latestOf(most) : undefined;
    for (let taken = 0; taken < most;) {
      const next = late !== undefined ? late.shift() : kind === 'failed' ? this.#nextFailed() : this.#nextReady();
      if (next === undefined) break;
      const { seq, line } = next;
      const verdict = open(seq, line?.lane ?? noLane);
      if (verdict === 'claimed' || verdict === 'the last') {
        taken = verdict === 'the last' ? most : taken + 1;
        this.#claimed.set(seq, line ?? this.#line(noLane));
        if (line !== undefined) {
          line.claimed += 1;
          touched.add(line);
        }
      } else if (verdict === 'gone') this.#left(seq);
      else this.#delay({ seq, ...verdict }, line);
      // One that failed goes alone: those behind it wait for what comes of it.
      if (line !== undefined && !(touched.has(line) && (kind === 'failed' || kind === 'latest' || line.tries > 0)))
        this.#enter(line);
    }
    for (const line of touched) line.entry = undefined;
    for (const { seq, line } of late ?? []) {
      this.#early.delete(seq);
      if (line === undefined) continue;
      line.at -= 1;
      this.#enter(line);
    }
  }

  #nextReady(): Next | undefined {
    const entry = this.#peek(this.#ready);
    const free = this.#free();
    const line = entry !== undefined && (free === undefined || entry.rank < free) ? entry.line : undefined;
    if (line !== undefined) return { seq: this.#take(line), line };
    return free === undefined ? undefined : { seq: this.#takeFree(free), line };
  }

  /** The latest ones that may go. A lane is not overtaken by its own: of each that is ready, it is the next one. */
  #latestOf(most: number): Next[] {
    const lines = this.#ready.data.filter((entry) => entry.line.entry === entry).sort((a, b) => b.rank - a.rank);
    const free = this.#latestFree(most);
    const next: Next[] = [];
    for (let line = lines.shift(); next.length < most;) {
      const seq = free[0];
      if (seq !== undefined && (line === undefined || seq > line.rank)) {
        free.shift();
        this.#early.add(seq);
        next.push({ seq, line: undefined });
      } else if (line !== undefined) {
        next.push({ seq: this.#take(line.line), line: line.line });
        line = lines.shift();
      } else break;
    }
    return next;
  }

  /** Without a lane, and so far behind that they are not in memory: what is, has its turn soon. */
  #latestFree(most: number): number[] {
    const line = this.#lines.get(noLane);
    if (line === undefined || !line.more) return [];
    return this.#readBack(noLane, line.last, most + this.#early.size).filter((seq) => !this.#early.has(seq));
  }

  #nextFailed(): Next | undefined {
    const entry = this.#peek(this.#failedLines);
    const free = this.#failed.peek();
    if (entry !== undefined && (free === undefined || entry.rank < free.rank))
      return { seq: this.#take(entry.line), line: entry.line };
    this.#failed.pop();
    return free === undefined ? undefined : { seq: free.seq, line: undefined };
  }

  /** What came back stands by age again, until somebody asks for one kind. */
  #mix(): void {
    for (let one = this.#failed.pop(); one !== undefined; one = this.#failed.pop()) this.#returned.push(one.seq);
    for (let entry = this.#peek(this.#failedLines); entry !== undefined; entry = this.#peek(this.#failedLines)) {
      entry.line.tries = 0;
      this.#enter(entry.line);
    }
  }

  isClaimed(seq: number): boolean {
    return this.#claimed.has(seq);
  }
  get claimed(): number {
    return this.#claimed.size;
  }

  settle(ended: readonly Ended[]): void {
    const freed = new Set<Line>();
    for (const { seq, until = 0, back, tries = 0 } of ended) {
      const line = this.#claimed.get(seq);
      if (line === undefined) continue;
      this.#claimed.delete(seq);
      if (!back) this.#left(seq);
      if (line.lane === noLane) {
        if (back) this.#delay({ seq, until, tries }, undefined);
        continue;
      }
      line.claimed -= 1;
      if (back) line.returned.push({ seq, until, tries });
      if (line.claimed === 0) freed.add(line);
    }
    for (const line of freed) {
      const [first, ...rest] = line.returned.sort((a, b) => a.seq - b.seq);
      line.tries = first?.tries ?? 0;
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
    for (const { seq } of this.#failed.data) see(seq, noLane);
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
      line = { lane, ahead: [], at: 0, last: -1, more, claimed: 0, returned: [], until: 0, tries: 0, entry: undefined };
      this.#lines.set(lane, line);
    }
    return line;
  }

  #head(line: Line): number | undefined {
    while (line.at === line.ahead.length) {
      line.ahead = [];
      line.at = 0;
      if (!line.more) return undefined;
      const read = this.#read(line.lane, line.last, window);
      line.more = read.length === window;
      line.last = read.at(-1) ?? line.last;
      line.ahead = line.lane === noLane ? this.#withoutEarly(read, line) : [...read];
    }
    return line.ahead[line.at];
  }

  #withoutEarly(read: readonly number[], { last, more }: Line): number[] {
    if (this.#early.size === 0) return [...read];
    const left = read.filter((seq) => !this.#early.has(seq));
    for (const seq of this.#early) if (!more || seq <= last) this.#early.delete(seq);
    return left;
  }

  #take(line: Line): number {
    line.entry = undefined;
    line.tries = 0;
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

  #delay({ seq, until, tries }: Returned, line: Line | undefined): void {
    if (line !== undefined) {
      line.at -= 1;
      line.until = until;
      line.tries = tries;
    } else if (until > 0) this.#delayed.push({ rank: until, seq, tries });
    else this.#give(seq, tries);
  }

  /** Without a lane, and free to go. */
  #give(seq: number, tries: number): void {
    if (tries > 0) this.#failed.push({ rank: failedRank(tries, seq), seq, tries });
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
    const rank = line.until > 0 ? line.until : line.tries > 0 ? failedRank(line.tries, head) : head;
    line.entry = { line, rank };
    (line.until > 0 ? this.#blocked : line.tries > 0 ? this.#failedLines : this.#ready).push(line.entry);
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
      this.#give(next.seq, next.tries);
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
