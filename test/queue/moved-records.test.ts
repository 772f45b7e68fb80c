// Tests core/queue/record-import.ts, and record-transfer.ts of both engines: what a store hands over to another one.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { openStore, toQueued, type DeadLetter, type MovableStore, type QueuedEvent } from '../../core/queue/index.ts';
import { openJetStreamStore } from '../../core/queue/jetstream/index.ts';
import { describeWith } from '../support/needed-program.ts';
import { startBroker, type Broker } from '../support/jetstream/broker.ts';
import { fakeConnection } from '../support/queue/store-connection.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'spillway-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let broker: Broker | undefined;
let stores = 0;
const opened: MovableStore[] = [];
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
});

type Engine = 'LMDB' | 'JetStream';
async function open(engine: Engine, name = `store-${++stores}`): Promise<MovableStore> {
  const store =
    engine === 'LMDB'
      ? await openStore({ path: path.join(folder, name) })
      : await openJetStreamStore({ url: `nats://${broker!.at}?stream=${name}&lanes=4` });
  opened.push(store);
  return store;
}

const shop = fakeConnection('shop');
const settings = { id: 'shop', destination: shop.slug, settings: 'v1 abc' };
const queued = (id: string, lane?: string): QueuedEvent => ({
  ...toQueued(
    shop,
    { type: 'track', event: 'Order Completed', messageId: id, properties: lane === undefined ? {} : { lanes: [lane] } },
    id,
    Date.now() - 60_000,
    `trace-${id}`,
  ),
});

/** Moves `pages` of so many records, all without a number. */
async function move(from: MovableStore, to: MovableStore, most = 200, pages = Number.POSITIVE_INFINITY): Promise<void> {
  const registered = (await from.status('shop')).connections[0]?.registered;
  for (let page = 0; page < pages; page += 1) {
    const records = await from.exportRecords('shop', most);
    if (records.waiting.length + records.dead.length === 0) return;
    await to.importRecords('shop', registered, records);
    await from.removeRecords('shop', records);
  }
}

async function letters(store: MovableStore): Promise<DeadLetter[]> {
  const all: DeadLetter[] = [];
  for await (const letter of store.dead('shop')) all.push(letter);
  return all;
}

const backlog = async (store: MovableStore) => {
  const { waiting = 0, dead = 0, registered } = (await store.status('shop')).connections[0] ?? {};
  return { waiting, dead, registered };
};

/** By lane, the ids as they wait. */
async function byLane(store: MovableStore): Promise<Record<string, string[]>> {
  const lanes: Record<string, string[]> = {};
  for (const { id, lanes: [lane = 'none'] = [] } of await store.peek('shop', 10_000)) (lanes[lane] ??= []).push(id);
  return lanes;
}

/** Two events that failed, three that were never tried, and a dead letter. */
async function fill(store: MovableStore): Promise<void> {
  await store.put([{ connection: settings, events: [queued('dies', 'three')] }]);
  shop.answer = () => ({ kind: 'rejected', reason: { code: 'vendor_rejected', message: 'No.' } });
  let worker = store.work(shop, { configHash: 'hash-1' });
  await worker.idle();
  await worker.stop(0);
  await store.put([{ connection: settings, events: [queued('a', 'one'), queued('b', 'two')] }]);
  const tried = new Set<string>();
  shop.answer = (id) => {
    tried.add(id);
    return { kind: 'deferred', reason: { code: 'vendor_unavailable', message: 'No.' } };
  };
  worker = store.work(shop, { configHash: 'hash-1' });
  while (tried.size < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  await worker.stop(0);
  shop.answer = () => undefined;
  await store.put([{ connection: settings, events: [queued('c', 'one'), queued('d', 'two'), queued('loose')] }]);
}

function describeMove(from: Engine, to: Engine): void {
  describe(`Records that move from ${from} to ${to}`, () => {
    test('keep their order, their time, their traces and what is known of their attempts', async () => {
      const [source, target] = [await open(from), await open(to)];
      await fill(source);
      const before = await source.peek('shop', 100);
      const dead = await letters(source);
      expect([before.length, dead.length]).toEqual([5, 1]);
      expect(before.map(({ id, attempts }) => [id, attempts])).toContainEqual(['a', 1]);
      await move(source, target);
      expect(await backlog(source)).toMatchObject({ waiting: 0, dead: 0 });
      expect(await backlog(target)).toMatchObject({ waiting: 5, dead: 1 });
      const known = (all: readonly { readonly id: string; readonly seq: number }[]) =>
        all.map(({ seq: _seq, ...of }) => of).sort((one, other) => (one.id < other.id ? -1 : 1));
      const after = await target.peek('shop', 100);
      expect(known(after)).toEqual(known(before));
      expect(known(await letters(target))).toEqual(known(dead));
      expect(await byLane(target)).toEqual({ one: ['a', 'c'], two: ['b', 'd'], none: ['loose'] });
    });

    test('come with what their connection is for', async () => {
      const [source, target] = [await open(from), await open(to)];
      await fill(source);
      const { registered } = await backlog(source);
      await move(source, target);
      expect(registered).toMatchObject({ destination: shop.slug, hasLanes: true, settings: 'v1 abc' });
      expect((await backlog(target)).registered).toEqual(registered);
    });

    test('are there once, where the command was killed before they left the source', async () => {
      const [source, target] = [await open(from), await open(to)];
      await fill(source);
      const { registered } = await backlog(source);
      const page = await source.exportRecords('shop', 200);
      await target.importRecords('shop', registered, page);
      // Killed here. What it had not reached yet has grown meanwhile.
      await source.put([{ connection: settings, events: [queued('e', 'one')] }]);
      await move(source, target);
      const delivered: string[] = [];
      shop.answer = (id) => void delivered.push(id);
      const worker = target.work(shop);
      await worker.idle();
      await worker.stop(0);
      expect(delivered.sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'loose']);
      expect((await letters(target)).map(({ id }) => id)).toEqual(['dies']);
    });

    test('move in pages, and none is lost or turned round', async () => {
      const [source, target] = [await open(from), await open(to)];
      const ids = Array.from({ length: 700 }, (_, index) => `m-${String(index).padStart(3, '0')}`);
      for (let at = 0; at < ids.length; at += 70)
        await source.put([
          { connection: settings, events: ids.slice(at, at + 70).map((id, index) => queued(id, `lane-${index % 7}`)) },
        ]);
      const before = await byLane(source);
      await move(source, target, 60);
      expect(await byLane(target)).toEqual(before);
      expect(await backlog(source)).toMatchObject({ waiting: 0 });
    });

    test('move back to where they came from, under the same ids', async () => {
      const [source, target] = [await open(from), await open(to)];
      await fill(source);
      const before = await byLane(source);
      await move(source, target);
      await move(target, source);
      await move(source, target);
      expect(await byLane(target)).toEqual(before);
      expect((await letters(target)).map(({ id }) => id)).toEqual(['dies']);
    });

    test('are refused where the target has their connection for another destination', async () => {
      const [source, target] = [await open(from), await open(to)];
      await fill(source);
      await target.put([{ connection: { id: 'shop', destination: 'elsewhere' }, events: [] }]);
      await expect(move(source, target)).rejects.toMatchObject({ name: 'OtherSettings' });
      expect([(await source.peek('shop', 10)).length, (await letters(source)).length]).toEqual([5, 1]);
    });

    test('stay while a worker delivers for them', async () => {
      const source = await open(from);
      await fill(source);
      const page = await source.exportRecords('shop', 10);
      shop.answer = () => ({ kind: 'deferred', reason: { code: 'network', message: 'No.' } });
      const worker = source.work(shop);
      await expect(source.exportRecords('shop', 10)).rejects.toThrow('a worker delivers for shop');
      await expect(source.removeRecords('shop', page)).rejects.toThrow('a worker delivers for shop');
      await worker.stop(0);
      shop.answer = () => undefined;
    });
  });
}

describeMove('LMDB', 'LMDB');

describeWith('nats-server', 'With a broker', () => {
  beforeAll(async () => {
    broker = await startBroker();
  });
  afterAll(() => broker?.remove());
  describeMove('LMDB', 'JetStream');
  describeMove('JetStream', 'LMDB');
  describeMove('JetStream', 'JetStream');
});
