import type { Rate } from '../api/manifest.ts';
import type { Clock } from '../policy/clock.ts';
import { LeasedWindow } from '../policy/leased-window.ts';
import type { SharedRateLimiter } from '../policy/shared-limiter.ts';
import type { SlidingWindow } from '../policy/sliding-window.ts';
import { isFunction, isThenable, type Expected } from './argument-check.ts';

/** The host's limiter, or a promise of it: connections open before what brings it. */
export type SharedRatesOption = SharedRateLimiter | PromiseLike<SharedRateLimiter>;

export const aRateLimiter: Expected = {
  fits: (value) => isThenable(value) || isFunction((value as Partial<SharedRateLimiter> | null)?.reserve),
  what: 'a SharedRateLimiter, or a promise of one',
};

type OnDefect = (error: unknown) => void;

/** The rates and pauses that this runtime shares with others. */
export class SharedRates {
  readonly #limiter: Promise<SharedRateLimiter>;
  /** Undefined while it is not there yet. */
  #present: SharedRateLimiter | undefined;
  readonly #clock: Clock;

  constructor(limiter: SharedRatesOption, clock: Clock) {
    this.#limiter = Promise.resolve(limiter);
    this.#clock = clock;
    if (!isThenable(limiter)) this.#present = limiter;
    // A rejection is told by whoever needs the limiter.
    const arrive = (arrived: SharedRateLimiter): void => void (this.#present = arrived);
    this.#limiter.then(arrive, () => undefined);
  }

  /** Permits of this rate leave no process but by this bucket's. */
  window(bucket: string, rate: Rate, onDefect: OnDefect): SlidingWindow {
    const reserve: SharedRateLimiter['reserve'] = async (name, request) => (await this.#limiter).reserve(name, request);
    return new LeasedWindow(rate, { reserve: (request) => reserve(bucket, request), onDefect }, this.#clock);
  }

  /** Tells the others of pauses; while one call is under way, only of the longest after it. */
  pauses(bucket: string, onDefect: OnDefect): (ms: number) => void {
    let until = Number.NEGATIVE_INFINITY;
    let sharedUntil = until;
    let isSharing = false;
    const share = async (): Promise<void> => {
      isSharing = true;
      try {
        const limiter = await this.#limiter;
        while (until > sharedUntil) {
          sharedUntil = until;
          const ms = until - this.#clock.elapsed();
          if (ms > 0) await limiter.pause(bucket, ms);
        }
      } catch (error) {
        onDefect(error);
      } finally {
        isSharing = false;
      }
    };
    return (ms) => {
      until = Math.max(until, this.#clock.elapsed() + ms);
      if (!isSharing && until > sharedUntil) void share();
    };
  }

  /** Hears of pauses, until the function that it returns is called. */
  onPause(bucket: string, listener: (ms: number) => void, onDefect: OnDefect): () => void {
    let stop = (): void => undefined;
    let isStopped = false;
    // At once: a pause that lasts holds the first request, too.
    if (this.#present !== undefined) return this.#present.onPause(bucket, listener);
    this.#limiter
      .then((limiter) => {
        if (!isStopped) stop = limiter.onPause(bucket, listener);
      })
      .catch(onDefect);
    return () => {
      isStopped = true;
      stop();
    };
  }
}
