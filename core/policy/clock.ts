import { onAbort } from './abort.ts';

/**
 * Time and chance, injected so that tests can hold both. There are two times, because the one of the wall may be set
 * back or ahead at any moment: dates are written and read by `now`, and everything that is waited for, deadlines
 * included, is measured by `elapsed`.
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
  sleep: (ms, signal) => sleepOn(systemClock.after, ms, signal),
};

/** The date (epoch ms) of a moment of clock.elapsed. */
export const dateOf = ({ now, elapsed }: Clock, moment: number): number => now() + (moment - elapsed());

/** Node fires timers that are longer than this at once (24 days in milliseconds). */
const longestTimerMs = 2 ** 31 - 1;

/** The last moment, in epoch milliseconds, that a date can name. */
const lastMoment = 8_640_000_000_000_000;

/**
 * Epoch milliseconds as outcomes write them. A time beyond the last date is that date; an invalid one is the first.
 */
export const isoTime = (time: number): string => new Date(time > 0 ? Math.min(time, lastMoment) : 0).toISOString();

/** Lets everything else in this process run first. */
export const yieldToEventLoop = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/**
 * The longest single wait of sleepCapped(), in milliseconds. Clocks jump, so a long wait looks at the time in between.
 */
export const longestSleepMs = 3_600_000;

/** Resolves after `ms`, after an hour at the latest, or when the signal fires. For callers that have `after` alone. */
export const sleepCapped = (ms: number, after: Clock['after'], signal: AbortSignal): Promise<void> =>
  sleepOn(after, Math.min(ms, longestSleepMs), signal);

/** A clock's `sleep`, made of its `after`. */
export function sleepOn(after: Clock['after'], ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted === true) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      cancel();
      stopListening();
      resolve();
    };
    const cancel = after(ms, end);
    const stopListening = onAbort(signal, end);
  });
}
