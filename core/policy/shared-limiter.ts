import { onAbort } from './abort.ts';
import { sleepCapped, systemClock, type Clock } from './clock.ts';

/**
 * A rate shared by several workers, of one process or of many: connections with one account at the vendor. A bucket is
 * any name they agree on. createSharedRateLimiter() serves one process; for several, implement it over a store with
 * compare-and-set.
 */
export interface SharedRateLimiter {
  /**
   * Reserves `permits` at that rate, and resolves to the milliseconds until they may be used; 0 = now. With 0 permits
   * it only says how long the bucket is still paused.
   */
  lease(bucket: string, permits: number, perSecond: number): Promise<number>;
  /** The vendor asked for a pause: nobody gets a permit of this bucket for `ms`. */
  pause(bucket: string, ms: number): Promise<void>;
}

interface Bucket {
  /** Epoch ms until which all permits are reserved. */
  reservedUntil: number;
  pausedUntil: number;
}

/**
 * Leases follow one another without a gap and without savings (GCRA, no burst), so any second carries at most
 * `perSecond` and one lease. Ask for a little less than the vendor allows: 0.97 of it makes up for the network between.
 */
export function createSharedRateLimiter(now: Clock['now'] = systemClock.now): SharedRateLimiter {
  const buckets = new Map<string, Bucket>();

  function bucketOf(name: string): Bucket {
    const bucket = buckets.get(name) ?? { reservedUntil: 0, pausedUntil: 0 };
    buckets.set(name, bucket);
    return bucket;
  }

  return {
    lease(name, permits, perSecond) {
      const bucket = bucketOf(name);
      const at = now();
      const open = Math.max(at, bucket.pausedUntil);
      if (permits === 0) return Promise.resolve(open - at);
      const from = Math.max(open, bucket.reservedUntil);
      bucket.reservedUntil = from + (permits * 1_000) / perSecond;
      return Promise.resolve(Math.ceil(from - at));
    },
    pause(name, ms) {
      const bucket = bucketOf(name);
      bucket.pausedUntil = Math.max(bucket.pausedUntil, now() + ms);
      return Promise.resolve();
    },
  };
}

/** A worker's share of it: each event takes a permit. Without `perSecond` only the vendor's pauses are shared. */
export interface SharedPace {
  readonly limiter: SharedRateLimiter;
  readonly bucket: string;
  readonly perSecond?: number;
}

export interface SharedLimiterOptions {
  readonly shared: SharedPace | undefined;
  readonly now: Clock['now'];
  readonly after: Clock['after'];
  readonly onDefect: (error: unknown) => void;
}

/** One worker's view of the pace that it shares; without one, nobody waits. */
export interface SharedLimiter {
  /** Resolves when so many events may leave, or when the signal fires. */
  wait(events: number, signal: AbortSignal): Promise<void>;
  /** Pauses everybody who shares the pace, until then (epoch ms). */
  pauseUntil(until: number): void;
}

export function createSharedLimiter({ shared, now, after, onDefect }: SharedLimiterOptions): SharedLimiter {
  return {
    async wait(events, signal) {
      if (shared === undefined) return;
      const { limiter, bucket, perSecond = Number.POSITIVE_INFINITY } = shared;
      const lease = (permits: number): Promise<number> =>
        unlessAborted(limiter.lease(bucket, permits, perSecond), signal);
      let until = now() + (await lease(events));
      while (now() < until && !signal.aborted) {
        await sleepCapped(until - now(), after, signal);
        if (now() < until || (await lease(0)) === 0) continue;
        // The bucket was paused meanwhile. These permits lie in the past: take new ones, or all who waited start at its
        // end.
        until = now() + (await lease(events));
      }
    },
    pauseUntil(until) {
      const ms = until - now();
      if (shared === undefined || ms <= 0) return;
      try {
        shared.limiter.pause(shared.bucket, ms).catch(onDefect);
      } catch (error) {
        onDefect(error);
      }
    },
  };
}

/** A limiter that does not answer must not keep a worker from stopping. */
const unlessAborted = (lease: Promise<number>, signal: AbortSignal): Promise<number> =>
  new Promise((resolve, reject) => {
    const stopListening = onAbort(signal, () => resolve(Number.POSITIVE_INFINITY));
    lease.then(resolve, reject).finally(stopListening);
  });
