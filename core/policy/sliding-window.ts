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
}

export const createSlidingWindow = (rate: Rate): SlidingWindow =>
  rate.burst !== undefined && rate.burst < rate.permits ? createEven(rate, rate.burst) : createUneven(rate);

/**
 * It remembers what left inside the window; a token bucket as large as the permits would let almost twice the rate
 * through around an idle second.
 */
function createUneven(rate: Rate): SlidingWindow {
  const left = new Denque<{ readonly at: number; readonly cost: number }>();
  let used = 0;
  let reserved = 0;
  const costOf = (items: number): number => (rate.cost === 'item' ? items : 1);
  const forget = (now: number): void => {
    for (
      let oldest = left.peekFront();
      oldest !== undefined && oldest.at + rate.perMs <= now;
      oldest = left.peekFront()
    ) {
      used -= oldest.cost;
      left.shift();
    }
  };
  return {
    delayMs(items, now) {
      forget(now);
      let excess = reserved + used + costOf(items) - rate.permits;
      let wait = 0;
      for (let i = 0; excess > 0; i++) {
        const entry = left.peekAt(i);
        // A request that takes more than all permits leaves when nothing else is in the window.
        if (entry === undefined) return reserved > 0 ? rate.perMs : wait;
        wait = entry.at + rate.perMs - now;
        excess -= entry.cost;
      }
      return wait;
    },
    behindMs(requests, items, now) {
      forget(now);
      let excess = reserved + used + (rate.cost === 'item' ? items : requests) + 1 - rate.permits;
      let wait = 0;
      for (let i = 0; excess > 0; i++) {
        const entry = left.peekAt(i);
        // Nothing more leaves the window: those that wait take one window after another.
        if (entry === undefined) return wait + Math.ceil(excess / rate.permits) * rate.perMs;
        wait = entry.at + rate.perMs - now;
        excess -= entry.cost;
      }
      return wait;
    },
    isEmpty(now) {
      forget(now);
      return used === 0 && reserved === 0;
    },
    reserve(items) {
      reserved += costOf(items);
    },
    change(items, leaving) {
      reserved += (leaving === 0 ? 0 : costOf(leaving)) - costOf(items);
    },
    start(items, now) {
      reserved -= costOf(items);
      left.push({ at: now, cost: costOf(items) });
      used += costOf(items);
    },
  };
}

/** Less than this is the rounding of a clock, not a wait, in milliseconds. */
const rounding = 0.001;

/**
 * Lets `burst` permits go at once and the others one by one (the generic cell rate algorithm, ITU-T I.371): the burst
 * and what comes after it in one window are `permits` together. Dates of start hold the windows as well, because a
 * request may leave long after its permits were set aside.
 */
function createEven(rate: Rate, burst: number): SlidingWindow {
  const { permits, perMs, cost } = rate;
  const interval = perMs / (permits - burst);
  const costOf = (items: number): number => (cost === 'item' ? items : 1);
  const inWindow = createUneven(rate);
  /**
   * Requests larger than the burst leave at a distance that their size says; so many may fit into a window that the
   * last one exceeds it. Their window is as much longer as all its permits take.
   */
  const large = cost === 'item' ? createUneven({ ...rate, perMs: permits * interval }) : undefined;
  /** When all permits of requests that have left are paid for, as the clock says. */
  let paidAt = Number.NEGATIVE_INFINITY;
  /** The same with those that are set aside: when they leave is not known yet, at the latest now. */
  let clearAt = Number.NEGATIVE_INFINITY;
  let setAside = 0;
  return {
    delayMs(items, now) {
      const due = costOf(items);
      const isLarge = due > burst;
      const window = isLarge && large !== undefined ? large : inWindow;
      const evenly = clearAt - now - (isLarge ? 0 : (burst - due) * interval);
      const wait = Math.max(evenly, window.delayMs(items, now));
      return wait < rounding ? 0 : wait;
    },
    behindMs(requests, items, now) {
      const due = cost === 'item' ? items : requests;
      const wait = Math.max(0, clearAt - now) + (due + 1 - burst) * interval;
      return Math.max(0, wait, inWindow.behindMs(requests, items, now));
    },
    isEmpty: (now) => clearAt <= now && inWindow.isEmpty(now) && (large === undefined || large.isEmpty(now)),
    reserve(items, now) {
      setAside += costOf(items);
      clearAt = Math.max(clearAt, now) + costOf(items) * interval;
      inWindow.reserve(items, now);
      large?.reserve(items, now);
    },
    change(items, leaving) {
      const more = (leaving === 0 ? 0 : costOf(leaving)) - costOf(items);
      setAside += more;
      clearAt += more * interval;
      inWindow.change(items, leaving);
      large?.change(items, leaving);
    },
    start(items, now) {
      setAside -= costOf(items);
      paidAt = Math.max(paidAt, now) + costOf(items) * interval;
      // Requests that connect late leave together: what follows waits for all of them.
      clearAt = Math.max(clearAt, paidAt + setAside * interval);
      inWindow.start(items, now);
      large?.start(items, now);
    },
  };
}
