import type { Outcome } from '../api/outcome.ts';
import type { Clock } from '../policy/clock.ts';
import { sleepCapped } from './nap.ts';
import { retryAfterOf } from './vendor-health.ts';
import type { SharedRateLimiter } from '../policy/shared-limiter.ts';

/** Each event is a permit; without `perSecond` only the vendor's pauses are shared. */
export interface SharedPace {
  readonly limiter: SharedRateLimiter;
  readonly bucket: string;
  readonly perSecond?: number;
}

export interface SharedLimiterOptions {
  readonly shared: SharedPace | undefined;
  readonly now: Clock['now'];
  readonly after: Clock['after'];
  readonly defect: (where: string, error: unknown) => void;
}

/** What a worker shares of its pace with others; nothing where no budget is given. */
export interface SharedLimiter {
  /** Resolves when so many events may leave, or the signal fires. */
  wait(events: number, signal: AbortSignal): Promise<void>;
  /** The vendor may have asked for a pause: then everybody makes one. */
  tell(outcomes: readonly Outcome[]): void;
}

export function createSharedLimiter({ shared, now, after, defect }: SharedLimiterOptions): SharedLimiter {
  return {
    async wait(events, signal) {
      if (shared === undefined) return;
      const { limiter, bucket, perSecond = Number.POSITIVE_INFINITY } = shared;
      const lease = (permits: number): Promise<number> => orNever(limiter.lease(bucket, permits, perSecond), signal);
      let until = now() + (await lease(events));
      while (now() < until && !signal.aborted) {
        await sleepCapped(until - now(), after, signal);
        if (now() < until || (await lease(0)) === 0) continue;
        // The bucket was held meanwhile: permits of that time are gone, or all who waited would start at its end.
        until = now() + (await lease(events));
      }
    },
    tell(outcomes) {
      const ms = retryAfterOf(outcomes) - now();
      if (shared === undefined || ms <= 0) return;
      const failed = (error: unknown): void => defect('queue.budget', error);
      try {
        shared.limiter.pause(shared.bucket, ms).catch(failed);
      } catch (error) {
        failed(error);
      }
    },
  };
}

/** A budget that does not answer keeps nobody from stopping. */
const orNever = (lease: Promise<number>, signal: AbortSignal): Promise<number> =>
  new Promise((resolve, reject) => {
    const stopped = (): void => resolve(Number.POSITIVE_INFINITY);
    if (signal.aborted) stopped();
    signal.addEventListener('abort', stopped, { once: true });
    lease.then(resolve, reject).finally(() => signal.removeEventListener('abort', stopped));
  });
