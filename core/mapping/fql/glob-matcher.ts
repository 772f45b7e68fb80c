import { parseGlob, type GlobSegment } from './glob-pattern.ts';
import { SignGroups } from './sign-groups.ts';

/**
 * Compiles a pattern to a test of whole texts; a pair of surrogates is one sign. The time grows with the text alone, as
 * the places of a segment are the bits of a few words, which each sign of a text shifts. Throws a SyntaxFault for what
 * is no pattern.
 */
export function globMatcher(pattern: string): (text: string) => boolean {
  const segments = parseGlob(pattern);
  const groups = new SignGroups(segments);
  const first = new SegmentMatcher(segments[0] as GlobSegment, groups);
  if (segments.length === 1) return (text) => first.endAt(text, 0) === text.length;
  const last = new SegmentMatcher(segments.at(-1) as GlobSegment, groups);
  const inner = segments
    .slice(1, -1)
    .filter((segment) => segment.length > 0)
    .map((segment) => new SegmentMatcher(segment, groups));
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

/**
 * Finds a segment in texts by the algorithm Shift-And (Baeza-Yates and Gonnet, "A New Approach to Text Searching",
 * 1992), in words of 32 bits.
 */
class SegmentMatcher {
  readonly #places: number;
  readonly #words: number;
  readonly #groups: SignGroups;
  /** For each group, the places that take its signs: bit by bit, from the lowest of the first word on. */
  readonly #masks: Int32Array;
  /** The places up to which the text fits, in a search. Kept between searches, which do not overlap. */
  readonly #state: Int32Array;

  constructor(segment: GlobSegment, groups: SignGroups) {
    this.#places = segment.length;
    this.#words = Math.ceil(segment.length / 32);
    this.#groups = groups;
    this.#masks = new Int32Array(groups.starts.length * this.#words);
    this.#state = new Int32Array(this.#words);
    groups.starts.forEach((start, group) => {
      segment.forEach((ranges, place) => {
        const word = group * this.#words + (place >>> 5);
        if (ranges.some(([low, high]) => low <= start && start <= high))
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
      const mask = this.#masks[this.#groups.of(sign) * this.#words + (place >>> 5)] as number;
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
      state = ((state << 1) | 1) & (this.#masks[this.#groups.of(sign)] as number);
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
      const group = this.#groups.of(sign) * words;
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
}
