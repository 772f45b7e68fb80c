// Tests core/queue/lmdb/delivery-table.ts: the outcomes of files, by line.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { StoreServer } from '../../core/queue/admin/server.ts';
import type { FileDelivery, KnownLine } from '../../core/queue/delivery-log.ts';
import { DeliveryTable } from '../../core/queue/lmdb/delivery-table.ts';
import { lineOf } from '../../core/queue/lmdb/keys.ts';
import type { LmdbQueue } from '../../core/queue/lmdb/lmdb-queue.ts';
import { openQueue } from '../../core/queue/lmdb/open-queue.ts';
import { openStoreDirectory } from '../../core/queue/lmdb/store-directory.ts';
import { openTables, type Table } from '../../core/queue/lmdb/tables.ts';
import { verifyStore } from '../../core/queue/lmdb/verify-store.ts';
import { queued } from '../support/queue/contract.ts';

let root: string;
let store: string;
let queue: LmdbQueue;
const opened = async (): Promise<LmdbQueue> => (queue = await openQueue({ path: store, now: () => 1_700_000_000_000 }));
beforeEach(async () => {
  root = mkdtempSync(path.join(tmpdir(), 'delivery-log-'));
  store = path.join(root, 'store');
  await opened();
});
afterEach(async () => {
  await queue.close();
  rmSync(root, { recursive: true });
});

const events: FileDelivery = { file: '/data/events.ndjson', destination: 'acme', connection: 'shop' };
const others: FileDelivery = { ...events, file: '/data/others.ndjson' };
const line = (number: number, id = number): KnownLine => [
  number,
  { id, outcome: { kind: 'delivered', eventId: `e${id}`, attempts: 1 } },
];
const lines = (count: number): KnownLine[] => Array.from({ length: count }, (_, at) => line(at + 1));
const reopened = async (): Promise<void> => {
  await queue.close();
  await opened();
};

describe('the outcomes of a file', () => {
  it('are there after the store was opened again, in the order of the lines, the last one of each', async () => {
    const log = await queue.deliveryLog(events);
    await Promise.all([log.record([line(300), line(2)]), log.record([line(1)]), log.record([line(70_000)])]);
    await log.record([line(2, 22)]);
    await reopened();
    const again = await queue.deliveryLog(events);
    expect([...again.lines()]).toEqual([line(1), line(2, 22), line(300), line(70_000)]);
    expect([again.get(2), again.get(3)]).toEqual([line(2, 22)[1], undefined]);
  });

  it('stay where the log is opened while a purge of the connection is under way, which fails', async () => {
    await queue.deliveryLog(events).then((log) => log.record([line(1)]));
    await reopened();
    await queue.put('shop', [queued('a')]);
    const purged = queue.purge('shop');
    const log = await queue.deliveryLog(events);
    await log.record([line(2)]);
    await expect(purged).rejects.toThrow('a file is being delivered for shop');
    expect([...log.lines()]).toEqual([line(1), line(2)]);
    expect(queue.status(0).deliveries?.files).toMatchObject([events]);
  });

  it('are none of a closed store, which says that it is closed', async () => {
    const log = await queue.deliveryLog(events);
    await queue.close();
    expect(() => log.get(1)).toThrow('closed');
    await expect(queue.deliveryLog(events)).rejects.toMatchObject({ code: 'closed' });
    await opened();
  });

  it('are those of this file and this connection alone', async () => {
    const deliveries = [events, others, { ...events, connection: 'blog' }, { ...events, destination: 'other' }];
    for (const [index, delivery] of deliveries.entries())
      await (await queue.deliveryLog(delivery)).record([line(index + 1)]);
    for (const [index, delivery] of deliveries.entries())
      expect([...(await queue.deliveryLog(delivery)).lines()]).toEqual([line(index + 1)]);
  });

  it('are more than one page', async () => {
    const log = await queue.deliveryLog(events);
    await log.record(lines(1_001));
    await (await queue.deliveryLog(others)).record([line(1)]);
    expect(Array.from(log.lines(), ([number]) => number)).toEqual(lines(1_001).map(([number]) => number));
  });

  it('count into no budget, and status() names the files and what they take', async () => {
    expect(queue.status(1).deliveries).toBeUndefined();
    await queue.put('c', [queued('a')]);
    const { bytes } = queue.status(1);
    await (await queue.deliveryLog(events)).record(lines(2_000));
    await queue.deliveryLog(others);
    const { deliveries, ...status } = queue.status(1);
    expect(status.bytes).toBe(bytes);
    const files = [events, others].map((delivery) => ({ ...delivery, startedAt: 1_700_000_000_000 }));
    expect(deliveries?.files).toEqual(expect.arrayContaining(files));
    expect(deliveries?.files).toHaveLength(2);
    expect(deliveries?.bytes).toBeGreaterThan(100_000);
  });

  it('are nothing where a byte is damaged, and the store is sound all the same', async () => {
    await (await queue.deliveryLog(events)).record(lines(4));
    await queue.close();
    const tables = openTables(path.join(store, 'events.mdb'), { readOnly: false, bytes: 0 });
    for (const { key, value } of [...tables.deliveries.getRange()].filter((entry) => lineOf(entry.key) === 3)) {
      value[10]! ^= 4;
      await tables.deliveries.put(key, value);
    }
    await tables.root.close();
    const dataFile = path.join(store, 'events.mdb');
    await verifyStore({ path: store, dataFile, copyFile: `${dataFile}.copy` });
    await opened();
    const log = await queue.deliveryLog(events);
    expect(Array.from(log.lines(), ([number]) => number)).toEqual([1, 2, 4]);
    expect(log.get(3)).toBeUndefined();
  });

  /** Who changes this reads "How to change the format" in docs/queue.md first. */
  it('are on disk as docs/queue.md shows', async () => {
    await (await queue.deliveryLog(events)).record([line(3)]);
    await queue.close();
    const tables = openTables(path.join(store, 'events.mdb'), { readOnly: true, bytes: 0 });
    const entries = Array.from(tables.deliveries.getRange(), ({ key, value }) => [
      key.toString('hex'),
      value.toString('hex', 0, 4),
      value.toString('utf8', 4),
    ]);
    await tables.root.close();
    await opened();
    expect(entries).toEqual([
      [
        '1192b479bf02ca5abc5ecc179f4d93ee000000000000',
        '2d7a2e86',
        '{"file":"/data/events.ndjson","destination":"acme","connection":"shop","startedAt":1700000000000}',
      ],
      [
        '1192b479bf02ca5abc5ecc179f4d93ee000000000003',
        '9ffd5264',
        '{"id":3,"outcome":{"kind":"delivered","eventId":"e3","attempts":1}}',
      ],
    ]);
  });

  it('are nothing under the key of another line', async () => {
    const log = await queue.deliveryLog(events);
    await log.record([line(1)]);
    await queue.close();
    const tables = openTables(path.join(store, 'events.mdb'), { readOnly: false, bytes: 0 });
    for (const { key, value } of [...tables.deliveries.getRange()].filter((entry) => lineOf(entry.key) === 1))
      await tables.deliveries.put(Buffer.concat([key.subarray(0, -1), Buffer.of(9)]), value);
    await tables.root.close();
    await opened();
    expect(Array.from((await queue.deliveryLog(events)).lines(), ([number]) => number)).toEqual([1]);
  });
});

describe('a delivery that begins anew', () => {
  it('has none of its lines, and leaves other files alone', async () => {
    await (await queue.deliveryLog(events)).record(lines(12_000));
    await (await queue.deliveryLog(others)).record(lines(3));
    const log = await queue.deliveryLog(events, { restart: true });
    expect([...log.lines()]).toEqual([]);
    expect(log.get(12_000)).toBeUndefined();
    await log.record([line(5)]);
    await reopened();
    expect([...(await queue.deliveryLog(events)).lines()]).toEqual([line(5)]);
    expect([...(await queue.deliveryLog(others)).lines()]).toEqual(lines(3));
  });

  it('has none of its lines where its header is damaged, either', async () => {
    await (await queue.deliveryLog(events)).record(lines(3));
    await queue.close();
    const tables = openTables(path.join(store, 'events.mdb'), { readOnly: false, bytes: 0 });
    const [header = Buffer.alloc(0)] = Array.from(tables.deliveries.getKeys({ limit: 1 }));
    await tables.deliveries.put(header, Buffer.from('0000{}'));
    await tables.root.close();
    await opened();
    expect([...(await queue.deliveryLog(events)).lines()]).toEqual(lines(3));
    expect([...(await queue.deliveryLog(events, { restart: true })).lines()]).toEqual([]);
  });

  it('and is killed while it forgets has none of them either, with or without being told again', async () => {
    await (await queue.deliveryLog(events)).record(lines(25_000));
    await queue.close();
    await untilKilledInTheMiddle((table) => table.open(events, true));
    await opened();
    const log = await queue.deliveryLog(events);
    expect([...log.lines()]).toEqual([]);
    await log.record([line(1)]);
    await reopened();
    expect([...(await queue.deliveryLog(events)).lines()]).toEqual([line(1)]);
  });
});

describe('purge()', () => {
  it('drops the files of its connection, and returns how many', async () => {
    const blog = { ...others, connection: 'blog' };
    for (const delivery of [events, others, blog]) await (await queue.deliveryLog(delivery)).record(lines(3));
    await expect(queue.purge('shop')).rejects.toThrow('a file is being delivered for shop');
    await reopened();
    await queue.put('shop', [queued('a')]);
    expect(await queue.purge('shop')).toBe(3);
    expect(queue.status(1).deliveries?.files.map(({ file, connection }) => [file, connection])).toEqual([
      [blog.file, 'blog'],
    ]);
    expect([...(await queue.deliveryLog(blog)).lines()]).toEqual(lines(3));
  });

  it('that is killed in the middle leaves a file that it drops when it is called again', async () => {
    await (await queue.deliveryLog(events)).record(lines(25_000));
    await queue.close();
    await untilKilledInTheMiddle((table) => table.purge('shop'));
    await opened();
    expect(queue.status(1).deliveries?.files).toHaveLength(1);
    expect(await queue.purge('shop')).toBe(1);
    expect(queue.status(1).deliveries).toBeUndefined();
  });
});

/** The disk takes a mark and one page of removals, and then nothing more. */
async function untilKilledInTheMiddle(act: (table: DeliveryTable) => Promise<unknown>): Promise<void> {
  const directory = await openStoreDirectory(store, new StoreServer());
  const tables = openTables(directory.dataFile, { readOnly: false, bytes: 0 });
  let left = 2;
  const table = new DeliveryTable(
    tables,
    {
      assertReadable: () => undefined,
      async writeUncounted(operations) {
        if ((left -= 1) < 0) throw new Error('killed');
        await tables.root.transaction(() => {
          for (const [to, key, value] of operations)
            void (value === undefined ? tables[to].remove(key) : tables[to].put(key, value));
        });
      },
    },
    () => 1,
  );
  await expect(act(table)).rejects.toThrow('killed');
  expect(countOf(tables.deliveries)).toBe(15_001);
  await tables.root.close();
  directory.close(true);
}

const countOf = (table: Table): number => [...table.getKeys()].length;
