import { expect, test } from '@jest/globals';
import { createSharedLimiter } from '../../core/policy/shared-limiter.ts';
import { createSharedRateLimiter, type PermitLease, type SharedRateLimiter } from '../../core/queue/index.ts';
import { ManualClock } from '../../core/testing/kit/manual-clock.ts';

const unheard = (error: unknown): never => {
  throw error;
};

function waiters(count: number) {
  const clock = new ManualClock();
  const limiter = createSharedRateLimiter(clock.now);
  const shared = { limiter, bucket: 'account', perSecond: 100 };
  const begun = clock.now();
  const starts: number[] = [];
  const none = new AbortController();
  const waiting = Promise.all(
    Array.from({ length: count }, async () => {
      const permits = createSharedLimiter({ shared, now: clock.now, after: clock.after, onDefect: unheard });
      await permits.wait(100, none.signal);
      starts.push(clock.now() - begun);
    }),
  );
  return { clock, limiter, starts, waiting };
}

test('batches that share a pace start one after the other', async () => {
  const { clock, starts, waiting } = waiters(4);
  await clock.run(waiting);
  expect(starts).toEqual([0, 1_000, 2_000, 3_000]);
});

test('batches that waited when the vendor asked for a pause do not all start at its end', async () => {
  const { clock, limiter, starts, waiting } = waiters(10);
  await clock.advance(500);
  await limiter.pause('account', 5_000);
  await clock.run(waiting);
  expect(starts[0]).toBe(0);
  const after = starts.slice(1).sort((a, b) => a - b);
  expect(after[0]).toBeGreaterThanOrEqual(5_500);
  after.slice(1).forEach((at, index) => expect(at - (after[index] ?? 0)).toBeGreaterThanOrEqual(1_000));
});

test('a limiter that does not answer keeps nobody from stopping', async () => {
  const clock = new ManualClock();
  const never = <T>() => new Promise<T>(() => undefined);
  const silent: SharedRateLimiter = {
    lease: () => never<number>(),
    reserve: () => never<PermitLease>(),
    pause: () => never<void>(),
    onPause: () => () => undefined,
  };
  const permits = createSharedLimiter({
    shared: { limiter: silent, bucket: 'account' },
    now: clock.now,
    after: clock.after,
    onDefect: unheard,
  });
  const stop = new AbortController();
  const waiting = permits.wait(1, stop.signal);
  await clock.settle();
  stop.abort();
  await waiting;
  expect(clock.sleepers).toBe(0);
});
