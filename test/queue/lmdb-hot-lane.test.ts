// Tests core/queue/lane-scheduler.ts under core/queue/worker.ts: one lane that stands still, beside many others.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import type { EventOrText, Outcome } from '../../core/index.ts';
import type { QueuedEvent } from '../../core/queue/index.ts';
import { openQueue } from '../../core/queue/lmdb/open-queue.ts';
import { work } from '../../core/queue/worker.ts';
import type { DeliveryQueue } from '../../core/queue/queue.ts';

const others = 10_000;
const behind = 100_000;

async function fill(queue: DeliveryQueue, prefix: string, count: number, laneOf: (n: number) => string): Promise<void> {
  for (let from = 0; from < count; from += 10_000) {
    const events = Array.from({ length: Math.min(10_000, count - from) }, (_, n): QueuedEvent => {
      const id = `${prefix}-${from + n}`;
      return {
        id,
        lanes: [laneOf(from + n)],
        event: { type: 'track', event: 'x', messageId: id },
        acceptedAt: Date.now(),
      };
    });
    await queue.put('c', events);
  }
}

/** The vendor fails on one device, and takes everything of the others. */
function outcomeOf(event: EventOrText, retryAt: string): Outcome {
  const { messageId: eventId } = JSON.parse(event as string) as { messageId: string };
  if (!eventId.startsWith('hot')) return { kind: 'delivered', eventId, attempts: 1 };
  const code = eventId === 'hot-0' ? 'vendor_unavailable' : 'held_back';
  return { kind: 'deferred', eventId, reason: { code, message: 'No.' }, retryAt, scope: 'hot' };
}

test('F-97 an always-failing device with 100,000 events holds back no other, and nothing spins while it waits', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'queue-hot-lane-'));
  const queue = await openQueue({ path: folder, dedupWindowMs: 0 });
  await fill(queue, 'hot', behind, () => 'hot');
  await fill(queue, 'other', others, (n) => `device-${n}`);

  const retryAt = new Date(Date.now() + 3_600_000).toISOString();
  let left = others;
  let claims = 0;
  let resolve = (): void => undefined;
  const othersDone = new Promise<void>((done) => (resolve = done));
  const worker = work({
    queue: {
      claim(...args) {
        claims += 1;
        return queue.claim(...args);
      },
      nextAt: (id) => queue.nextAt(id),
      settle: (...args) => queue.settle(...args),
      release: (...args) => queue.release(...args),
      waiting: (id) => queue.waiting(id),
      crashedAt: () => 0,
      ambiguousSinceCrash: () => 0,
    },
    id: 'c',
    configHash: '',
    connection: {
      slug: 'acme',
      id: 'c',
      suspended: () => [],
      resume: () => undefined,
      check: () => Promise.reject(new Error('nobody asks')),
      deliver(events) {
        const outcomes = Array.from(events, (event) => outcomeOf(event, retryAt));
        left -= outcomes.filter(({ kind }) => kind === 'delivered').length;
        if (left === 0) resolve();
        return Promise.resolve(outcomes);
      },
    },
  });
  await othersDone;
  // The first of 110,000 events waits for an hour; the worker passed over those behind it in turns of some thousand.
  expect(claims).toBeLessThan(300);
  while (queue.waiting('c') > behind) await new Promise((done) => setTimeout(done, 50));
  await new Promise((done) => setTimeout(done, 300));
  const before = claims;
  await new Promise((done) => setTimeout(done, 300));
  expect(claims - before).toBeLessThan(3);
  expect(queue.nextAt('c')).toBe(Date.parse(retryAt));
  await worker.stop(0);
  await queue.close();
  rmSync(folder, { recursive: true });
}, 60_000);
