import { systemClock, type Clock } from './clock.ts';

/**
 * Pace shared by several workers, of one process or of many: connections with one account at the vendor. A bucket is any name they
 * agree on. In process it is createSharedRateLimiter(); one over a store with compare-and-set does for several processes.
 */
export interface SharedRateLimiter {
  /**
   * Sets `permits` aside at that rate, and tells after how many milliseconds they may be used; 0 = now. With 0 permits it only
   * tells how long the bucket is still held.
   */
  lease(bucket: string, permits: number, perSecond: number): Promise<number>;
  /** The vendor asked for a pause: nobody gets a permit of this bucket for `ms`. */
  pause(bucket: string, ms: number): Promise<void>;
}

interface Bucket {
  /** Epoch ms until which all permits are given away. */
  takenUntil: number;
  heldUntil: number;
}

/**
 * Leases follow one another without a gap and without savings (GCRA, no burst), so any second carries at most `perSecond` and
 * one lease. Ask for a little less than the vendor allows: 0.97 of it makes up for the network between.
 */
export function createSharedRateLimiter(now: Clock['now'] = systemClock.now): SharedRateLimiter {
  const buckets = new Map<string, Bucket>();

  function bucketOf(name: string): Bucket {
    const bucket = buckets.get(name) ?? { takenUntil: 0, heldUntil: 0 };
    buckets.set(name, bucket);
    return bucket;
  }

  return {
    lease(name, permits, perSecond) {
      const bucket = bucketOf(name);
      const at = now();
      const open = Math.max(at, bucket.heldUntil);
      if (permits === 0) return Promise.resolve(open - at);
      const from = Math.max(open, bucket.takenUntil);
      bucket.takenUntil = from + (permits * 1_000) / perSecond;
      return Promise.resolve(Math.ceil(from - at));
    },
    pause(name, ms) {
      const bucket = bucketOf(name);
      bucket.heldUntil = Math.max(bucket.heldUntil, now() + ms);
      return Promise.resolve();
    },
  };
}
