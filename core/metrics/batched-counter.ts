import type { Registry } from 'prom-client';
import { loadPromClient } from './prom-client.ts';

const { Counter } = loadPromClient();

/** A number that only grows, for one set of labels. */
export interface Count {
  /** Since the last scrape. */
  added: number;
}

/**
 * A counter that adds up by itself, and tells prom-client at each scrape: prom-client looks up the labels whenever it
 * counts, which takes half a microsecond, as long as the rest of what an event costs here.
 */
export class BatchedCounter<L extends string> {
  readonly #counts: (Count & { readonly labels: Readonly<Record<L, string>> })[] = [];

  constructor(register: Registry, name: string, help: string, labelNames: readonly L[]) {
    const counts = this.#counts;
    new Counter({
      name,
      help,
      labelNames,
      registers: [register],
      collect() {
        for (const count of counts) {
          this.inc(count.labels, count.added);
          count.added = 0;
        }
      },
    });
  }

  /** The caller keeps it: each call makes another part of the same sum. */
  count(labels: Readonly<Record<L, string>>): Count {
    const count = { labels, added: 0 };
    this.#counts.push(count);
    return count;
  }
}

/** The counts of a counter by a text, made when each is first needed. */
export class CountsByKey {
  readonly #make: (key: string) => Count;
  readonly #counts = new Map<string, Count>();

  constructor(make: (key: string) => Count) {
    this.#make = make;
  }

  add(key: string, more = 1): void {
    let count = this.#counts.get(key);
    if (count === undefined) this.#counts.set(key, (count = this.#make(key)));
    count.added += more;
  }
}
