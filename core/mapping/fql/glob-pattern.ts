import { SyntaxFault } from '../syntax-issue.ts';

/** The signs that one place of a pattern takes, as pairs of first and last code point. */
export type SignRanges = readonly (readonly [first: number, last: number])[];

/** The places of a pattern from one `*` to the next, each of which takes one sign. */
export type GlobSegment = readonly SignRanges[];

/** How many signs a pattern may have. With more, the worst text takes too long. */
export const longestPattern = 256;

const anySign: SignRanges = [[0, 0x10ffff]];

/**
 * Takes a pattern apart at its stars: `a*b` is two segments, `*` is two empty ones. `?` takes any sign, `[abc]` and
 * `[a-z]` one of several, and a backslash makes the next sign stand for itself. Throws a SyntaxFault, by its index in
 * the pattern.
 */
export function parseGlob(pattern: string): readonly GlobSegment[] {
  const signs = Array.from(pattern);
  if (signs.length > longestPattern) {
    const beyond = signs.slice(0, longestPattern).join('').length;
    throw new SyntaxFault(beyond, 'the pattern is too long', `at most ${longestPattern} signs`);
  }
  return new GlobParser(signs).parse();
}

class GlobParser {
  readonly #signs: readonly string[];
  #next = 0;

  constructor(signs: readonly string[]) {
    this.#signs = signs;
  }

  parse(): readonly GlobSegment[] {
    let segment: SignRanges[] = [];
    const segments = [segment];
    while (this.#next < this.#signs.length) {
      const sign = this.#signs[this.#next];
      if (sign === '*') {
        this.#next += 1;
        segment = [];
        segments.push(segment);
      } else if (sign === '?') {
        this.#next += 1;
        segment.push(anySign);
      } else if (sign === '[') segment.push(this.#class());
      else segment.push([one(this.#literal())]);
    }
    return segments;
  }

  #class(): SignRanges {
    const open = this.#next;
    this.#next += 1;
    const sign = this.#signs[this.#next];
    if (sign === '!' || sign === '^')
      throw this.#fault(open, `"[${sign}" excludes no signs here`, `the signs that match, or "\\${sign}" for itself`);
    if (sign === ']')
      throw this.#fault(open, '"[]" matches nothing', 'signs between the brackets, or "\\[" for itself');
    const ranges: (readonly [number, number])[] = [];
    while (this.#signs[this.#next] !== ']') {
      this.#checkClosed(open);
      const first = this.#literal();
      ranges.push(this.#isRange() ? this.#range(first, open) : one(first));
    }
    this.#next += 1;
    return ranges;
  }

  /** A "-" at the end of a class stands for itself. */
  #isRange(): boolean {
    return this.#signs[this.#next] === '-' && this.#signs[this.#next + 1] !== ']';
  }

  #range(first: number, open: number): readonly [number, number] {
    const at = this.#next - 1;
    this.#next += 1;
    this.#checkClosed(open);
    const last = this.#literal();
    if (last < first) throw this.#fault(at, 'this range ends before it begins', 'the lower sign first, as in [a-z]');
    return [first, last];
  }

  #checkClosed(open: number): void {
    if (this.#next >= this.#signs.length)
      throw this.#fault(open, '"[" has no end', '"]" behind the signs, or "\\[" for itself');
  }

  #literal(): number {
    const at = this.#next;
    const isEscaped = this.#signs[at] === '\\';
    const sign = this.#signs[isEscaped ? at + 1 : at];
    if (sign === undefined)
      throw this.#fault(at, 'the backslash at the end escapes nothing', 'a sign behind it, or \\\\ for itself');
    this.#next = isEscaped ? at + 2 : at + 1;
    return sign.codePointAt(0) as number;
  }

  #fault(index: number, problem: string, expected: string): SyntaxFault {
    return new SyntaxFault(this.#signs.slice(0, index).join('').length, problem, expected);
  }
}

const one = (sign: number): readonly [number, number] => [sign, sign];
