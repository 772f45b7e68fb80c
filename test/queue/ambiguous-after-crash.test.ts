import { mkdtemp, rm } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { createAmbiguityMarker } from '../../core/queue/ambiguous-after-crash.ts';
import { openQueue } from '../../core/queue/lmdb/open-queue.ts';
import { acme, tracks } from '../support/runtime/test-connection.ts';
import { testWorker, type TestWorker } from '../support/queue/test-worker.ts';

const one = acme({}, { limits: { maxItems: 1, maxBytes: 10_000, maxAgeMs: 1_000 } });
const letters = ({ queue }: TestWorker): string[] =>
  queue
    .log('acme')
    .dead.map(({ id, outcome }) => `${id} ${outcome}`)
    .sort();

/** Opens the store, takes that many events as a worker does that has three out at once, closes it. Returns the numbers of those marked. */
async function takeFrom(store: string, many: number): Promise<readonly number[]> {
  const queue = await openQueue({ path: store });
  const mark = createAmbiguityMarker(queue, 'c', 3);
  const claims = mark(queue.claim('c', many, Date.now()));
  await queue.settle(
    'c',
    claims.map(({ seq }) => ({ kind: 'done', seq, outcome: 'delivered' })),
    { now: Date.now(), configHash: '' },
  );
  await queue.close();
  return claims.filter(({ ambiguous }) => ambiguous === true).map(({ seq }) => seq);
}

/** Puts and settles some, and is killed. */
async function kill(store: string, run: string): Promise<void> {
  const producer = path.join(import.meta.dirname, '../support/queue/produce.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', producer, store, run], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'close');
}

describe('what a worker that was killed had claimed', () => {
  it('F-98 is unknown, not rejected, when the vendor refuses it now: the oldest events, as many as a worker may have in flight', async () => {
    const shop = testWorker({ destination: one, script: () => ({ status: 400 }) });
    await shop.put(tracks(12));
    shop.queue.crashed = 10;
    await shop.workAll({ prefetch: 2, inFlight: 1, batchSize: 1, retryConcurrency: 1 });
    const kinds = letters(shop).map((letter) => letter.split(' '));
    expect(kinds.filter(([, outcome]) => outcome === 'unknown').map(([id]) => id)).toEqual([
      'e0',
      'e1',
      'e2',
      'e3',
      'e4',
    ]);
    expect(kinds.filter(([, outcome]) => outcome === 'rejected')).toHaveLength(7);
    expect(shop.queue.log('acme').dead[0]?.reason.code).toBe('ambiguous_delivery');
  });

  it('F-98 is not thought of events put since, nor after a clean end', async () => {
    const shop = testWorker({ destination: one, script: () => ({ status: 400 }) });
    await shop.put(tracks(4));
    shop.queue.crashed = 1;
    await shop.workAll({ prefetch: 2, batchSize: 1 });
    expect(letters(shop)).toEqual(['e0 unknown', 'e1 rejected', 'e2 rejected', 'e3 rejected']);
  });

  it('F-98 is marked once: a later worker marks no further events, and keeps the marks of released ones', async () => {
    const answers = [401, 400, 400, 400, 400, 400, 401];
    const shop = testWorker({ destination: one, script: () => ({ status: answers.shift() ?? 400 }) });
    await shop.put(tracks(12));
    shop.queue.crashed = 12;
    for (let start = 0; start < 4; start += 1) {
      const working = await shop.workAll({ prefetch: 2, inFlight: 1, batchSize: 1, retryConcurrency: 1 });
      await shop.clock.run(working.stop(0));
      shop.connection.resume();
    }
    const kinds = letters(shop).map((letter) => letter.split(' '));
    expect(kinds).toHaveLength(12);
    expect(kinds.filter(([, outcome]) => outcome === 'unknown').map(([id]) => id)).toEqual([
      'e0',
      'e1',
      'e2',
      'e3',
      'e4',
    ]);
  });

  it('F-98 is known by the store, though somebody looked at it in between', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'queue-killed-'));
    const store = path.join(folder, 'store');
    try {
      const fresh = await openQueue({ path: store });
      expect(fresh.crashedAt()).toBe(0);
      await fresh.close();
      await kill(store, 'a');
      const looked = await openQueue({ path: store });
      const { waiting } = looked.status(Date.now()).connections[0] ?? { waiting: 0 };
      expect(looked.crashedAt()).toBeGreaterThanOrEqual(waiting);
      const last = looked.crashedAt();
      await looked.close();
      const again = await openQueue({ path: store });
      await again.put('c', [{ id: 'later', acceptedAt: 1, event: { type: 'track', event: 'x' } }]);
      expect(again.crashedAt()).toBe(last);
      await again.close();
    } finally {
      await rm(folder, { recursive: true });
    }
  }, 60_000);

  it('F-98 is marked once by the store, over clean ends of any number, and anew after the next kill', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'queue-killed-'));
    const store = path.join(folder, 'store');
    try {
      await kill(store, 'a');
      const marked: number[] = [];
      for (const many of [2, 2, 2]) marked.push((await takeFrom(store, many)).length);
      expect(marked).toEqual([2, 1, 0]);
      await kill(store, 'b');
      expect(await takeFrom(store, 5)).toHaveLength(3);
      expect(await takeFrom(store, 5)).toHaveLength(0);
    } finally {
      await rm(folder, { recursive: true });
    }
  }, 60_000);
});
