import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import { openQueue } from '../../core/queue/index.ts';
import { track } from '../core/workbench.ts';

it('F-97 an id is known by its age though the clock was set back over midnight UTC, also after a restart', async () => {
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
