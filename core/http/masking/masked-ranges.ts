import type { TracedText } from './decoded.ts';

/** Replaces what must not be shown. */
const mask = '***';

/** The ranges of a text that are masked. */
export class MaskedRanges {
  /** Start and end, in turn. */
  readonly #parts: number[] = [];

  add(start: number, end: number): void {
    const last = this.#parts.length - 1;
    // Ranges are found from left to right, and often twice.
    if (last > 0 && start >= (this.#parts[last - 1] as number) && start <= (this.#parts[last] as number)) {
      if (end > (this.#parts[last] as number)) this.#parts[last] = end;
    } else if (start < end) this.#parts.push(start, end);
  }

  /** The text with `***` in place of each range. */
  applyTo(text: string): string {
    const parts = this.#joined();
    let shown = '';
    let done = 0;
    for (let i = 0; i < parts.length; i += 2) {
      shown += text.slice(done, parts[i]) + mask;
      done = parts[i + 1] as number;
    }
    return done === 0 ? text : shown + text.slice(done);
  }

  /** The same ranges, in a text that was derived from the original. */
  translateTo({ text, from, to }: TracedText): MaskedRanges {
    if (from === undefined || to === undefined) return this;
    const masked = new MaskedRanges();
    const parts = this.#joined();
    for (let i = 0, unit = 0; i < parts.length && unit < text.length;) {
      if ((to[unit] as number) <= (parts[i] as number)) unit += 1;
      else if ((from[unit] as number) >= (parts[i + 1] as number)) i += 2;
      else masked.add(unit, ++unit);
    }
    return masked;
  }

  /** In order, with overlapping and touching ranges merged. */
  #joined(): readonly number[] {
    const parts = this.#parts;
    const order = Array.from({ length: parts.length / 2 }, (_, n) => 2 * n);
    order.sort((a, b) => (parts[a] as number) - (parts[b] as number));
    const joined: number[] = [];
    for (const i of order) {
      const start = parts[i] as number;
      const end = parts[i + 1] as number;
      const last = joined.length - 1;
      if (last > 0 && start <= (joined[last] as number)) joined[last] = Math.max(end, joined[last] as number);
      else joined.push(start, end);
    }
    return joined;
  }
}
