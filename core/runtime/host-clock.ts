import { systemClock, type Clock } from '../policy/clock.ts';
import { kindOf } from './argument-check.ts';

/**
 * Guards a host's `now`. If it later throws or returns no number, time continues from its last value, so that calls go
 * on and deadlines still pass. Throws if the first value is not a time.
 */
export function neverFailing(now: Clock['now']): Clock['now'] {
  let last: number = now();
  if (!Number.isFinite(last)) throw new TypeError(`now: must give epoch milliseconds, not ${kindOf(last)}`);
  /** When it failed, on the system's clock; and its value at that time. */
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

/** An aborted sleep may reject, as Node's own does; this one resolves. */
const neverRejecting =
  (sleep: Clock['sleep']): Clock['sleep'] =>
  async (ms, signal) => {
    try {
      await sleep(ms, signal);
    } catch {
      // An aborted sleep counts as finished.
    }
  };

/**
 * Builds timers on a host's own sleep. The system clock has its own: aborting a sleep costs as much as a few requests.
 */
const timersOn =
  (sleep: Clock['sleep']): Clock['after'] =>
  (ms, run) => {
    const aborter = new AbortController();
    void sleep(ms, aborter.signal).then(() => {
      if (!aborter.signal.aborted) run();
    });
    return () => aborter.abort();
  };

/** The system clock, with the parts that the host replaces. */
export function hostClock(host: Partial<Pick<Clock, 'now' | 'random' | 'sleep'>>): Clock {
  const sleep = host.sleep === undefined ? systemClock.sleep : neverRejecting(host.sleep);
  const now = host.now === undefined ? undefined : neverFailing(host.now);
  return {
    now: now ?? systemClock.now,
    elapsed: now ?? systemClock.elapsed,
    random: host.random ?? systemClock.random,
    sleep,
    after: host.sleep === undefined ? systemClock.after : timersOn(sleep),
  };
}
