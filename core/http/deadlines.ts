import { InFlight, type Linked } from './in-flight.ts';

/** An exchange as its deadline sees it. */
export interface Expiring extends Linked<Expiring> {
  /** Monotonic milliseconds. */
  readonly expiresAt: number;
  /** The deadline has passed. */
  expire(): void;
}

/**
 * Enforces the deadlines of the requests in flight. One timer checks those of all connections a few times per timeout:
 * a timer or an AbortSignal per request would cost more than the request, and 5,000 connections with a timer each spend
 * a tenth of their time on timers.
 */
export class Deadlines {
  readonly #elapsed: () => number;
  readonly #tickMs: number;
  /** Exchanges that have not settled. */
  readonly #inFlight = new InFlight<Expiring>();
  #timer: NodeJS.Timeout | undefined;
  #checkAt = 0;

  constructor(elapsed: () => number, tickMs: number) {
    this.#elapsed = elapsed;
    this.#tickMs = tickMs;
  }

  /** Makes sure of a check by the time that this one may have expired. */
  add(exchange: Expiring): void {
    this.#inFlight.add(exchange);
    if (this.#timer !== undefined && this.#checkAt <= exchange.expiresAt) return;
    const now = this.#elapsed();
    this.#checkIn(Math.min(this.#tickMs, Math.max(0, exchange.expiresAt - now)), now);
  }

  delete(exchange: Expiring): void {
    this.#inFlight.delete(exchange);
  }

  /** How many exchanges have not settled. */
  get count(): number {
    return this.#inFlight.count;
  }

  #checkIn(ms: number, now: number): void {
    clearTimeout(this.#timer);
    this.#checkAt = now + ms;
    this.#timer = setTimeout(() => this.#check(), ms).unref();
  }

  #check(): void {
    this.#timer = undefined;
    // The process did something else meanwhile: answers may be there that the event loop reads only after its timers,
    // and before its immediates.
    if (this.#elapsed() > this.#checkAt + this.#tickMs) setImmediate(() => this.#expire());
    else this.#expire();
  }

  #expire(): void {
    const now = this.#elapsed();
    for (let exchange = this.#inFlight.first; exchange !== undefined;) {
      // Read before, because an exchange that expires leaves the list.
      const { nextInFlight }: Expiring = exchange;
      if (exchange.expiresAt <= now) exchange.expire();
      exchange = nextInFlight;
    }
    if (this.#inFlight.first !== undefined && this.#timer === undefined) this.#checkIn(this.#tickMs, now);
  }
}

/** The deadlines of one runtime: connections with the same precision share theirs. */
export class SharedDeadlines {
  readonly #elapsed: () => number;
  readonly #byTick = new Map<number, Deadlines>();

  constructor(elapsed: () => number) {
    this.#elapsed = elapsed;
  }

  /** For requests with this time limit. */
  for(timeoutMs: number): Deadlines {
    const tickMs = Math.min(250, Math.max(5, Math.floor(timeoutMs / 40)));
    const deadlines = this.#byTick.get(tickMs) ?? new Deadlines(this.#elapsed, tickMs);
    this.#byTick.set(tickMs, deadlines);
    return deadlines;
  }

  /** How many exchanges of all connections have not settled. */
  count(): number {
    let count = 0;
    for (const deadlines of this.#byTick.values()) count += deadlines.count;
    return count;
  }
}
