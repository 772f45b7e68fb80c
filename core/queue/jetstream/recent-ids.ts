/** The events that a process has met within the dedup window, by id, each with where it was. */
export class RecentIds {
  readonly #windowMs: number;
  readonly #elapsed: () => number;
  /** Two halves of the window: the older one goes as a whole. */
  #newer = new Map<string, string>();
  #older = new Map<string, string>();
  #turnedAt: number;

  constructor(windowMs: number, elapsed: () => number = () => performance.now()) {
    this.#windowMs = windowMs;
    this.#elapsed = elapsed;
    this.#turnedAt = elapsed();
  }

  /** False where the id was met elsewhere. */
  add(id: string, at: string): boolean {
    if (this.#windowMs === 0) return true;
    this.#turn();
    const before = this.#newer.get(id) ?? this.#older.get(id);
    if (before !== undefined) return before === at;
    this.#newer.set(id, at);
    return true;
  }

  #turn(): void {
    const now = this.#elapsed();
    if (now - this.#turnedAt < this.#windowMs) return;
    this.#older = now - this.#turnedAt < 2 * this.#windowMs ? this.#newer : new Map();
    this.#newer = new Map();
    this.#turnedAt = now;
  }
}
