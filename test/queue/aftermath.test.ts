import { mkdtemp, rm } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { openQueue } from '../../core/queue/index.ts';
import { acme, tracks } from '../core/workbench.ts';
import { workshop, type Workshop } from './workshop.ts';

const one = acme({}, { limits: { maxItems: 1, maxBytes: 10_000, maxAgeMs: 1_000 } });
const letters = ({ queue }: Workshop): string[] =>
  queue
    .log('acme')
    .dead.map(({ id, outcome }) => `${id} ${outcome}`)
    .sort();

describe('what a worker that was killed had claimed', () => {
  it('F-98 is unknown, not rejected, when the vendor refuses it now: the oldest, as many as a worker has out', async () => {
    const shop = workshop({ destination: one, script: () => ({ status: 400 }) });
    await shop.put(tracks(12));
    shop.queue.crashed = 10;
    await shop.workAll({ sliceSize: 2, inFlight: 1, batchSize: 1, apart: 1 });
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
    const shop = workshop({ destination: one, script: () => ({ status: 400 }) });
    await shop.put(tracks(4));
    shop.queue.crashed = 1;
    await shop.workAll({ sliceSize: 2, batchSize: 1 });
    expect(letters(shop)).toEqual(['e0 unknown', 'e1 rejected', 'e2 rejected', 'e3 rejected']);
  });

  it('F-98 is known by the store, though somebody looked at it in between', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'queue-killed-'));
    const store = path.join(folder, 'store');
    try {
      const fresh = await openQueue({ path: store });
      expect(fresh.crashedAt()).toBe(0);
      await fresh.close();
      const producer = path.join(import.meta.dirname, 'support', 'produce.ts');
      const child = spawn(process.execPath, ['--import', 'tsx', producer, store, 'a'], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      await once(child.stdout, 'data');
      child.kill('SIGKILL');
      await once(child, 'close');
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
});
