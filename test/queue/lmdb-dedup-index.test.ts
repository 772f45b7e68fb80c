import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import { QueueFull } from '../../core/queue/index.ts';
import { openQueue } from '../../core/queue/lmdb/open-queue.ts';
import { track } from '../support/runtime/test-connection.ts';

it('F-97 an id keeps its age when the clock is set back over midnight UTC, even after a restart', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'seen-'));
  let now = Date.UTC(2026, 10, 30, 0, 5);
  const open = () => openQueue({ path: folder, now: () => now });
  const put = async (queue: Awaited<ReturnType<typeof open>>, id: string) =>
    (await queue.put('acme', [{ id, event: track(id), acceptedAt: now }])).duplicates;
  let queue = await open();
  expect(await put(queue, 'a')).toBe(0);
  now -= 10 * 60_000;
  expect(await put(queue, 'a')).toBe(1);
  await queue.close();
  queue = await open();
  expect(await put(queue, 'a')).toBe(1);
  expect(await put(queue, 'b')).toBe(0);
  now += 20 * 60_000;
  expect([await put(queue, 'a'), await put(queue, 'b')]).toEqual([1, 1]);
  now += 86_400_000;
  expect([await put(queue, 'a'), await put(queue, 'b')]).toEqual([0, 0]);
  await queue.close();
  rmSync(folder, { recursive: true });
});

it('F-97 the ids of the window count into the budget, and make room once the window has passed', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'seen-'));
  const maxBytes = 1_000_000;
  let now = Date.UTC(2026, 10, 30, 0, 5);
  const queue = await openQueue({ path: folder, maxBytes, now: () => now });
  let ids = 0;
  /** A hundred events, which are delivered, and not kept for replay. */
  const pass = async (): Promise<void> => {
    const events = Array.from({ length: 100 }, () => {
      ids += 1;
      return { id: `an-id-of-a-usual-length-${ids}`, event: track('a'), acceptedAt: now };
    });
    await queue.put('acme', events);
    const claims = queue.claim('acme', 100, now);
    const done = claims.map(({ seq }) => ({ kind: 'done', seq, outcome: 'delivered' }) as const);
    await queue.settle('acme', done, { now, configHash: '' });
    await queue.prune(now + 1, now);
  };
  let refused: unknown;
  while (refused === undefined && ids < 100_000) await pass().catch((error: unknown) => (refused = error));
  expect(refused).toBeInstanceOf(QueueFull);
  const [{ bytes, seenBytes }] = [queue.status(now)];
  expect(bytes).toBe(seenBytes);
  expect(seenBytes).toBeGreaterThan(0.9 * maxBytes);
  expect(seenBytes).toBeLessThan(1.02 * maxBytes);
  expect(String(refused)).toContain(`0 are kept for replay and give way; ${seenBytes} bytes are the ids of the dedup`);
  expect(statSync(path.join(folder, 'events.mdb')).size).toBeLessThan(3 * maxBytes);
  now += 2 * 86_400_000 + 1;
  await queue.prune(now, now);
  expect(queue.status(now)).toMatchObject({ bytes: 0, seenBytes: 0 });
  await pass();
  await queue.close();
  rmSync(folder, { recursive: true });
}, 60_000);
