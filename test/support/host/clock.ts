import TinyQueue from 'tinyqueue';
import type { Clock } from '../../../core/policy/clock.ts';

/**
 * A clock that leaps over waits: nothing takes long but work. Where nothing is under way any more, it moves on to the next
 * time that somebody waits for.
 */
export interface LeapingClock extends Pick<Clock, 'now' | 'sleep' | 'after' | 'random'> {
  /** Runs time until the promise settles; throws when nothing would ever settle it. */
  run<T>(promise: Promise<T>): Promise<T>;
  /** Something happens that needs no time: the clock looks on for a while before it leaps. */
  readonly stir: () => void;
  /** Something is under way outside (a disk, a socket) until the function that comes back is called. */
  readonly begin: () => () => void;
  /** The same for a promise. */
  during<T>(work: Promise<T>): Promise<T>;
}

export interface LeapingClockOptions {
  /** Epoch ms. */
  readonly start: number;
  readonly random: () => number;
  /** Time also passes by itself, for sockets and disks that do not know this clock. Default: it stands still between leaps. */
  readonly passes?: boolean;
  /** Real milliseconds without news before a leap, where another thread may be at work (gzip). Default 0. */
  readonly quietMs?: number;
}

interface Waiter {
  readonly at: number;
  readonly number: number;
  /** Taken away once it is woken or called off. */
  wake: (() => void) | undefined;
}

/** Turns of the event loop without news that count as "nothing is under way". */
const quietTurns = 5;
/** The same before it is called a standstill. */
const standstillTurns = 20_000;

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

export function createLeapingClock({ start, random, passes = false, quietMs = 0 }: LeapingClockOptions): LeapingClock {
  const begunAt = performance.now();
  const waiters = new TinyQueue<Waiter>([], (a, b) => a.at - b.at || a.number - b.number);
  let leapt = start;
  let count = 0;
  let news = 0;
  let underWay = 0;
  /** Told when something that was under way is over. */
  let waitingForNews: (() => void) | undefined;

  const now = (): number => (passes ? leapt + Math.floor(performance.now() - begunAt) : leapt);

  function wait(ms: number, wake: () => void): Waiter {
    const waiter: Waiter = { at: now() + Math.max(0, ms), number: (count += 1), wake };
    waiters.push(waiter);
    return waiter;
  }

  function next(): Waiter | undefined {
    for (let first = waiters.peek(); first !== undefined; first = waiters.peek()) {
      if (first.wake !== undefined) return first;
      waiters.pop();
    }
    return undefined;
  }

  /** Wakes everybody whose time has come; says whether there was somebody. */
  function wakeDue(): boolean {
    const time = now();
    let woken = false;
    for (let first = next(); first !== undefined && first.at <= time; first = next()) {
      waiters.pop();
      const { wake } = first;
      first.wake = undefined;
      woken = true;
      wake?.();
    }
    return woken;
  }

  async function quiet(): Promise<void> {
    let before = news;
    let since = performance.now();
    for (let turns = 0; turns < quietTurns || performance.now() - since < quietMs; turns += 1) {
      await turn();
      if (news === before) continue;
      before = news;
      turns = 0;
      since = performance.now();
    }
  }

  /** Sockets and disks tell when they are done. Where time passes meanwhile, somebody's time may come first. */
  const somethingOver = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = passes ? setTimeout(resolve, 1) : undefined;
      waitingForNews = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  function begin(): () => void {
    underWay += 1;
    let over = false;
    return () => {
      if (over) return;
      over = true;
      underWay -= 1;
      news += 1;
      waitingForNews?.();
    };
  }

  return {
    now,
    random,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true) return resolve();
        const over = (): void => {
          waiter.wake = undefined;
          signal?.removeEventListener('abort', over);
          resolve();
        };
        const waiter = wait(ms, over);
        signal?.addEventListener('abort', over, { once: true });
      }),
    after(ms, run) {
      const waiter = wait(ms, run);
      return () => void (waiter.wake = undefined);
    },
    stir: () => void (news += 1),
    begin,
    during(work) {
      const over = begin();
      work.then(over, over);
      return work;
    },
    async run(promise) {
      let pending = true;
      const over = (): void => void (pending = false);
      promise.then(over, over);
      for (let idle = 0; pending; idle += 1) {
        await quiet();
        if (!pending) break;
        if (wakeDue()) idle = 0;
        else if (underWay > 0) await somethingOver();
        else {
          const waiter = next();
          if (waiter !== undefined) {
            leapt += Math.max(0, waiter.at - now());
            idle = 0;
          } else if (idle > standstillTurns) throw new Error('stuck: nobody waits, and nothing happens');
        }
      }
      return promise;
    },
  };
}
