import { setTimeout as sleep } from 'node:timers/promises';
import type { KV } from '@nats-io/kv';
import { emptyPermitLog, grantPermits, type PermitLease, type PermitLog } from '../../policy/permit-log.ts';
import type { SharedRateLimiter } from '../../policy/shared-limiter.ts';
import { BrokerClock } from './broker-clock.ts';
import { asStoreError, isConflict, storeErrorOf } from './broker-errors.ts';
import { hashOf } from './names.ts';

export interface KvRateLimiterOptions {
  /** Milliseconds of a clock that nobody sets. Default: performance.now. */
  readonly elapsed?: () => number;
  /** In [0, 1). */
  readonly random?: () => number;
  readonly onDefect: (error: unknown) => void;
}

export interface KvRateLimiter extends SharedRateLimiter {
  /** Resolves once it knows of the pauses that last. */
  open(): Promise<void>;
  close(): void;
}

/** A pause, as all processes see it. Dates are the broker's. */
interface StoredPause {
  readonly until: number;
  /** It lasts no longer, whatever became of the broker's clock. */
  readonly ms: number;
}

interface Pause {
  /** By elapsed(). */
  readonly until: number;
}

const pausePrefix = 'pause.';
/** How long a change of a key is tried that others change as well. */
const contentionMs = 3_000;
const mostJitterMs = 8;
const watchAgainMs = 1_000;

/**
 * A limiter for all processes that have a bucket of keys: one key for each rate, changed by compare-and-set, and one
 * for each pause, which all of them watch. Names of buckets may hold anything, so hashes stand for them. Dates are
 * those of the broker's clock: those of the processes' machines may differ as they like, but brokers of one cluster
 * should agree within milliseconds. Calls reject when the broker does not answer.
 */
export function createKvRateLimiter(bucket: KV, options: KvRateLimiterOptions): KvRateLimiter {
  const { elapsed = () => performance.now(), random = Math.random, onDefect } = options;
  const clock = new BrokerClock(bucket, elapsed);
  /** By the hash of the bucket. */
  const pauses = new Map<string, Pause>();
  const listeners = new Map<string, Set<(ms: number) => void>>();
  let stopWatching = (): void => undefined;
  let isClosed = false;

  const pauseMs = (name: string): number =>
    Math.max(0, (pauses.get(hashOf(name))?.until ?? Number.NEGATIVE_INFINITY) - elapsed());

  function setPause(hash: string, ms: number): void {
    const until = elapsed() + ms;
    if (ms <= 0 || until <= (pauses.get(hash)?.until ?? Number.NEGATIVE_INFINITY)) return;
    pauses.set(hash, { until });
    for (const listener of listeners.get(hash) ?? []) listener(ms);
  }

  /** Calls `change`, which returns what a key is to hold, until nobody else has changed the key meanwhile. */
  async function update<T, R>(key: string, change: (value: T | undefined) => readonly [T | undefined, R]): Promise<R> {
    const begun = elapsed();
    for (let tries = 1; ; tries += 1) {
      const entry = await asStoreError(bucket.get(key));
      const [next, result] = change(entry?.operation === 'PUT' ? entry.json<T>() : undefined);
      if (next === undefined) return result;
      try {
        const text = JSON.stringify(next);
        await (entry === null ? bucket.create(key, text) : bucket.update(key, text, entry.revision));
        return result;
      } catch (error) {
        if (!isConflict(error) || elapsed() - begun > contentionMs) throw storeErrorOf(error);
        await sleep(random() * Math.min(mostJitterMs, tries));
      }
    }
  }

  async function watch(): Promise<void> {
    const entries = await bucket.watch({ key: `${pausePrefix}*` });
    stopWatching = () => entries.stop();
    if (isClosed) return entries.stop();
    void (async () => {
      try {
        for await (const { key, operation, json } of textsOf(entries))
          if (operation === 'PUT') noticePause(key, json());
      } catch (error) {
        onDefect(error);
      }
      if (isClosed) return;
      await sleep(watchAgainMs, undefined, { ref: false });
      if (!isClosed) await watch().catch(onDefect);
    })();
  }

  function noticePause(key: string, { until, ms }: StoredPause): void {
    setPause(key.slice(pausePrefix.length), Math.min(ms, until - clock.dates(elapsed()).earliest));
  }

  return {
    async open() {
      await clock.read();
      for await (const { key, operation, json } of textsOf(await bucket.history({ key: `${pausePrefix}*` })))
        if (operation === 'PUT') noticePause(key, json());
      // Last: whoever calls this again, because the broker did not answer, has no second watch.
      await watch();
    },
    close() {
      isClosed = true;
      stopWatching();
    },
    async reserve(name, request) {
      const begun = elapsed();
      await asStoreError(clock.read());
      const key = `permits.${hashOf(name, JSON.stringify(request.rate))}`;
      const [lease, at] = await update<PermitLog, readonly [PermitLease, number]>(key, (before = emptyPermitLog) => {
        const now = elapsed();
        const { earliest } = clock.dates(now);
        const grant = grantPermits(before, request, earliest, earliest + pauseMs(name));
        // Nothing to write down.
        const isSame = grant.lease.permits === 0 && request.moves.length === 0;
        return [isSame ? undefined : grant.log, [grant.lease, now]];
      });
      return {
        ...lease,
        inMs: Math.max(0, lease.inMs - (elapsed() - at)),
        untilMs: lease.date - clock.dates(begun).latest,
      };
    },
    async lease(name, permits, perSecond) {
      if (permits === 0 || !Number.isFinite(perSecond)) return Math.ceil(pauseMs(name));
      await asStoreError(clock.read());
      return update<{ readonly reservedUntil: number }, number>(`lease.${hashOf(name)}`, (before) => {
        const { earliest } = clock.dates(elapsed());
        const from = Math.max(earliest + pauseMs(name), before?.reservedUntil ?? 0);
        return [{ reservedUntil: from + (permits * 1_000) / perSecond }, Math.ceil(from - earliest)];
      });
    },
    async pause(name, ms) {
      const hash = hashOf(name);
      setPause(hash, ms);
      await asStoreError(clock.read());
      const { latest } = clock.dates(elapsed());
      await update<StoredPause, undefined>(pausePrefix + hash, (before) => {
        const until = latest + ms;
        const lasts = before !== undefined && Math.min(before.until, latest + before.ms) >= until;
        return [lasts ? undefined : { until, ms }, undefined];
      });
    },
    onPause(name, listener) {
      const hash = hashOf(name);
      const all = listeners.get(hash) ?? new Set();
      listeners.set(hash, all);
      // Two may listen with one function.
      const own = (ms: number): void => listener(ms);
      all.add(own);
      const ms = pauseMs(name);
      if (ms > 0) own(ms);
      return () => {
        all.delete(own);
        if (all.size === 0) listeners.delete(hash);
      };
    },
  };
}

type Entries = Awaited<ReturnType<KV['watch'] | KV['history']>>;

async function* textsOf(entries: Entries) {
  for await (const entry of entries)
    yield { key: entry.key, operation: entry.operation, json: () => entry.json<StoredPause>() };
}
