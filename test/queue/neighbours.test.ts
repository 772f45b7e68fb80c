import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { loadDestinations } from '../../core/index.ts';
import { openHouse } from '../../scripts/neighbours/house.ts';
import { startVendors } from '../../scripts/neighbours/vendors.ts';

const slugs = ['adroll', 'rokt', 'adjust', 'adroll-email', 'adroll'];
const hangingAt = 4;

/** The short form of scripts/neighbours.ts: what happens, not how fast. */
test('connections finish all they have while one beside them hangs, whose events stay until its vendor answers', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'spillway-neighbours-'));
  const vendors = await startVendors(slugs, 5);
  const house = await openHouse({
    store: path.join(folder, 'store'),
    destinations: await loadDestinations(path.join(import.meta.dirname, '../../destinations')),
    slugs,
    vendors,
    hanging: hangingAt,
  });
  const healthy = house.tenants.slice(0, hangingAt);
  const [hanging] = house.tenants.slice(hangingAt);
  if (hanging === undefined) throw new Error('nobody hangs');

  await hanging.enqueue(2_500);
  const hangingWorker = hanging.work();
  const workers = healthy.map((tenant) => tenant.work());
  // Some of it comes while they work.
  for (let round = 0; round < 10; round += 1) await Promise.all(house.tenants.map((tenant) => tenant.enqueue(20)));
  await Promise.all(workers.map((worker) => worker.idle()));
  expect(healthy.map((tenant) => house.waiting(tenant))).toEqual([0, 0, 0, 0]);
  expect(house.waiting(hanging)).toBe(2_700);
  // Its requests are still open: nobody was helped by their end.
  expect(house.held).toEqual(new Set());
  const whole = (put: number) => ({ distinct: put, duplicates: 0 });
  expect(await vendors.ledgers()).toEqual([...healthy.map(({ put }) => whole(put)), whole(0)]);

  house.recover();
  await hangingWorker.idle();
  expect((await vendors.ledgers())[hangingAt]).toEqual(whole(2_700));
  expect(house.queue.status(Date.now()).connections.map(({ waiting, dead, done }) => [waiting, dead, done])).toEqual(
    house.tenants.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map(({ put }) => [0, 0, put]),
  );
  await house.close();
  await vendors.close();
  rmSync(folder, { recursive: true });
}, 30_000);
