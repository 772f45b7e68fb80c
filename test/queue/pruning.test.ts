// Tests core/queue/pruning.ts.
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { startPruning } from '../../core/queue/index.ts';

beforeEach(() => void jest.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void jest.useRealTimers());

const minute = 60_000;

/** A store whose runs end when the test says so, and what it was told to drop. */
function slowStore() {
  const before: number[] = [];
  const ends: { resolve: (count: number) => void; reject: (error: Error) => void }[] = [];
  const prune = (time: number): Promise<number> => {
    before.push(time);
    return new Promise((resolve, reject) => void ends.push({ resolve, reject }));
  };
  return {
    prune,
    before,
    end: (error?: Error) => (error === undefined ? ends.pop()?.resolve(0) : ends.pop()?.reject(error)),
  };
}

it('drops what is older than it keeps, at once and every minute', async () => {
  const store = slowStore();
  const pruning = startPruning(store, { keepMs: 5_000, onFailure: fail });
  store.end();
  await jest.advanceTimersByTimeAsync(2 * minute);
  store.end();
  expect(store.before).toEqual([995_000, 995_000 + minute]);
  await pruning.stop();
  await jest.advanceTimersByTimeAsync(2 * minute);
  expect(store.before).toHaveLength(2);
});

it('begins no run while one is under way, and goes on after one that failed', async () => {
  const store = slowStore();
  const failures: unknown[] = [];
  const pruning = startPruning(store, { keepMs: 0, onFailure: (error) => failures.push(error) });
  await jest.advanceTimersByTimeAsync(3 * minute);
  expect(store.before).toHaveLength(1);
  store.end(new Error('no disk'));
  await jest.advanceTimersByTimeAsync(minute);
  expect(store.before).toHaveLength(2);
  expect(failures).toEqual([new Error('no disk')]);
  store.end();
  await pruning.stop();
});

it('has stopped when the run under way has ended', async () => {
  const store = slowStore();
  let hasStopped = false;
  const stopping = startPruning(store, { keepMs: 0, onFailure: fail })
    .stop()
    .then(() => (hasStopped = true));
  await jest.advanceTimersByTimeAsync(minute);
  expect(hasStopped).toBe(false);
  store.end();
  await stopping;
});

function fail(error: unknown): never {
  throw error;
}
