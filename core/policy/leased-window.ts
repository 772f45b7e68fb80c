import type { Rate } from '../api/manifest.ts';
import type { Clock } from './clock.ts';
import { aheadMs, intervalOf, slotMs, type PermitLease, type PermitMove, type PermitRequest } from './permit-log.ts';
import { PermitStock } from './permit-stock.ts';
import type { DueRequests, PermitWaiter, SlidingWindow } from './sliding-window.ts';

/** Where the permits of a LeasedWindow come from. */
export interface PermitSource {
  reserve(request: PermitRequest): Promise<PermitLease>;
  onDefect(error: unknown): void;
}

/** A limiter that has not answered for so long is asked again (ms). */
const silentMs = 5_000;
/** Waits between tries of a limiter that fails (ms). */
const [firstRetryMs, longestRetryMs] = [100, 5_000];
/** What a limiter takes to answer, until it is known (ms). */
const usualAnswerMs = 5;
/** An answer that takes long refuses nobody. */
const mostGuessMs = 50;

/**
 * A window of a rate that several processes share: permits come from a limiter, for about a tenth of a second, and
 * nothing leaves without one. It asks only while somebody waits, and says with its next question when the permits of
 * the last answers were used, or that they were not.
 */
export class LeasedWindow implements SlidingWindow {
  readonly #rate: Rate;
  readonly #source: PermitSource;
  readonly #clock: Pick<Clock, 'elapsed' | 'after' | 'random'>;
  readonly #interval: number;
  readonly #slotMs: number;
  readonly #cap: number;
  readonly #stock: PermitStock;
  readonly #waiters = new Map<PermitWaiter, DueRequests>();
  #question: { readonly at: number } | undefined;
  #askAt = Number.NEGATIVE_INFINITY;
  #opensAt = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #answerMs = usualAnswerMs;
  #usage: { readonly since: number; at: number; perMs: number } | undefined;
  #cancelReport: (() => void) | undefined;

  constructor(rate: Rate, source: PermitSource, clock: Pick<Clock, 'elapsed' | 'after' | 'random'>) {
    this.#rate = rate;
    this.#source = source;
    this.#clock = clock;
    this.#stock = new PermitStock(rate);
    this.#interval = intervalOf(rate);
    this.#slotMs = slotMs(rate);
    this.#cap = Math.ceil((rate.permits * this.#slotMs) / rate.perMs);
  }

  delayMs(items: number, now: number): number {
    const due = this.#stock.whenDue(this.#costOf(items), now);
    if (due !== undefined) return Math.max(0, due - now);
    const opensIn = Math.max(this.#opensAt, this.#failures > 0 ? this.#askAt : now) - now;
    return Math.max(1, opensIn, Math.min(this.#answerMs, mostGuessMs));
  }

  behindMs(requests: number, items: number, now: number): number {
    const { permits, perMs, burst = 0, cost } = this.#rate;
    const due = (cost === 'item' ? items : requests) + 1;
    const opensIn = Math.max(0, this.#opensAt - now);
    const atOnce = opensIn > 0 ? 0 : this.#interval > 0 ? burst : permits;
    const excess = Math.max(0, due - Math.max(atOnce, this.#stock.size(now)));
    // What the others have of the rate shows in how much this process had of it.
    const alone = this.#interval > 0 ? 1 / this.#interval : permits / perMs;
    const { since = now, perMs: own = 0 } = this.#usage ?? {};
    const share = opensIn > 0 && now - since >= perMs ? Math.min(alone, Math.max(own, alone / 16)) : alone;
    return opensIn + (this.#interval > 0 ? excess / share : Math.floor(excess / (share * perMs)) * perMs);
  }

  expect(waiter: PermitWaiter, due: DueRequests): void {
    this.#waiters.delete(waiter);
    this.#waiters.set(waiter, due);
    this.#ask(this.#clock.elapsed());
  }

  isEmpty(now: number): boolean {
    return this.#stock.isEmpty(now);
  }

  reserve(items: number, now: number): void {
    this.#stock.draw(this.#costOf(items), now);
    this.#scheduleReport();
  }

  change(items: number, leaving: number): void {
    this.#stock.restore(this.#costOf(items) - (leaving === 0 ? 0 : this.#costOf(leaving)));
    this.#scheduleReport();
  }

  start(items: number, now: number): void {
    const cost = this.#costOf(items);
    this.#stock.use(cost, now);
    const { since = now, at = now, perMs = 0 } = this.#usage ?? {};
    const fading = Math.exp((at - now) / this.#rate.perMs);
    this.#usage = { since, at: now, perMs: perMs * fading + cost / this.#rate.perMs };
    this.#scheduleReport();
  }

  #costOf(items: number): number {
    return this.#rate.cost === 'item' ? items : 1;
  }

  #ask(now: number): void {
    if (this.#question !== undefined) {
      if (now - this.#question.at < silentMs) return;
      this.#failed(new Error('the shared rate limiter does not answer'), now);
    }
    if (now < this.#askAt) return;
    const waiting = [...this.#waiters.values()];
    const least = this.#costOf(waiting[0]?.head ?? 1);
    const wanted = waiting.reduce(
      (sum, { requests, items }) => sum + (this.#rate.cost === 'item' ? items : requests),
      0,
    );
    const stock = this.#stock.size(now);
    if (this.#stock.whenDue(least, now) !== undefined && stock >= Math.min(wanted, this.#cap) / 2) return;
    const usual = Math.ceil((this.#usage?.perMs ?? 0) * this.#slotMs);
    const most = Math.max(least, Math.min(this.#cap, Math.max(wanted - stock, usual)));
    const question = { at: now };
    this.#question = question;
    this.#reserve(most, least, this.#stock.moves(now)).then(
      (lease) => {
        if (this.#question === question) this.#take(lease, question.at, most);
      },
      (error: unknown) => {
        if (this.#question === question) this.#failed(error, this.#clock.elapsed());
      },
    );
  }

  async #reserve(most: number, least: number, moves: readonly PermitMove[]): Promise<PermitLease> {
    // An answer takes its time, and a part of it is lost at either end.
    const forMs = this.#slotMs + 2 * this.#answerMs;
    return this.#source.reserve({ rate: this.#rate, most, least, forMs, moves });
  }

  #take(lease: PermitLease, askedAt: number, most: number): void {
    const { permits, inMs } = lease;
    const now = this.#clock.elapsed();
    this.#question = undefined;
    this.#failures = 0;
    this.#answerMs = Math.max(now - askedAt, this.#answerMs * 0.9, 1);
    this.#opensAt = permits > 0 ? Number.NEGATIVE_INFINITY : now + inMs;
    // Few permits at a time would be many questions.
    const pauseMs = permits === 0 ? inMs - aheadMs(this.#rate) : permits < most ? this.#slotMs / 5 : 0;
    this.#askAt = now + Math.max(0, pauseMs);
    if (permits > 0) this.#stock.add(lease, askedAt, now);
    // Whoever still waits gets in line again, behind the others.
    for (let count = this.#waiters.size; count > 0 && (permits === 0 || this.#stock.size(now) > 0); count -= 1) {
      const [waiter] = this.#waiters.keys();
      if (waiter === undefined) return;
      this.#waiters.delete(waiter);
      waiter.permitsCame();
    }
  }

  #failed(error: unknown, now: number): void {
    this.#question = undefined;
    const wait = Math.min(longestRetryMs, firstRetryMs * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 10);
    this.#askAt = now + wait * (0.5 + this.#clock.random() / 2);
    this.#source.onDefect(error);
  }

  /**
   * A request that has not started may do so long after its permits' date, when they would no longer count: they are
   * dated anew before that.
   */
  #scheduleReport(): void {
    if (!this.#stock.isLate) {
      this.#cancelReport?.();
      this.#cancelReport = undefined;
      return;
    }
    this.#cancelReport ??= this.#clock.after(this.#rate.perMs / 2, () => {
      this.#cancelReport = undefined;
      this.#report(this.#clock.elapsed());
      this.#scheduleReport();
    });
  }

  #report(now: number): void {
    const moves = this.#stock.renewals(now);
    if (moves.length === 0) return;
    this.#reserve(0, 0, moves).catch((error: unknown) => this.#source.onDefect(error));
  }
}
