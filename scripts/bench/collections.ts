import { PerformanceObserver, type PerformanceEntry } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

/** Notes the garbage collections of this process. */
export class CollectionWatch {
  readonly #collections: PerformanceEntry[] = [];

  constructor() {
    const note = (list: { getEntries(): PerformanceEntry[] }) => void this.#collections.push(...list.getEntries());
    new PerformanceObserver(note).observe({ entryTypes: ['gc'] });
  }

  /** The collections since a time of `performance.now()`: how many, and for how long the thread did nothing else. */
  async since(time: number): Promise<{ readonly count: number; readonly ms: number }> {
    // The observer hears of a collection a turn of the loop later.
    await sleep(10);
    const found = this.#collections.filter(({ startTime }) => startTime >= time);
    return { count: found.length, ms: found.reduce((sum, { duration }) => sum + duration, 0) };
  }
}
