import type { Clock } from '../policy/clock.ts';
import { kindOf } from './argument-check.ts';

/**
 * A host's own `now` that fails later on, or gives no number, must neither end a call nor make its deadlines pass
 * never: time goes on from where it was. Throws for one that gives no time at all.
 */
export function neverFailing(now: Clock['now']): Clock['now'] {
  let last: number = now();
  if (!Number.isFinite(last)) throw new TypeError(`now: must give epoch milliseconds, not ${kindOf(last)}`);
  /** When it failed, on our own clock; and what it was by then. */
  let failedAt: number | undefined;
  let from = last;
  const continuedTime = (): number => {
    if (failedAt === undefined) {
      failedAt = performance.now();
      from = last;
    }
    last = from + Math.floor(performance.now() - failedAt);
    return last;
  };
  return () => {
    let time: number;
    try {
      time = now();
    } catch {
      return continuedTime();
    }
    if (!Number.isFinite(time)) return continuedTime();
    failedAt = undefined;
    last = time;
    return time;
  };
}

/** A sleep that is told to stop may reject, as Node's own does; here it is only over. */
export const neverRejecting =
  (sleep: Clock['sleep']): Clock['sleep'] =>
  async (ms, signal) => {
    try {
      await sleep(ms, signal);
    } catch {
      // Over is over.
    }
  };

/**
 * Timers on a host's own sleep. The clock of the system does without: to abort a sleep costs as much as a few requests.
 */
export const timersOn =
  (sleep: Clock['sleep']): Clock['after'] =>
  (ms, run) => {
    const aborter = new AbortController();
    void sleep(ms, aborter.signal).then(() => {
      if (!aborter.signal.aborted) run();
    });
    return () => aborter.abort();
  };
