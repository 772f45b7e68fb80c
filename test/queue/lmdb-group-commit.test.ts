import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { StoreServer } from '../../core/queue/admin/server.ts';
import { openStoreDirectory } from '../../core/queue/lmdb/store-directory.ts';
import { LmdbQueue } from '../../core/queue/lmdb/lmdb-queue.ts';
import { openQueue } from '../../core/queue/lmdb/open-queue.ts';
import { readTotals, totalsKey, withChecksum } from '../../core/queue/lmdb/store-meta.ts';
import { openTables, type Tables } from '../../core/queue/lmdb/tables.ts';
import { QueueFull, type Claim, type Settlement } from '../../core/queue/queue.ts';
import type { Signal } from '../../core/runtime/signals.ts';
import { queued } from '../support/queue/contract.ts';

/** What the disk does with a transaction. */
type Disk = 'takes it' | 'has no room' | 'does not flush' | 'never answers' | 'takes it into a file without a name';

let root: string;
let store: string;
let tables: Tables;
let queue: LmdbQueue;
/** Of the next transactions. */
let disk: Disk[];
let signals: Signal[];
/** How many operations there were in each transaction that found no room, but for the numbers that go along. */
let refused: number[];
const nothing = (): void => undefined;
let answer = nothing;
let transactions: number;

beforeEach(async () => {
  root = mkdtempSync(path.join(tmpdir(), 'queue-journal-'));
  store = path.join(root, 'store');
  disk = [];
  answer = nothing;
  signals = [];
  refused = [];
  transactions = 0;
  const folder = await openStoreDirectory(store, new StoreServer());
  folder.markDirty();
  tables = openTables(folder.dataFile, { readOnly: false, bytes: 2 ** 20 });
  interceptBatches();
  queue = new LmdbQueue(
    tables,
    folder,
    {
      totals: { seq: 0, stamp: 0, bytes: 0, quarantined: 0 },
      config: { seenMs: 3_600_000 },
      counts: new Map(),
    },
    { maxBytes: 2 ** 20, dedupWindowMs: 3_600_000, now: () => 1, emit: (signal) => signals.push(signal) },
  );
  await queue.writeConfig();
  folder.markInitialised();
});
afterEach(async () => {
  disk = [];
  answer();
  await queue.close();
  rmSync(root, { recursive: true });
});

/** LMDB as it is, but for what comes of the disk: rejects before anything is in the tree, or, as a failed flush does, after. */
function interceptBatches(): void {
  const { root: lmdb } = tables;
  const real = lmdb.batch.bind(lmdb) as (write: () => void) => Promise<boolean>;
  const into = (write: () => void): number => {
    const calls = [tables.log, tables.done, tables.dead, tables.seen, tables.meta].flatMap((table) => [
      jest.spyOn(table, 'put').mockResolvedValue(true),
      jest.spyOn(table, 'remove').mockResolvedValue(true),
    ]);
    write();
    const written = calls.slice(0, -2).reduce((sum, { mock }) => sum + mock.calls.length, 0);
    for (const spy of calls) spy.mockRestore();
    return written;
  };
  const intercepted = async (write: () => void): Promise<boolean> => {
    transactions += 1;
    const [what = 'takes it'] = disk.splice(0, 1);
    if (what === 'has no room') {
      refused.push(into(write));
      throw new Error('No space left on device: Attempting to write page');
    }
    await real(write);
    if (what === 'takes it into a file without a name') {
      copyFileSync(path.join(store, 'events.mdb'), path.join(store, 'copy'));
      renameSync(path.join(store, 'copy'), path.join(store, 'events.mdb'));
    }
    if (what === 'does not flush') throw new Error('Input/output error');
    if (what === 'never answers') await new Promise<void>((resolve) => (answer = resolve));
    return true;
  };
  Object.assign(lmdb, { batch: intercepted });
}

const done = ({ seq }: Claim): Settlement => ({ kind: 'done', seq, outcome: 'delivered' });
const at = { now: 2, configHash: '' };
const counts = () => queue.status(1).connections[0];

describe('a disk without room', () => {
  it('costs the puts, and not the settlement that came with them, nor the next one', async () => {
    await queue.put('c', [queued('a'), queued('b')]);
    const [a, b] = queue.claim('c', 9, 1);
    disk = ['has no room'];
    const put = queue.put('c', [queued('x')]);
    const settled = queue.settle('c', [done(a!)], at);
    await expect(put).rejects.toThrow(QueueFull);
    await settled;
    await queue.settle('c', [done(b!)], at);
    expect(refused).toEqual([4]);
    expect(counts()).toMatchObject({ waiting: 0, done: 2 });
    expect(await queue.put('c', [queued('x')])).toEqual({ accepted: 1, duplicates: 0 });
    expect(queue.claim('c', 9, 1).map(({ id }) => id)).toEqual(['x']);
  });

  it('costs a put that counted on the ids of one that failed, too', async () => {
    disk = ['has no room'];
    const first = queue.put('c', [queued('x')]);
    await Promise.resolve();
    const second = queue.put('c', [queued('x')]);
    await expect(first).rejects.toThrow(QueueFull);
    await expect(second).rejects.toThrow(QueueFull);
    expect(queue.claim('c', 9, 1)).toEqual([]);
  });

  it('costs only those settlements that need the room, when they come together', async () => {
    await queue.put('c', [queued('a'), queued('b')]);
    const [a, b] = queue.claim('c', 9, 1);
    disk = ['has no room', 'has no room', 'takes it'];
    const [first, second] = await Promise.allSettled([
      queue.settle('c', [done(a!)], at),
      queue.settle('c', [done(b!)], at),
    ]);
    expect([first.status, second.status]).toEqual(['rejected', 'fulfilled']);
    expect(counts()).toMatchObject({ waiting: 1, done: 1 });
    await queue.settle('c', [done(a!)], at);
    expect(counts()).toMatchObject({ waiting: 0, done: 2 });
  });

  it('is found out by a settlement of nothing', async () => {
    await queue.settle('c', [], at);
    disk = ['has no room'];
    await expect(queue.settle('c', [], at)).rejects.toThrow(QueueFull);
    await queue.settle('c', [], at);
  });

  it('leaves counts that are right for whoever opens the store after a kill', async () => {
    await queue.put('c', [queued('a'), queued('b')]);
    const [a] = queue.claim('c', 1, 1);
    disk = ['has no room'];
    await Promise.allSettled([queue.put('c', [queued('x'), queued('y')]), queue.settle('c', [done(a!)], at)]);
    const { bytes } = queue.status(1);
    await queue.close();
    rmSync(path.join(store, 'closed.json'));
    const again = await openQueue({ path: store });
    expect(again.status(1)).toMatchObject({ bytes, connections: [{ waiting: 1, done: 1 }] });
    await again.close();
  }, 30_000);
});

it('is shared by a producer and a worker side by side: one flush for both', async () => {
  const before = transactions;
  const ten = async (step: (n: number) => Promise<unknown>): Promise<void> => {
    for (let n = 0; n < 10; n += 1) await step(n);
  };
  await Promise.all([
    ten((n) => queue.put('c', [queued(`e${n}`)])),
    // Comes while the first put is on its way.
    new Promise((resolve) => void setImmediate(resolve)).then(() => ten(() => queue.settle('c', [], at))),
  ]);
  expect(transactions - before).toBeLessThan(13);
});

describe('a flush that failed', () => {
  it('is no "try again": nothing is said to be kept, and nothing more is taken or given out', async () => {
    await queue.put('c', [queued('a'), queued('b')]);
    const [a] = queue.claim('c', 1, 1);
    disk = ['does not flush'];
    const put = queue.put('c', [queued('x')]);
    const settled = queue.settle('c', [done(a!)], at);
    const failed = { name: 'FlushFailed', code: 'unflushed', message: expect.stringContaining('Input/output error') };
    await expect(put).rejects.toMatchObject(failed);
    await expect(settled).rejects.toMatchObject(failed);
    await expect(queue.put('c', [queued('x')])).rejects.toMatchObject(failed);
    expect(() => queue.claim('c', 1, 1)).toThrow('did not take a flush');
    expect(() => queue.status(1)).toThrow('did not take a flush');
    await queue.close();
    expect(readdirSync(store)).not.toContain('closed.json');
    // Looked through and found sound: what is in the tree is what its numbers say.
    const again = await openQueue({ path: store });
    expect(again.status(1)).toMatchObject({ connections: [{ waiting: 2, done: 1 }] });
    await again.close();
  }, 30_000);
});

describe('a flush that does not come', () => {
  it('does not keep a producer waiting: it is told, and what it put may land all the same, once', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance'] });
    try {
      disk = ['never answers'];
      const put = queue.put('c', [queued('x')]);
      const told = put.catch((error: unknown) => error);
      await new Promise((resolve) => void setImmediate(resolve));
      const forming = queue.put('c', [queued('y')]).catch((error: unknown) => error);
      jest.advanceTimersByTime(30_000);
      expect(await told).toMatchObject({ name: 'FlushOverdue' });
      expect(await forming).toMatchObject({ name: 'FlushOverdue' });
      await expect(queue.put('c', [queued('x')])).rejects.toMatchObject({ name: 'FlushOverdue' });
    } finally {
      jest.useRealTimers();
    }
    while (answer === nothing) await new Promise((resolve) => void setImmediate(resolve));
    answer();
    await queue.settle('c', [], at);
    expect(await queue.put('c', [queued('x'), queued('y')])).toEqual({ accepted: 1, duplicates: 1 });
    expect(queue.claim('c', 9, 1).map(({ id }) => id)).toEqual(['x', 'y']);
  });
});

describe('a store that another process has taken over', () => {
  it('gives out nothing more', async () => {
    await queue.put('c', [queued('a'), queued('b')]);
    const totals = readTotals(tables.meta);
    await tables.meta.put(totalsKey, withChecksum({ ...totals, fence: (totals?.fence ?? 0) + 1 }));
    const [a] = queue.claim('c', 1, 1);
    await expect(queue.settle('c', [done(a!)], at)).rejects.toMatchObject({ code: 'taken' });
    expect(() => queue.claim('c', 1, 1)).toThrow('another process has taken');
    expect(() => queue.release('c', [a!.seq])).toThrow('another process has taken');
    await expect(queue.put('c', [])).rejects.toMatchObject({ code: 'taken' });
  });
});

describe('a store that another process has copied', () => {
  it('confirms nothing that came into the old file alone, and gives out nothing more', async () => {
    await queue.put('c', [queued('a')]);
    disk = ['takes it into a file without a name'];
    await expect(queue.put('c', [queued('b')])).rejects.toMatchObject({ code: 'taken' });
    expect(() => queue.claim('c', 1, 1)).toThrow('another process has taken');
    await queue.close();
    expect(readdirSync(store)).not.toContain('closed.json');
  });
});

describe('a record that cannot be set aside', () => {
  it('holds back no other, and does not cost the claims made with it', async () => {
    await queue.put('c', [queued('a'), queued('b'), queued('d')]);
    const [entry] = [...tables.log.getRange({ limit: 1 })];
    const { key } = entry!;
    const bad = Buffer.from(entry!.value);
    bad[40]! ^= 1;
    await tables.log.put(Buffer.from(key), bad);
    // Where the folder would be.
    writeFileSync(path.join(store, 'quarantine'), '');
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance'] });
    try {
      expect(queue.claim('c', 9, 1).map(({ id }) => id)).toEqual(['b', 'd']);
      expect(signals).toMatchObject([{ kind: 'defect', where: 'queue quarantine' }]);
      expect(counts()).toMatchObject({ waiting: 3 });
      rmSync(path.join(store, 'quarantine'));
      jest.advanceTimersByTime(60_000);
      await queue.settle('c', [], at);
    } finally {
      jest.useRealTimers();
    }
    expect(queue.status(1)).toMatchObject({ quarantined: 1, connections: [{ waiting: 2 }] });
    const [file] = readdirSync(path.join(store, 'quarantine'));
    expect(readFileSync(path.join(store, 'quarantine', file!)).equals(bad)).toBe(true);
  });
});

it("is nobody else's to read", () => {
  expect(statSync(path.join(store, 'events.mdb')).mode & 0o077).toBe(0);
});

it('takes no event that leaves no room for what becomes of it', async () => {
  const event = { type: 'track', event: 'x', properties: { text: 'x'.repeat(64 * 1024 * 1024 - 1_000) } } as const;
  await expect(queue.put('c', [queued('a'), queued('b', { event })])).rejects.toThrow(RangeError);
  expect(await queue.put('c', [queued('a')])).toEqual({ accepted: 1, duplicates: 0 });
});
