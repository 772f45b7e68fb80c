// Tests core/queue/lmdb/waiting-log.ts under core/queue/lane-scheduler.ts: damage in what a record says of its lanes.
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openQueue } from '../../core/queue/lmdb/open-queue.ts';
import type { DeliveryQueue, Settlement } from '../../core/queue/queue.ts';
import { queued } from '../support/queue/contract.ts';

let folder: string;
let queue: DeliveryQueue;
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'queue-lane-damage-'));
  queue = await openQueue({ path: folder });
});
afterEach(async () => {
  await queue.close();
  rmSync(folder, { recursive: true });
});

const put = (lanes: Readonly<Record<string, readonly string[]>>): Promise<unknown> =>
  queue.put(
    'c',
    Object.entries(lanes).map(([id, ofEvent]) => queued(id, { lanes: ofEvent })),
  );

/** Writes other bytes of the same length over those of the open store, which LMDB reads from the same memory. */
function overwrite(before: string, after: string): void {
  const file = path.join(folder, 'events.mdb');
  const bytes = readFileSync(file);
  const fd = openSync(file, 'r+');
  let found = 0;
  for (let at = bytes.indexOf(before); at >= 0; at = bytes.indexOf(before, at + 1)) {
    writeSync(fd, after, at);
    found += 1;
  }
  closeSync(fd);
  expect([found > 0, after.length]).toEqual([true, before.length]);
}

const claim = (): Readonly<Record<string, number>> =>
  Object.fromEntries(queue.claim('c', 9, 1).map(({ id, seq }) => [id, seq]));
const settle = (...settlements: readonly Settlement[]): Promise<void> =>
  queue.settle('c', settlements, { now: 1, configHash: '' });
const done = (seq = 0): Settlement => ({ kind: 'done', seq, outcome: 'delivered' });
const later = (seq = 0): Settlement => ({ kind: 'retry', seq, attempts: 1, notBefore: 9_000 });
const counts = () => {
  const { quarantined, connections } = queue.status(1);
  return { quarantined, waiting: connections[0]?.waiting, done: connections[0]?.done };
};

test.each([
  ['another lane', '["a"]'],
  ['no lane', '[""] '],
  ['no JSON', '[[[[['],
])('a record that says %s by damage is set aside, and both lanes keep their order', async (_title, says) => {
  await put({ a1: ['a'] });
  const { a1 } = claim();
  await put({ b1: ['b'], b2: ['b'], a2: ['a'], b3: ['b'] });
  overwrite('"id":"b2","lanes":["b"]', `"id":"b2","lanes":${says}`);
  const { b1, ...others } = claim();
  expect(Object.keys(others)).toEqual(['b3']);
  await settle(done(a1), done(b1), done(others['b3']));
  const { a2, ...rest } = claim();
  expect([a2 === undefined, rest]).toEqual([false, {}]);
  await settle(done(a2));
  await put({ b4: ['b'], a3: ['a'] });
  const { b4, a3 } = claim();
  await settle(done(b4), done(a3));
  expect(counts()).toEqual({ quarantined: 1, waiting: 0, done: 6 });
});

test('a record that says a lane that stands still by damage holds back none of its true ones', async () => {
  await put({ a1: ['a'] });
  await settle(later(claim()['a1']));
  await put({ b1: ['b'], x1: ['x', 'y'], b2: ['b'], x2: ['x'], y1: ['y'] });
  overwrite('"id":"b1","lanes":["b"]', '"id":"b1","lanes":["a"]');
  overwrite('"id":"x1","lanes":["x","y"]', '"id":"x1","lanes":["a","y"]');
  const { b2, x2, y1, ...others } = claim();
  expect(others).toEqual({});
  await settle(done(b2), done(x2), done(y1));
  expect(counts()).toEqual({ quarantined: 2, waiting: 1, done: 3 });
});
