// Tests core/queue/lmdb/compaction.ts.
import { execFileSync } from 'node:child_process';
import { readdirSync, renameSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { openQueue } from '../../core/queue/lmdb/open-queue.ts';
import type { DeliveryQueue } from '../../core/queue/queue.ts';
import { compiled } from '../support/queue/compiled.ts';
import { queued } from '../support/queue/contract.ts';

let root: string;
let store: string;
let queue: DeliveryQueue;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'queue-compaction-'));
  store = path.join(root, 'store');
  queue = await openQueue({ path: store, now: () => 3_000 });
});
afterEach(async () => {
  jest.useRealTimers();
  await queue.close();
  await rm(root, { recursive: true });
});
// A child reads the store.
jest.setTimeout(60_000);

const inode = (): number => statSync(path.join(store, 'events.mdb')).ino;
const copies = (): string[] => readdirSync(store).filter((name) => name.includes('copy'));
const at = { now: 3_000, configHash: '' };

async function deliver(most: number): Promise<string[]> {
  const claims = queue.claim('c', most, 9_999);
  await queue.settle(
    'c',
    claims.map(({ seq }) => ({ kind: 'done', seq, outcome: 'delivered' })),
    at,
  );
  return claims.map(({ id }) => id);
}

/** Fills so many MB, and drops them again. */
async function fillAndEmpty(megabytes: number): Promise<void> {
  const event = { type: 'track', event: 'x', properties: { text: 'x'.repeat(2 ** 20) } } as const;
  for (let n = 0; n < megabytes; n += 10) {
    await queue.put(
      'c',
      Array.from({ length: 10 }, (_, i) => queued(`gone-${n + i}`, { event })),
    );
    await deliver(10);
  }
  await queue.prune(4_000, 3_000);
}

it('F-97 gives back what is free, while claims are open and puts come, and everything goes on', async () => {
  await fillAndEmpty(20);
  await queue.put(
    'c',
    Array.from({ length: 60 }, (_, n) => queued(`e${n}`, { lanes: [`lane ${n % 3}`] })),
  );
  await deliver(15);
  const open = queue.claim('c', 5, 9_999);
  const [before, old] = [queue.status(1), inode()];
  let isDone = false;
  const compacting = queue.compact().finally(() => (isDone = true));
  const puts: Promise<unknown>[] = [];
  for (let n = 0; n < 30; n += 1) {
    puts.push(queue.put('c', [queued(`later-${n}`, { lanes: ['lane 0'] })]));
    // Reading goes on.
    if (!isDone) expect(queue.status(1).connections).toMatchObject([{ waiting: 45 }]);
    await setTimeout(20);
  }
  const { before: was, after } = await compacting;
  expect(was).toBeGreaterThan(20_000_000);
  expect(after).toBeLessThan(1_000_000);
  expect(inode()).not.toBe(old);
  expect(copies()).toEqual([]);
  await Promise.all(puts);
  expect(queue.status(1).connections).toMatchObject([{ waiting: 75, done: 15 }]);
  expect(queue.status(1).bytes).toBeGreaterThan(before.bytes);
  await queue.settle(
    'c',
    open.map(({ seq }) => ({ kind: 'done', seq, outcome: 'delivered' })),
    at,
  );
  expect(await queue.put('c', [queued('e3'), queued('later-2')])).toEqual({ accepted: 0, duplicates: 2 });
  const ids = open.map(({ id }) => id);
  for (let some = await deliver(7); some.length > 0; some = await deliver(7)) ids.push(...some);
  expect(ids).toHaveLength(75);
  expect(new Set(ids).size).toBe(75);
  expect(await queue.replay('c', 0, 4_000)).toBe(90);
  await queue.close();
  expect(readdirSync(store)).toContain('closed.json');
  queue = await openQueue({ path: store });
  expect(queue.status(1).connections).toMatchObject([{ waiting: 90 }]);
});

it.each(['during a copy', 'before a swap', 'during a swap', 'after a swap'])(
  'F-97 the end of the process that copies, %s, harms nothing',
  async (moment) => {
    await fillAndEmpty(10);
    await queue.put('c', [queued('a'), queued('b')]);
    await queue.close();
    const old = inode();
    const scripts = await compiled();
    try {
      const env = { ...process.env, SPILLWAY_FAILPOINT: moment };
      const said = execFileSync(process.execPath, [scripts.script('compact'), store], { env, encoding: 'utf8' });
      const isSwapped = moment === 'during a swap' || moment === 'after a swap';
      expect(JSON.parse(said)).toEqual(
        isSwapped
          ? { before: expect.any(Number), after: expect.any(Number) }
          : { error: expect.stringMatching(/copy of the queue store (could not take its place|was not made)/) },
      );
      expect(inode() !== old).toBe(isSwapped);
    } finally {
      await scripts.remove();
    }
    expect(copies()).toEqual([]);
    expect(readdirSync(store)).toContain('closed.json');
    queue = await openQueue({ path: store });
    expect(await deliver(9)).toEqual(['a', 'b', 'later']);
  },
);

it('F-97 is done by itself where a store is idle and most of its file is free, unless something is written meanwhile', async () => {
  await queue.close();
  jest.useFakeTimers({
    doNotFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'nextTick', 'queueMicrotask', 'performance', 'Date'],
  });
  const minute = (): void => jest.advanceTimersByTime(60_000);
  queue = await openQueue({ path: store, now: () => 3_000 });
  await queue.put('c', [queued('a')]);
  const small = inode();
  minute();
  minute();
  await setTimeout(1_000);
  expect(copies()).toEqual([]);
  await fillAndEmpty(80);
  await queue.put('c', [queued('b')]);
  // What was written since the last look counts.
  minute();
  await setTimeout(500);
  expect(copies()).toEqual([]);
  minute();
  let wasCopied = false;
  let puts = 0;
  for (const since = performance.now(); performance.now() - since < 30_000;) {
    await queue.put('c', [queued(`busy-${puts}`)]);
    puts += 1;
    await setTimeout(2);
    if (copies().length > 0) wasCopied = true;
    else if (wasCopied) break;
  }
  expect(wasCopied).toBe(true);
  expect(inode()).toBe(small);
  expect(queue.status(1).connections).toMatchObject([{ waiting: puts + 2 }]);
  while (inode() === small) {
    minute();
    await setTimeout(100);
  }
  await queue.put('c', [queued('last')]);
  expect(statSync(path.join(store, 'events.mdb')).size).toBeLessThan(2_000_000);
  expect(queue.status(1).connections).toMatchObject([{ waiting: puts + 3 }]);
  expect((await deliver(1_000)).at(-1)).toBe('last');
});

it('F-97 ends with the queue', async () => {
  await fillAndEmpty(30);
  const compacting = queue.compact().catch((error: unknown) => error);
  await setTimeout(300);
  const since = performance.now();
  await queue.close();
  expect(performance.now() - since).toBeLessThan(5_000);
  expect(await compacting).toBeInstanceOf(Error);
  expect(copies()).toEqual([]);
  queue = await openQueue({ path: store });
});

it('F-97 tells a defect, once, where an idle store cannot be looked at, and the process goes on', async () => {
  await queue.close();
  jest.useFakeTimers({
    doNotFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'nextTick', 'queueMicrotask', 'performance', 'Date'],
  });
  const defects: unknown[] = [];
  queue = await openQueue({ path: store, onSignal: (signal) => defects.push(signal) });
  renameSync(store, `${store}-elsewhere`);
  for (let minutes = 0; minutes < 5; minutes += 1) {
    jest.advanceTimersByTime(60_000);
    await setTimeout(20);
  }
  expect(defects).toMatchObject([{ kind: 'defect', where: 'queue compaction', error: { code: 'ENOENT' } }]);
  renameSync(`${store}-elsewhere`, store);
});

it('F-97 is done by one after another, however many ask for it at once', async () => {
  await fillAndEmpty(10);
  const [first, second] = await Promise.all([queue.compact(), queue.compact()]);
  expect(first.after).toBeLessThan(first.before);
  expect(second.before).toBe(first.after);
  await queue.put('c', [queued('a')]);
  expect(await deliver(9)).toEqual(['a']);
});
