import { parseGlob, type GlobSegment } from './glob-pattern.ts';

/**
 * Compiles a pattern to a test of whole texts; a pair of surrogates is one sign. The time grows with the text alone, as
 * the places of a segment are the bits of a few words, which each sign of a text shifts. Throws a SyntaxFault for what
 * is no pattern.
 *
 * @example
 * const isCompany = globMatcher('*@company.com');
 */
export function globMatcher(pattern: string): (text: string) => boolean {
  const segments = parseGlob(pattern);
  const first = new SegmentMatcher(segments[0] as GlobSegment);
  if (segments.length === 1) return (text) => first.endAt(text, 0) === text.length;
  const last = new SegmentMatcher(segments.at(-1) as GlobSegment);
  const inner = segments
    .slice(1, -1)
    .filter((segment) => segment.length > 0)
    .map((segment) => new SegmentMatcher(segment));
  return (text) => {
    let from = first.endAt(text, 0);
    const to = last.startBefore(text);
    // The leftmost match of each segment leaves the most text to those behind it.
    for (let index = 0; from >= 0 && index < inner.length; index += 1)
      from = (inner[index] as SegmentMatcher).endOfFirst(text, from, to);
    return from >= 0 && from <= to;
  };
}

const none = -1;
const asciiSigns = 128;

/**
 * Finds a segment in texts by the algorithm Shift-And (Baeza-Yates and Gonnet, "A New Approach to Text Searching",
 * 1992), in words of 32 bits. Signs that no place tells apart are one group, and share their masks.
 */
class SegmentMatcher {
  readonly #places: number;
  readonly #words: number;
  /** The first sign of each group, in rising order. */
  readonly #groupStarts: Uint32Array;
  readonly #groupOfAscii: Uint16Array;
  /** For each group, the places that take its signs: bit by bit, from the lowest of the first word on. */
  readonly #masks: Int32Array;
  /** The places up to which the text fits, in a search. Kept between searches, which do not overlap. */
  readonly #state: Int32Array;

  constructor(segment: GlobSegment) {
    this.#places = segment.length;
    this.#words = Math.ceil(segment.length / 32);
    const starts = new Set([0]);
    for (const [first, last] of segment.flat()) starts.add(first).add(last + 1);
    this.#groupStarts = Uint32Array.from(starts).sort();
    this.#groupOfAscii = Uint16Array.from({ length: asciiSigns }, (_, sign) => this.#searchGroup(sign));
    this.#masks = new Int32Array(this.#groupStarts.length * this.#words);
    this.#state = new Int32Array(this.#words);
    this.#groupStarts.forEach((start, group) => {
      segment.forEach((ranges, place) => {
        const word = group * this.#words + (place >>> 5);
        if (ranges.some(([first, last]) => first <= start && start <= last))
          this.#masks[word] = (this.#masks[word] as number) | (1 << (place & 31));
      });
    });
  }

  /** The index behind the segment, if it stands at `from`; else -1. */
  endAt(text: string, from: number): number {
    let index = from;
    for (let place = 0; place < this.#places; place += 1) {
      if (index >= text.length) return none;
      const sign = text.codePointAt(index) as number;
      const mask = this.#masks[this.#groupOf(sign) * this.#words + (place >>> 5)] as number;
      if ((mask & (1 << (place & 31))) === 0) return none;
      index += sign > 0xffff ? 2 : 1;
    }
    return index;
  }

  /** The index of the segment, if the text ends with it; else -1. */
  startBefore(text: string): number {
    let index = text.length;
    for (let place = 0; place < this.#places; place += 1) {
      index -= index >= 2 && (text.codePointAt(index - 2) as number) > 0xffff ? 2 : 1;
      if (index < 0) return none;
    }
    return this.endAt(text, index) === text.length ? index : none;
  }

  /** The index behind the first place in the text, from `from` to `to`, where the segment stands; else -1. */
  endOfFirst(text: string, from: number, to: number): number {
    return this.#words === 1 ? this.#searchInOneWord(text, from, to) : this.#searchInWords(text, from, to);
  }

  #searchInOneWord(text: string, from: number, to: number): number {
    const lastPlace = 1 << (this.#places - 1);
    let state = 0;
    for (let index = from; index < to;) {
      const sign = text.codePointAt(index) as number;
      state = ((state << 1) | 1) & (this.#masks[this.#groupOf(sign)] as number);
      index += sign > 0xffff ? 2 : 1;
      if ((state & lastPlace) !== 0) return index;
    }
    return none;
  }

  #searchInWords(text: string, from: number, to: number): number {
    const state = this.#state.fill(0);
    const masks = this.#masks;
    const words = this.#words;
    const lastPlace = 1 << ((this.#places - 1) & 31);
    for (let index = from; index < to;) {
      const sign = text.codePointAt(index) as number;
      const group = this.#groupOf(sign) * words;
      let carried = 1;
      for (let word = 0; word < words; word += 1) {
        const before = state[word] as number;
        state[word] = ((before << 1) | carried) & (masks[group + word] as number);
        carried = before >>> 31;
      }
      index += sign > 0xffff ? 2 : 1;
      if (((state[words - 1] as number) & lastPlace) !== 0) return index;
    }
    return none;
  }

  #groupOf(sign: number): number {
    return sign < asciiSigns ? (this.#groupOfAscii[sign] as number) : this.#searchGroup(sign);
  }

  /** The last group that starts at or before the sign. */
  #searchGroup(sign: number): number {
    let low = 0;
    let high = this.#groupStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#groupStarts[middle] as number) <= sign) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
