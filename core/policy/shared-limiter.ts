import { onAbort } from './abort.ts';
import { sleepCapped, systemClock, type Clock } from './clock.ts';
import { emptyPermitLog, grantPermits, type PermitLease, type PermitLog, type PermitRequest } from './permit-log.ts';

/**
 * A rate shared by several processes, or by several workers of one: connections with one account at the vendor. A
 * bucket is any name they agree on. createSharedRateLimiter() serves one process; a store on JetStream brings one for
 * all processes that have it open.
 */
export interface SharedRateLimiter {
  /**
   * Sets permits of a rate aside for one process, for as long as it says. Each rate of a bucket counts by itself.
   * Nothing leaves while this does not answer.
   */
  reserve(bucket: string, request: PermitRequest): Promise<PermitLease>;
  /**
   * Reserves `permits` at that rate, and resolves to the milliseconds until they may be used; 0 = now. With 0 permits
   * it only says how long the bucket is still paused.
   */
  lease(bucket: string, permits: number, perSecond: number): Promise<number>;
  /** The vendor asked for a pause: nobody gets a permit of this bucket for `ms`. */
  pause(bucket: string, ms: number): Promise<void>;
  /**
   * Tells of pauses, whoever asked for them: `ms` is how long one still lasts. At once if there is one now; never after
   * the function that it returns is called.
   */
  onPause(bucket: string, listener: (ms: number) => void): () => void;
}

interface Bucket {
  /** Epoch ms until which all permits are reserved. */
  reservedUntil: number;
  pausedUntil: number;
  /** By rate. */
  readonly logs: Map<string, PermitLog>;
  readonly listeners: Set<(ms: number) => void>;
}

/**
 * A limiter for the workers and runtimes of one process. Leases follow one another without a gap and without savings
 * (GCRA, no burst), so any second carries at most `perSecond` and one lease. Ask for a little less than the vendor
 * allows: 0.97 of it makes up for the network between.
 */
export function createSharedRateLimiter(now: Clock['now'] = systemClock.elapsed): SharedRateLimiter {
  const buckets = new Map<string, Bucket>();

  function bucketOf(name: string): Bucket {
    const bucket = buckets.get(name) ?? { reservedUntil: 0, pausedUntil: 0, logs: new Map(), listeners: new Set() };
    buckets.set(name, bucket);
    return bucket;
  }

  return {
    reserve(name, request) {
      const { logs, pausedUntil } = bucketOf(name);
      const key = JSON.stringify(request.rate);
      const { log, lease } = grantPermits(logs.get(key) ?? emptyPermitLog, request, now(), pausedUntil);
      logs.set(key, log);
      return Promise.resolve(lease);
    },
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
      for (const listener of bucket.listeners) listener(bucket.pausedUntil - now());
      return Promise.resolve();
    },
    onPause(name, listener) {
      const { listeners, pausedUntil } = bucketOf(name);
      // Two may listen with one function.
      const own = (ms: number): void => listener(ms);
      listeners.add(own);
      if (pausedUntil > now()) own(pausedUntil - now());
      return () => void listeners.delete(own);
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
