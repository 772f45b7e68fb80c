import { setImmediate as turn, setTimeout as realTime } from 'node:timers/promises';
import type { Clock } from '../../../core/policy/clock.ts';

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** Time that moves only when a test lets it. */
export interface ManualClock extends Clock {
  /** Lets everything happen that needs no time. */
  settle(): Promise<void>;
  /** Moves on by `ms`, and ends the sleeps that are over by then, in order. */
  advance(ms: number): Promise<void>;
  /** Moves on from sleeper to sleeper until the promise settles; throws when nothing would ever settle it. */
  run<T>(promise: Promise<T>): Promise<T>;
  readonly sleepers: number;
}

export const start = Date.parse('2026-01-15T12:00:00.000Z');

/** `activity` is a number that changes while something goes on that needs no time. */
/** Chance that jitters nothing: the whole of each wait. */
export const wholeWaits = (): number => 1;

export function createManualClock(random: () => number = () => 0.5, activity: () => number = () => 0): ManualClock {
  let now = start;
  const sleepers = new Set<Sleeper>();

  const settle = async (): Promise<void> => {
    for (let quiet = 0, before = activity(); quiet < 4; quiet++) {
      await turn();
      const after = activity();
      if (after !== before) quiet = 0;
      before = after;
    }
  };
  const earliest = (): Sleeper | undefined => {
    let first: Sleeper | undefined;
    for (const sleeper of sleepers) if (first === undefined || sleeper.at < first.at) first = sleeper;
    return first;
  };
  async function advanceTo(time: number): Promise<void> {
    await settle();
    for (let next = earliest(); next !== undefined && next.at <= time; next = earliest()) {
      now = Math.max(now, next.at);
      next.wake();
      await settle();
    }
    now = Math.max(now, time);
  }

  return {
    now: () => now,
    elapsed: () => now,
    random,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true) return resolve();
        const wake = (): void => {
          sleepers.delete(sleeper);
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        const sleeper: Sleeper = { at: now + ms, wake };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', wake, { once: true });
      }),
    after(ms, run) {
      const wake = (): void => {
        sleepers.delete(sleeper);
        run();
      };
      const sleeper: Sleeper = { at: now + ms, wake };
      sleepers.add(sleeper);
      return () => void sleepers.delete(sleeper);
    },
    settle,
    advance: (ms) => advanceTo(now + ms),
    async run(promise) {
      let pending = true;
      const over = (): void => {
        pending = false;
      };
      promise.then(over, over);
      for (let idle = 0; pending;) {
        await settle();
        const next = pending ? earliest() : undefined;
        if (next !== undefined) {
          idle = 0;
          await advanceTo(next.at);
        } else if (idle++ > 300) throw new Error('stuck: nobody sleeps and nothing happens');
        else if (idle > 10) await realTime(1);
      }
      return promise;
    },
    get sleepers() {
      return sleepers.size;
    },
  };
}
