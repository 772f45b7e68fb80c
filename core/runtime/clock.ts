import { setTimeout as delay } from 'node:timers/promises';
import { kindOf } from './argument-check.ts';

/**
 * Time and chance, injected so that tests can hold both. There are two times, because the one of the wall may be set back or ahead at any
 * moment: dates are written and read by `now`, and everything that is waited for, deadlines included, is measured by `elapsed`.
 */
export interface Clock {
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Whole milliseconds since some moment. Nobody sets it: it only goes on. */
  readonly elapsed: () => number;
  /** Resolves after `ms`, after 24 days at the latest, or at once when the signal fires; never rejects. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Calls `run` after `ms`, after 24 days at the latest, unless the function it returns is called first. */
  readonly after: (ms: number, run: () => void) => () => void;
  /** In [0, 1). */
  readonly random: () => number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => Math.floor(performance.now()),
  random: Math.random,
  after(ms, run) {
    const timer = setTimeout(run, Math.min(ms, longestTimerMs));
    return () => clearTimeout(timer);
  },
  sleep: async (ms, signal) => {
    await delay(Math.min(ms, longestTimerMs), undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  },
};

/** The date (epoch ms) of a moment of clock.elapsed. */
export const dateOf = ({ now, elapsed }: Clock, moment: number): number => now() + (moment - elapsed());

/** Timers of Node run over at once beyond this many milliseconds (24 days). */
const longestTimerMs = 2 ** 31 - 1;

/** The last moment, in epoch milliseconds, that a date can name. */
const lastMoment = 8_640_000_000_000_000;

/** Epoch milliseconds as outcomes write them. A time beyond the last date is that date; one that is none is the first. */
export const isoTime = (time: number): string => new Date(time > 0 ? Math.min(time, lastMoment) : 0).toISOString();

/**
 * A host's own `now` that fails later on, or gives no number, must neither end a call nor make its deadlines pass never: time goes on
 * from where it was. Throws for one that gives no time at all.
 */
export function unfailing(now: Clock['now']): Clock['now'] {
  let last: number = now();
  if (!Number.isFinite(last)) throw new TypeError(`now: must give epoch milliseconds, not ${kindOf(last)}`);
  /** When it failed, on our own clock; and what it was by then. */
  let failedAt: number | undefined;
  let from = last;
  const instead = (): number => {
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
      return instead();
    }
    if (!Number.isFinite(time)) return instead();
    failedAt = undefined;
    last = time;
    return time;
  };
}

/** Lets everything else of this process have its turn. */
export const breathe = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** A sleep that is told to stop may reject, as Node's own does; here it is only over. */
export const patient =
  (sleep: Clock['sleep']): Clock['sleep'] =>
  async (ms, signal) => {
    try {
      await sleep(ms, signal);
    } catch {
      // Over is over.
    }
  };

/** Timers on a host's own sleep. The clock of the system does without: to abort a sleep costs as much as a few requests. */
export const timersOn =
  (sleep: Clock['sleep']): Clock['after'] =>
  (ms, run) => {
    const off = new AbortController();
    void sleep(ms, off.signal).then(() => {
      if (!off.signal.aborted) run();
    });
    return () => off.abort();
  };
