import Denque from 'denque';
import type { Rate } from '../api/manifest.ts';

/** Permits under a rate: no window of `perMs`, wherever it starts, carries more than `permits`. */
export interface SlidingWindow {
  /** Milliseconds until `items` in one request may leave; 0 = now. */
  delayMs(items: number, now: number): number;
  /** About how many milliseconds, at least, until one more may leave behind so many that wait for permits already. */
  behindMs(requests: number, items: number, now: number): number;
  /**
   * Sets permits aside for a request that is about to leave. They count from now on, and into every window until it
   * does.
   */
  reserve(items: number, now: number): void;
  /** That request leaves with another number of items, or (0) not at all. */
  change(items: number, leaving: number): void;
  /** Nothing left within it, and nothing is about to leave: it lets as much through as a new window. */
  isEmpty(now: number): boolean;
  /** That request leaves now: compressing and connecting may have taken their time. */
  start(items: number, now: number): void;
  /** Of a window whose permits come from elsewhere: these requests wait for some, and `waiter` is told of the next. */
  expect?(waiter: PermitWaiter, due: DueRequests): void;
}

/** Whoever waits for permits that come from elsewhere. */
export interface PermitWaiter {
  /** Called once for each expect(). */
  permitsCame(): void;
}

/** Requests that could leave at once if there were permits. */
export interface DueRequests {
  /** Items of the one that is first. */
  readonly head: number;
  readonly requests: number;
  readonly items: number;
}

export const createSlidingWindow = (rate: Rate): SlidingWindow =>
  rate.burst !== undefined && rate.burst < rate.permits ? new EvenWindow(rate, rate.burst) : new UnevenWindow(rate);

/**
 * It remembers what left inside the window; a token bucket as large as the permits would let almost twice the rate
 * through around an idle second.
 */
class UnevenWindow implements SlidingWindow {
  readonly #rate: Rate;
  /** Made when the first request leaves. */
  #starts: Denque<{ readonly at: number; readonly cost: number }> | undefined;
  /** Permits of requests that left inside the window, and of those that are about to. */
  #inside = 0;
  #reserved = 0;

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  delayMs(items: number, now: number): number {
    this.#forget(now);
    let excess = this.#reserved + this.#inside + permitsFor(this.#rate.cost, items) - this.#rate.permits;
    let wait = 0;
    for (let i = 0; excess > 0; i++) {
      const entry = this.#starts?.peekAt(i);
      // A request that takes more than all permits leaves when nothing else is in the window.
      if (entry === undefined) return this.#reserved > 0 ? this.#rate.perMs : wait;
      wait = entry.at + this.#rate.perMs - now;
      excess -= entry.cost;
    }
    return wait;
  }

  behindMs(requests: number, items: number, now: number): number {
    this.#forget(now);
    const { permits, perMs, cost } = this.#rate;
    let excess = this.#reserved + this.#inside + (cost === 'item' ? items : requests) + 1 - permits;
    let wait = 0;
    for (let i = 0; excess > 0; i++) {
      const entry = this.#starts?.peekAt(i);
      // Nothing more leaves the window: those that wait take one window after another.
      if (entry === undefined) return wait + Math.ceil(excess / permits) * perMs;
      wait = entry.at + perMs - now;
      excess -= entry.cost;
    }
    return wait;
  }

  isEmpty(now: number): boolean {
    this.#forget(now);
    return this.#inside === 0 && this.#reserved === 0;
  }

  reserve(items: number): void {
    this.#reserved += permitsFor(this.#rate.cost, items);
  }

  change(items: number, leaving: number): void {
    this.#reserved += (leaving === 0 ? 0 : permitsFor(this.#rate.cost, leaving)) - permitsFor(this.#rate.cost, items);
  }

  start(items: number, now: number): void {
    const cost = permitsFor(this.#rate.cost, items);
    this.#reserved -= cost;
    (this.#starts ??= new Denque()).push({ at: now, cost });
    this.#inside += cost;
  }

  #forget(now: number): void {
    if (this.#starts === undefined) return;
    for (
      let oldest = this.#starts.peekFront();
      oldest !== undefined && oldest.at + this.#rate.perMs <= now;
      oldest = this.#starts.peekFront()
    ) {
      this.#inside -= oldest.cost;
      this.#starts.shift();
    }
  }
}

/** Less than this is the rounding of a clock, not a wait, in milliseconds. */
const rounding = 0.001;

/**
 * Lets `burst` permits go at once and the others one by one (the generic cell rate algorithm, ITU-T I.371): the burst
 * and what comes after it in one window are `permits` together. Dates of start hold the windows as well, because a
 * request may leave long after its permits were set aside.
 */
class EvenWindow implements SlidingWindow {
  readonly #cost: Rate['cost'];
  readonly #burst: number;
  readonly #interval: number;
  readonly #inWindow: UnevenWindow;
  /**
   * Requests larger than the burst leave at a distance that their size says; so many may fit into a window that the
   * last one exceeds it. Their window is as much longer as all its permits take.
   */
  readonly #large: UnevenWindow | undefined;
  /** When all permits of requests that have left are paid for, as the clock says. */
  #paidAt = Number.NEGATIVE_INFINITY;
  /** The same with those that are set aside: when they leave is not known yet, at the latest now. */
  #clearAt = Number.NEGATIVE_INFINITY;
  #setAside = 0;

  constructor(rate: Rate, burst: number) {
    const { permits, perMs, cost } = rate;
    this.#cost = cost;
    this.#burst = burst;
    this.#interval = perMs / (permits - burst);
    this.#inWindow = new UnevenWindow(rate);
    this.#large = cost === 'item' ? new UnevenWindow({ ...rate, perMs: permits * this.#interval }) : undefined;
  }

  delayMs(items: number, now: number): number {
    const due = permitsFor(this.#cost, items);
    const isLarge = due > this.#burst;
    const window = isLarge && this.#large !== undefined ? this.#large : this.#inWindow;
    const evenly = this.#clearAt - now - (isLarge ? 0 : (this.#burst - due) * this.#interval);
    const wait = Math.max(evenly, window.delayMs(items, now));
    return wait < rounding ? 0 : wait;
  }

  behindMs(requests: number, items: number, now: number): number {
    const due = this.#cost === 'item' ? items : requests;
    const wait = Math.max(0, this.#clearAt - now) + (due + 1 - this.#burst) * this.#interval;
    return Math.max(0, wait, this.#inWindow.behindMs(requests, items, now));
  }

  isEmpty(now: number): boolean {
    return (
      this.#clearAt <= now && this.#inWindow.isEmpty(now) && (this.#large === undefined || this.#large.isEmpty(now))
    );
  }

  reserve(items: number, now: number): void {
    const due = permitsFor(this.#cost, items);
    this.#setAside += due;
    this.#clearAt = Math.max(this.#clearAt, now) + due * this.#interval;
    this.#inWindow.reserve(items);
    this.#large?.reserve(items);
  }

  change(items: number, leaving: number): void {
    const more = (leaving === 0 ? 0 : permitsFor(this.#cost, leaving)) - permitsFor(this.#cost, items);
    this.#setAside += more;
    this.#clearAt += more * this.#interval;
    this.#inWindow.change(items, leaving);
    this.#large?.change(items, leaving);
  }

  start(items: number, now: number): void {
    const due = permitsFor(this.#cost, items);
    this.#setAside -= due;
    this.#paidAt = Math.max(this.#paidAt, now) + due * this.#interval;
    // Requests that connect late leave together: what follows waits for all of them.
    this.#clearAt = Math.max(this.#clearAt, this.#paidAt + this.#setAside * this.#interval);
    this.#inWindow.start(items, now);
    this.#large?.start(items, now);
  }
}

/** The permits that one request takes. */
const permitsFor = (cost: Rate['cost'], items: number): number => (cost === 'item' ? items : 1);
