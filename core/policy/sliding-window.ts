import Denque from 'denque';
import type { Rate } from '../api/manifest.ts';

/**
 * Permits under a rate: no window of `perMs`, wherever it starts, carries more than `permits`. It remembers what left
 * inside the window; a token bucket would let almost twice the rate through around an idle second.
 */
export interface SlidingWindow {
  /** Milliseconds until `items` in one request may leave; 0 = now. */
  delayMs(items: number, now: number): number;
  /** About how many milliseconds, at least, until one more may leave behind so many that wait for permits already. */
  behindMs(requests: number, items: number, now: number): number;
  /**
   * Sets permits aside for a request that is about to leave. They count from now on, and into every window until it
   * does.
   */
  reserve(items: number): void;
  /** That request leaves with another number of items, or (0) not at all. */
  change(items: number, leaving: number): void;
  /** Nothing left within it, and nothing is about to leave: it lets as much through as a new window. */
  isEmpty(now: number): boolean;
  /** That request leaves now: compressing and connecting may have taken their time. */
  start(items: number, now: number): void;
}

export function createSlidingWindow(rate: Rate): SlidingWindow {
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
