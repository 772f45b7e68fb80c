import type { GlobSegment } from './glob-pattern.ts';

/** Signs from here on are pairs of surrogates, too rare and too many for a table. */
const beyondPlane = 0x1_0000;

/** All signs, in groups that no place of a pattern tells apart: texts may have any, and a pattern has few. */
export class SignGroups {
  /** The first sign of each group, in rising order. */
  readonly starts: Uint32Array;
  /** The group of each sign up to the last start. */
  readonly #table: Uint16Array;

  constructor(segments: readonly GlobSegment[]) {
    const starts = new Set([0]);
    for (const [first, last] of segments.flat(2)) starts.add(first).add(last + 1);
    this.starts = Uint32Array.from(starts).sort();
    this.#table = new Uint16Array(Math.min(this.starts.at(-1) as number, beyondPlane));
    this.starts.forEach((start, group) => this.#table.fill(group, start, this.starts[group + 1]));
  }

  of(sign: number): number {
    return sign < this.#table.length ? (this.#table[sign] as number) : this.#search(sign);
  }

  /** The last group that starts at or before the sign. */
  #search(sign: number): number {
    const last = this.starts.length - 1;
    let [low, high] = (this.starts[last] as number) <= sign ? [last, last] : [0, last];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.starts[middle] as number) <= sign) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
