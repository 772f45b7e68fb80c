import type { KV } from '@nats-io/kv';

const key = 'clock';
/** Questions of one reading: the quickest answer tells the most. */
const readings = 3;
/** How long a reading is good (ms), and how far two clocks drift apart meanwhile. */
const goodMs = 10_000;
const driftMs = 1;

interface Reading {
  /** By elapsed(). */
  readonly at: number;
  /** The broker's clock less elapsed(): at least, at most. */
  readonly least: number;
  readonly most: number;
}

/**
 * What time it is on the broker, by which processes on machines with clocks of their own can date things alike. The
 * broker stamps each entry of a bucket as it takes it: that was between a question and its answer.
 */
export class BrokerClock {
  readonly #bucket: KV;
  readonly #elapsed: () => number;
  #reading: Reading | undefined;
  #isReading: Promise<Reading> | undefined;

  /** `elapsed`: milliseconds of a clock that nobody sets. */
  constructor(bucket: KV, elapsed: () => number) {
    this.#bucket = bucket;
    this.#elapsed = elapsed;
  }

  /** Makes sure that it knows. Rejects when the broker does not answer. */
  async read(): Promise<void> {
    if (this.#reading !== undefined && this.#elapsed() - this.#reading.at < goodMs) return;
    this.#isReading ??= this.#ask().finally(() => {
      this.#isReading = undefined;
    });
    this.#reading = await this.#isReading;
  }

  /** The broker's date when elapsed() was `at`, in epoch ms: not before, and not after. */
  dates(at: number): { readonly earliest: number; readonly latest: number } {
    const { least, most } = this.#reading ?? { least: Number.NaN, most: Number.NaN };
    return { earliest: at + least - driftMs, latest: at + most + driftMs };
  }

  async #ask(): Promise<Reading> {
    let best: Reading | undefined;
    for (let count = 0; count < readings; count += 1) {
      const before = this.#elapsed();
      const revision = await this.#bucket.put(key, '');
      const entry = await this.#bucket.get(key);
      const at = this.#elapsed();
      if (entry === null || entry.revision < revision) throw new Error('the broker does not know what it took');
      // A stamp is cut to whole milliseconds.
      const created = entry.created.getTime();
      const reading = { at, least: created - at, most: created + 1 - before };
      if (best === undefined || reading.most - reading.least < best.most - best.least) best = reading;
    }
    return best as Reading;
  }
}
