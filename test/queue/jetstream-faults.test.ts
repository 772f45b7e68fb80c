// Tests core/queue/jetstream beside a broker that is busy, or away for some time.
import { randomUUID } from 'node:crypto';
import { readdir, truncate } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { toQueued } from '../../core/queue/index.ts';
import { openJetStreamStore, type SharedDeliveryStore } from '../../core/queue/jetstream/index.ts';
import { startBroker, type Broker } from '../support/jetstream/broker.ts';
import { fakeConnection } from '../support/queue/store-connection.ts';
import { describeWith } from '../support/needed-program.ts';

describeWith('nats-server', 'a store on a broker', () => {
  let broker: Broker;
  let url: string;
  let store: SharedDeliveryStore;
  beforeAll(async () => {
    broker = await startBroker();
  });
  afterAll(() => broker.remove());
  beforeEach(async () => {
    url = `nats://${broker.at}?stream=t${randomUUID().slice(0, 8)}&lanes=4`;
    store = await openJetStreamStore({ url, maxBytes: 20_000_000 });
  });
  afterEach(() => store.close());

  const put = (id: string, lanes?: readonly string[]) => {
    const properties = lanes === undefined ? {} : { lanes };
    const event = { type: 'track', event: 'Order Completed', messageId: id, properties } as const;
    return store.put([{ connection: 'shop', events: [toQueued(fakeConnection('shop'), event, id)] }]);
  };

  const waiting = async (): Promise<number | undefined> => (await store.status()).connections[0]?.waiting;

  it.each([
    ['of a lane', ['lane']],
    ['of no lane', undefined],
  ])(
    'ends a message %s whose end a broker did not hear, without waiting for its lease',
    async (_, lanes) => {
      const shop = fakeConnection('shop');
      let answer = (): void => undefined;
      shop.hold = new Promise<void>((resolve) => (answer = resolve));
      let isOut = false;
      const { deliver } = shop;
      shop.deliver = (...args) => {
        isOut = true;
        return deliver(...args);
      };
      const worker = store.work(shop);
      await put('m', lanes);
      while (!isOut) await sleep(10);
      await broker.kill();
      answer();
      await sleep(5_000);
      await broker.start();
      const since = Date.now();
      while ((await waiting().catch(() => undefined)) !== 0) await sleep(100);
      expect(Date.now() - since).toBeLessThan(10_000);
      expect(shop.delivered).toEqual(['m']);
      await worker.stop(0);
    },
    60_000,
  );

  it.each([
    ['of a lane', ['lane']],
    ['of no lane', undefined],
  ])('delivers no event %s again where a broker comes back without a word of what was done', async (_, lanes) => {
    const first = fakeConnection('shop');
    const worker = store.work(first);
    await put('a', lanes);
    await put('b', lanes);
    await worker.idle();
    await worker.stop(0);
    await store.close();
    await broker.kill();
    await forgetDeliveries(broker);
    await broker.start();
    store = await openJetStreamStore({ url });
    const second = fakeConnection('shop');
    await put('c', lanes);
    await store.work(second).idle();
    expect([first.delivered, second.delivered]).toEqual([['a', 'b'], ['c']]);
  });

  it.each([
    ['of lanes', true],
    ['of no lane', false],
  ])(
    'leaves events %s to the process that works on them where a broker has forgotten whom it gave them',
    async (_, haveLanes) => {
      const [first, second] = [fakeConnection('shop'), fakeConnection('shop')];
      let answer = (): void => undefined;
      first.hold = new Promise<void>((resolve) => (answer = resolve));
      let isOut = false;
      const { deliver } = first;
      first.deliver = (...args) => {
        isOut = true;
        return deliver(...args);
      };
      const other = await openJetStreamStore({ url });
      const workers = [store.work(first)];
      // Each in a message of its own; those of four lanes.
      const ids = haveLanes ? ['a', 'b', 'c', 'd'] : Array.from({ length: 10 }, (__, n) => `m${n}`);
      for (const id of ids) await put(id, haveLanes ? [id] : undefined);
      while (!isOut) await sleep(10);
      workers.push(other.work(second));
      // One takes out more than it sends at once, and the other one asks for more.
      await sleep(1_000);
      await broker.kill();
      await forgetDeliveries(broker);
      await broker.start();
      await sleep(6_000);
      answer();
      await Promise.all(workers.map((worker) => worker.idle()));
      expect([[...first.delivered].sort(), second.delivered]).toEqual([[...ids].sort(), []]);
      await other.close();
    },
    60_000,
  );

  it('says how much waits while others look at the same events', async () => {
    await put('m');
    const others = await Promise.all(Array.from({ length: 8 }, () => openJetStreamStore({ url })));
    const found = new Set<number | undefined>();
    const look = async (one: SharedDeliveryStore, isPeek: boolean): Promise<void> => {
      for (let times = 0; times < 100; times += 1)
        found.add(isPeek ? (await one.peek('shop', 1)).length : (await one.status()).connections[0]?.waiting);
    };
    await Promise.all(others.flatMap((one, index) => [1, 2, 3, 4].map(() => look(one, index > 1))));
    await Promise.all(others.map((one) => one.close()));
    expect(found).toEqual(new Set([1]));
  });
});

/** As a broker leaves its state of a consumer that it was writing when it was killed. */
async function forgetDeliveries({ folder }: Broker): Promise<void> {
  const files = await readdir(folder, { recursive: true });
  const states = files.filter((file) => /\bt[0-9a-f]{8}\/obs\/.*\/o\.dat$/.test(file));
  expect(states).not.toEqual([]);
  for (const file of states) await truncate(path.join(folder, file));
}
