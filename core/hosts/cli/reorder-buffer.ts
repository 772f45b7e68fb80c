import type { Outcome } from '../../index.ts';

const defaultCapacity = 65_536;

/**
 * One outcome per line of the input, emitted in the order of the lines. Holds no more than `capacity` lines from the
 * first one that waits for its outcome: the reader of the input waits for `whenReady()`.
 */
export class OrderedOutcomes {
  readonly #emit: (line: number, outcome: Outcome) => void;
  readonly #capacity: number;
  // Rings. Places count lines, indices count the events among them; neither can run ahead by more than the capacity.
  readonly #lineAt: Float64Array;
  /** Grows up to the capacity: most inputs are short, and filling it takes milliseconds. */
  readonly #outcomeAt: (Outcome | undefined)[] = [];
  readonly #placeOf: Float64Array;
  #places = 0;
  #reserved = 0;
  #emitted = 0;
  #wake: (() => void) | undefined;

  constructor(emit: (line: number, outcome: Outcome) => void, capacity: number = defaultCapacity) {
    this.#emit = emit;
    this.#capacity = capacity;
    this.#lineAt = new Float64Array(capacity);
    this.#placeOf = new Float64Array(capacity);
  }

  /** The next line went to the stream; its outcome comes with settle(). */
  reserve(line: number): void {
    this.#placeOf[this.#reserved % this.#capacity] = this.#add(line);
    this.#reserved += 1;
  }

  /** The next line did not go to the stream: it has its outcome already. */
  settleNow(line: number, outcome: Outcome): void {
    this.#put(this.#add(line), outcome);
  }

  /** The outcome of the n-th reserved line, from 0. */
  settle(index: number, outcome: Outcome): void {
    const place = this.#placeOf[index % this.#capacity] ?? 0;
    if (index < this.#reserved && place >= this.#emitted) this.#put(place, outcome);
  }

  get full(): boolean {
    return this.#places - this.#emitted >= this.#capacity;
  }

  /** Resolves when there is space for a line. */
  whenReady(): Promise<void> {
    if (!this.full) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Lines so far. */
  get count(): number {
    return this.#places;
  }

  /**
   * The stream ended. If it was stopped before its last line, that line counts as not attempted. Any other line without
   * an outcome is lost, and gets the outcome that `lost` returns.
   */
  finish(stopped: boolean, lost: () => Outcome): void {
    const last = this.#places - 1;
    if (stopped && last >= this.#emitted && this.#outcomeAt[last % this.#capacity] === undefined) this.#places = last;
    for (let place = this.#emitted; place < this.#places; place++) {
      if (this.#outcomeAt[place % this.#capacity] === undefined && place >= this.#emitted) this.#put(place, lost());
    }
  }

  /** After finish(): the first line that was not attempted. */
  get nextLine(): number {
    return this.#places === 0 ? 1 : (this.#lineAt[(this.#places - 1) % this.#capacity] ?? 0) + 1;
  }

  #add(line: number): number {
    this.#lineAt[this.#places % this.#capacity] = line;
    if (this.#places < this.#capacity) this.#outcomeAt.push(undefined);
    this.#places += 1;
    return this.#places - 1;
  }

  #put(place: number, outcome: Outcome): void {
    this.#outcomeAt[place % this.#capacity] ??= outcome;
    while (this.#emitted < this.#places) {
      const slot = this.#emitted % this.#capacity;
      const next = this.#outcomeAt[slot];
      if (next === undefined) break;
      this.#outcomeAt[slot] = undefined;
      this.#emitted += 1;
      this.#emit(this.#lineAt[slot] ?? 0, next);
    }
    if (this.#wake !== undefined && !this.full) {
      this.#wake();
      this.#wake = undefined;
    }
  }
}
