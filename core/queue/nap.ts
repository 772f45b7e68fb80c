import type { Clock } from '../policy/clock.ts';

/** Timers of Node end at 24 days, and clocks jump: nothing is waited for longer than this at a time, in milliseconds. */
export const longestSleepMs = 3_600_000;

/** Resolves after `ms`, an hour at most, or when the signal fires. */
export function sleepCapped(ms: number, after: Clock['after'], signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const over = (): void => {
      off();
      signal.removeEventListener('abort', over);
      resolve();
    };
    const off = after(Math.min(ms, longestSleepMs), over);
    signal.addEventListener('abort', over, { once: true });
  });
}
