const longestMs = 600_000;

/**
 * How often each latency was measured, to two significant figures, up to ten minutes. Holds those that occurred alone:
 * a histogram of Node takes 80 kB, which thousands of connections have no memory for.
 */
export class Latencies {
  readonly #counts = new Map<number, number>();
  #total = 0;

  record(ms: number): void {
    this.#add(rounded(Math.min(longestMs, Math.max(1, ms))), 1);
  }

  add(other: Latencies): void {
    for (const [ms, count] of other.#counts) this.#add(ms, count);
  }

  /** In ms; `null` where nothing was measured. */
  percentiles(): { readonly p50: number; readonly p95: number; readonly p99: number } | null {
    if (this.#total === 0) return null;
    const sorted = [...this.#counts].sort(([a], [b]) => a - b);
    const at = (percent: number): number => {
      let rank = Math.ceil((this.#total * percent) / 100);
      for (const [ms, count] of sorted) {
        rank -= count;
        if (rank <= 0) return ms;
      }
      return longestMs;
    };
    return { p50: at(50), p95: at(95), p99: at(99) };
  }

  #add(ms: number, count: number): void {
    this.#counts.set(ms, (this.#counts.get(ms) ?? 0) + count);
    this.#total += count;
  }
}

/** To whole milliseconds, and to two significant figures. */
function rounded(ms: number): number {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(ms)) - 1);
  return Math.round(ms / step) * step;
}
