import type { Rate } from '../api/manifest.ts';
import { intervalOf, loggedDate, slotMs, type PermitLease, type PermitMove } from './permit-log.ts';

/** Permits that this process may use for a while. Times are those of clock.elapsed. */
interface LeasedPermits {
  from: number;
  readonly until: number;
  readonly atOnce: number;
  /** So many are due at most: those beyond come later, however long nothing was sent. */
  readonly mostDue: number;
  /** What it is called by the limiter. */
  date: number;
  /** The limiter's clock less the one here: at most so much. */
  readonly offset: number;
  /** Permits of requests, those included that have not started. */
  drawn: number;
  remaining: number;
  /** Of requests that are about to leave. */
  reserved: number;
  /** What left since the limiter was told, by date. */
  readonly uses: Map<number, number>;
}

/** The permits that a process has of a rate that it shares, until their slots of time are over. */
export class PermitStock {
  readonly #rate: Rate;
  readonly #interval: number;
  #leases: LeasedPermits[] = [];
  /** Of requests that are about to leave, in their order. */
  readonly #leaving: { readonly lease: LeasedPermits; permits: number }[] = [];

  constructor(rate: Rate) {
    this.#rate = rate;
    this.#interval = intervalOf(rate);
  }

  /** When within the answer's time the limiter read its clock is not known: good from the later, until the earlier. */
  add({ permits, inMs, atOnce, untilMs, date }: PermitLease, askedAt: number, now: number): void {
    const until = askedAt + untilMs;
    const offset = date - until;
    const uses = new Map<number, number>();
    const from = now + inMs;
    const mostDue = Math.max(atOnce, this.#rate.burst ?? permits);
    this.#leases.push({ from, until, atOnce, mostDue, date, offset, drawn: 0, remaining: permits, reserved: 0, uses });
  }

  /** Permits that may be used, now or later. */
  size(now: number): number {
    return this.#leases.reduce((sum, { until, remaining }) => (until > now ? sum + remaining : sum), 0);
  }

  /** Nothing may be used, and nothing is about to leave. */
  isEmpty(now: number): boolean {
    return this.#leaving.length === 0 && this.size(now) === 0;
  }

  /** When so many may be used in one request; `undefined` if there are not so many. */
  whenDue(permits: number, now: number): number | undefined {
    let usable = 0;
    let most = 0;
    for (const lease of this.#leases) {
      usable += this.#usable(lease, now);
      if (lease.until > now) most += Math.min(lease.remaining, lease.mostDue);
    }
    if (usable >= permits) return now;
    if (most < permits) return undefined;
    const dates: number[] = [];
    for (const { from, until, atOnce, drawn, remaining } of this.#leases)
      for (let nth = drawn + 1; until > now && nth <= drawn + remaining; nth += 1)
        dates.push(from + Math.max(0, nth - atOnce) * this.#interval);
    const at = Math.ceil(dates.toSorted((one, other) => one - other)[permits - 1] ?? now);
    // Some are due and may not be used at once; some are over by then.
    return at > now && this.size(at) >= permits ? at : undefined;
  }

  /** Sets permits aside for a request. */
  draw(permits: number, now: number): void {
    let due = permits;
    for (const lease of this.#leases) {
      const some = Math.min(due, this.#usable(lease, now));
      if (some <= 0) continue;
      const tooMany = this.#due(lease, now) - lease.mostDue;
      if (tooMany > 0) lease.from += tooMany * this.#interval;
      lease.remaining -= some;
      lease.drawn += some;
      lease.reserved += some;
      this.#leaving.push({ lease, permits: some });
      due -= some;
    }
  }

  /** The request for which permits were set aside last takes so many fewer. */
  restore(permits: number): void {
    let fewer = permits;
    for (let last = this.#leaving.at(-1); fewer > 0 && last !== undefined; last = this.#leaving.at(-1)) {
      const some = Math.min(fewer, last.permits);
      last.permits -= some;
      last.lease.reserved -= some;
      last.lease.drawn -= some;
      last.lease.remaining += some;
      fewer -= some;
      if (last.permits === 0) this.#leaving.pop();
    }
  }

  /** A request leaves: with the permits that were set aside first, as its own cannot be told from others. */
  use(permits: number, now: number): void {
    let due = permits;
    for (let first = this.#leaving[0]; due > 0 && first !== undefined; first = this.#leaving[0]) {
      const some = Math.min(due, first.permits);
      const { lease } = first;
      first.permits -= some;
      lease.reserved -= some;
      due -= some;
      // The clock here counts whole milliseconds.
      const date = loggedDate(this.#rate, now + 1 + lease.offset);
      lease.uses.set(date, (lease.uses.get(date) ?? 0) + some);
      if (first.permits === 0) this.#leaving.shift();
    }
  }

  /** What the limiter does not know yet. Forgets leases that are over. */
  moves(now: number): PermitMove[] {
    const moves: PermitMove[] = [];
    for (const lease of this.#leases) {
      for (const [to, permits] of lease.uses) if (to !== lease.date) moves.push({ from: lease.date, permits, to });
      lease.uses.clear();
      if (now < lease.until) continue;
      if (lease.remaining > 0) moves.push({ from: lease.date, permits: lease.remaining });
      lease.remaining = 0;
    }
    this.#leases = this.#leases.filter(({ remaining, reserved }) => remaining > 0 || reserved > 0);
    return moves;
  }

  /** The same, where requests that have not started keep their permits: those are dated anew. */
  renewals(now: number): PermitMove[] {
    const moves = this.moves(now);
    for (const lease of this.#leases) {
      if (lease.reserved === 0 || now < lease.until) continue;
      const to = loggedDate(this.#rate, now + 1 + slotMs(this.#rate) + lease.offset);
      if (to <= lease.date) continue;
      moves.push({ from: lease.date, permits: lease.reserved, to });
      lease.date = to;
    }
    return moves;
  }

  /** Whether a request may leave, or has left, later than the limiter counts it. */
  get isLate(): boolean {
    return this.#leaving.length > 0 || this.#leases.some(({ date, uses }) => [...uses.keys()].some((to) => to > date));
  }

  /** Permits of a lease that are due, and may still be used. */
  #usable(lease: LeasedPermits, now: number): number {
    const { from, until, remaining, mostDue } = lease;
    if (now < from || now >= until) return 0;
    return Math.max(0, Math.min(remaining, mostDue, this.#due(lease, now)));
  }

  #due({ from, atOnce, drawn, remaining }: LeasedPermits, now: number): number {
    return this.#interval === 0 ? remaining : atOnce + Math.floor((now - from) / this.#interval) - drawn;
  }
}
