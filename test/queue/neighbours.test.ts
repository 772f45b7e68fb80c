// Tests core/queue/worker.ts, several of them on one store.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { loadDestinations } from '../../core/index.ts';
import { startWorkers } from '../proofs/neighbours/worker-fixture.ts';
import { startVendors } from '../proofs/neighbours/vendors.ts';

const slugs = ['adroll', 'rokt', 'adjust', 'adroll-email', 'adroll'];
const hangingAt = 4;

/** The short form of `npm run proof -- neighbours`: what happens, not how fast. */
test('connections finish their events while one beside them hangs; its events stay until its vendor answers', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'spillway-neighbours-'));
  const vendors = await startVendors(slugs, 5);
  const fixture = await startWorkers({
    store: path.join(folder, 'store'),
    destinations: await loadDestinations(path.join(import.meta.dirname, '../../destinations')),
    slugs,
    vendors,
    hanging: hangingAt,
  });
  const healthy = fixture.connections.slice(0, hangingAt);
  const [hanging] = fixture.connections.slice(hangingAt);
  if (hanging === undefined) throw new Error('no connection hangs');

  await hanging.enqueue(2_500);
  const hangingWorker = hanging.work();
  const workers = healthy.map((connection) => connection.work());
  // Some of it comes while they work.
  for (let round = 0; round < 10; round += 1)
    await Promise.all(fixture.connections.map((connection) => connection.enqueue(20)));
  await Promise.all(workers.map((worker) => worker.idle()));
  expect(healthy.map((connection) => fixture.waiting(connection))).toEqual([0, 0, 0, 0]);
  expect(fixture.waiting(hanging)).toBe(2_700);
  // Its requests are still open: the others did not profit from their end.
  expect(fixture.unreachable).toEqual(new Set());
  const whole = (put: number) => ({ distinct: put, duplicates: 0 });
  expect(await vendors.ledgers()).toEqual([...healthy.map(({ put }) => whole(put)), whole(0)]);

  fixture.recover();
  await hangingWorker.idle();
  expect((await vendors.ledgers())[hangingAt]).toEqual(whole(2_700));
  expect(fixture.queue.status(Date.now()).connections.map(({ waiting, dead, done }) => [waiting, dead, done])).toEqual(
    fixture.connections.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map(({ put }) => [0, 0, put]),
  );
  await fixture.close();
  await vendors.close();
  rmSync(folder, { recursive: true });
}, 30_000);
