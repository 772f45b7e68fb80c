import { createHmac, randomBytes } from 'node:crypto';

/** Where events of the tracking API come from, and which connections get them. */
export interface TrackingSource {
  readonly id: string;
  /** Whoever has it may send events as this source, and nothing else. Any page that uses it shows it. */
  readonly writeKey: string;
  /** Ids of connections. */
  readonly connections: readonly string[];
  /** Events a second. Default: 1,000. */
  readonly rate?: number | undefined;
}

const defaultRate = 1_000;

/** How much of a rate may be used at once, in milliseconds of it. */
const burstMs = 1_000;
/** Less than this is the rounding of a fraction, in milliseconds. */
const rounding = 0.001;

/** A source whose rate is held, by the generic cell rate algorithm (ITU-T I.371). */
export class MeteredSource {
  readonly id: string;
  readonly connections: readonly string[];
  readonly #rate: number;
  /** Until when everything taken so far is paid for, on the clock of take(). */
  #paidAt: number;

  /** `before`: the same source under its settings before. At an equal rate it has still sent what it sent. */
  constructor({ id, connections, rate = defaultRate }: TrackingSource, before?: MeteredSource) {
    this.id = id;
    this.connections = connections;
    this.#rate = rate;
    this.#paidAt = before !== undefined && before.#rate === rate ? before.#paidAt : Number.NEGATIVE_INFINITY;
  }

  /**
   * Takes so many events off the rate, of which a second's worth may be used at once. Returns 0, or for how many
   * milliseconds they have to wait: then nothing is taken. A batch that is more than that is taken when all before it
   * is paid for, and makes others wait for it. `now`: milliseconds of a clock that nobody sets.
   */
  take(events: number, now: number): number {
    const from = Math.max(this.#paidAt, now - burstMs);
    const cost = (events * 1_000) / this.#rate;
    const wait = from + Math.min(cost, burstMs) - now;
    if (wait > rounding) return wait;
    this.#paidAt = from + cost;
    return 0;
  }
}

/** The sources of a service, by their write keys. */
export class TrackingSources {
  /** Of this process: how long it takes to find a key, or not to, tells nothing of another key. */
  readonly #secret = randomBytes(32);
  #byDigest: ReadonlyMap<string, MeteredSource> = new Map();

  constructor(sources: readonly TrackingSource[] = []) {
    this.replace(sources);
  }

  replace(sources: readonly TrackingSource[]): void {
    const before = new Map([...this.#byDigest.values()].map((source) => [source.id, source]));
    this.#byDigest = new Map(
      sources.map((source) => [this.#digest(source.writeKey), new MeteredSource(source, before.get(source.id))]),
    );
  }

  /** `undefined`: no source has that key. */
  find(writeKey: string): MeteredSource | undefined {
    return this.#byDigest.get(this.#digest(writeKey));
  }

  #digest(writeKey: string): string {
    return createHmac('sha256', this.#secret).update(writeKey).digest('base64');
  }
}
