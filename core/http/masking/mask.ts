import type { Traced } from './decoded.ts';

/** What stands for something that must not be shown. */
const mask = '***';

/** The parts of a text that are masked. */
export class Masked {
  /** Start and end, in turn. */
  readonly #parts: number[] = [];

  add(start: number, end: number): void {
    const last = this.#parts.length - 1;
    // Parts are found from left to right, and often twice.
    if (last > 0 && start >= (this.#parts[last - 1] as number) && start <= (this.#parts[last] as number)) {
      if (end > (this.#parts[last] as number)) this.#parts[last] = end;
    } else if (start < end) this.#parts.push(start, end);
  }

  /** The text that the parts are of, with `***` in place of each. */
  over(text: string): string {
    const parts = this.#joined();
    let shown = '';
    let done = 0;
    for (let i = 0; i < parts.length; i += 2) {
      shown += text.slice(done, parts[i]) + mask;
      done = parts[i + 1] as number;
    }
    return done === 0 ? text : shown + text.slice(done);
  }

  /** The same parts, in what was made of that text. */
  in({ text, from, to }: Traced): Masked {
    if (from === undefined || to === undefined) return this;
    const masked = new Masked();
    const parts = this.#joined();
    for (let i = 0, unit = 0; i < parts.length && unit < text.length;) {
      if ((to[unit] as number) <= (parts[i] as number)) unit += 1;
      else if ((from[unit] as number) >= (parts[i + 1] as number)) i += 2;
      else masked.add(unit, ++unit);
    }
    return masked;
  }

  /** In order; parts that overlap or touch as one. */
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
