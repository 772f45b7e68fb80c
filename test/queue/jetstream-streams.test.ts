// Tests core/queue/jetstream/stream-setup.ts: what a store finds at its broker, makes there, and leaves alone.
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstreamManager, StorageType, type JetStreamManager, type StreamConfig } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { isStoreLost, toQueued } from '../../core/queue/index.ts';
import {
  BrokerRefused,
  openJetStreamStore,
  type JetStreamOptions,
  type SharedDeliveryStore,
} from '../../core/queue/jetstream/index.ts';
import { startBroker, startCluster, type Broker } from '../support/jetstream/broker.ts';
import { describeWith } from '../support/needed-program.ts';
import { fakeConnection } from '../support/queue/store-connection.ts';

describeWith('nats-server', 'the streams of a store', () => {
  let broker: Broker;
  let client: NatsConnection;
  let manager: JetStreamManager;
  let name: string;
  let stores: SharedDeliveryStore[];
  beforeAll(async () => {
    broker = await startBroker();
    client = await connect({ servers: broker.at });
    manager = await jetstreamManager(client);
  });
  afterAll(async () => {
    await client.close();
    await broker.remove();
  });
  beforeEach(() => {
    name = `s${randomUUID().slice(0, 8)}`;
    stores = [];
  });
  afterEach(() => Promise.all(stores.map((store) => store.close())));

  const open = async (options: Partial<JetStreamOptions> = {}): Promise<SharedDeliveryStore> => {
    const store = await openJetStreamStore({
      url: `nats://${broker.at}?stream=${name}`,
      maxBytes: 20_000_000,
      ...options,
    });
    stores.push(store);
    return store;
  };
  const refusalOf = async (options: Partial<JetStreamOptions> = {}): Promise<BrokerRefused> => {
    const error: unknown = await open(options).catch((refusal: unknown) => refusal);
    if (error instanceof BrokerRefused) return error;
    throw error;
  };
  const streamNames = async (): Promise<readonly string[]> => {
    const names: string[] = [];
    for await (const one of manager.streams.names()) names.push(one);
    return names.filter((one) => one.includes(name)).sort();
  };
  const ours = (): readonly string[] => [
    ...['conn', 'hwm', 'live', 'rate'].map((bucket) => `KV_${name}-${bucket}`),
    name,
    `${name}-dead`,
  ];
  const configOf = async (stream: string): Promise<StreamConfig> => (await manager.streams.info(stream)).config;
  const put = (store: SharedDeliveryStore, id: string, lane = 'lane') => {
    const event = { type: 'track', event: 'Order Completed', messageId: id, properties: { lanes: [lane] } } as const;
    return store.put([{ connection: 'shop', events: [toQueued(fakeConnection('shop'), event, id)] }]);
  };
  const deliver = async (store: SharedDeliveryStore): Promise<readonly string[]> => {
    const shop = fakeConnection('shop');
    const worker = store.work(shop);
    await worker.idle();
    await worker.stop(0);
    return shop.delivered;
  };

  it('are made where there are none, and are not where that is not wanted', async () => {
    expect(await refusalOf({ create: false })).toMatchObject({
      code: 'missing',
      message: expect.stringContaining(`there is no store ${name} at ${broker.at}`),
    });
    expect(await streamNames()).toEqual([]);
    await open();
    expect(await streamNames()).toEqual([...ours()].sort());
    await open({ create: false });
  });

  it.each([
    ['its name', (base: string) => base, ['orders.>']],
    ['its name, and subjects that begin as ours', (base: string) => base, 'NAME.>'],
    ['the name of its dead letters', (base: string) => `${base}-dead`, ['letters']],
    ['the name of its dead letters, and subjects that begin as ours', (base: string) => `${base}-dead`, 'NAME.old.*'],
  ])('are refused beside a stream of somebody else with %s, which stays as it is', async (_, nameOf, subjects) => {
    const foreign = nameOf(name);
    const subject = typeof subjects === 'string' ? subjects.replace('NAME', name) : `${name}x${subjects[0]}`;
    await manager.streams.add({ name: foreign, subjects: [subject], storage: StorageType.File });
    const before = await configOf(foreign);
    expect(await refusalOf()).toMatchObject({
      code: 'foreign',
      message: `the stream ${foreign} at ${broker.at} is something else's: use another name`,
    });
    expect(await configOf(foreign)).toEqual(before);
    expect(await streamNames()).toEqual([foreign]);
  });

  it('are refused beside a stream that takes their subjects', async () => {
    await manager.streams.add({ name: `other-${name}`, subjects: [`${name}.>`], storage: StorageType.File });
    expect(await refusalOf()).toMatchObject({ code: 'settings', message: expect.stringContaining('subjects overlap') });
    await manager.streams.delete(`other-${name}`);
  });

  it('of one store are not those of another whose name begins alike', async () => {
    const [one, other] = [await open(), await open({ url: `nats://${broker.at}?stream=${name}2` })];
    await put(one, 'a');
    await put(other, 'b');
    expect([await deliver(one), await deliver(other)]).toEqual([['a'], ['b']]);
  });

  it.each([
    ['lanes', 0],
    ['lanes', 2.5],
    ['lanes', Number.NaN],
    ['lanes', 1_025],
    ['replicas', 0],
    ['replicas', 6],
    ['maxBytes', -1],
    ['deadMaxBytes', 0],
    ['leaseMs', 0],
    ['dedupWindowMs', -1],
  ])('take no %s of %d', async (option, value) => {
    expect(await refusalOf({ [option]: value })).toMatchObject({
      code: 'settings',
      message: expect.stringContaining(`${option} takes a whole number from `),
    });
    expect(await streamNames()).toEqual([]);
  });

  it('keep what they were made with, and change it where another number is named', async () => {
    await open({ maxBytes: 4_000_000, dedupWindowMs: 5_000, lanes: 3 });
    const url = `nats://${broker.at}?stream=${name}`;
    stores.push(await openJetStreamStore({ url }));
    const sizes = async () => [(await configOf(name)).max_bytes, (await configOf(`${name}-dead`)).max_bytes];
    expect(await sizes()).toEqual([4_000_000, 1_000_000]);
    expect((await configOf(name)).duplicate_window).toBe(5_000_000_000);
    stores.push(await openJetStreamStore({ url, maxBytes: 8_000_000, deadMaxBytes: 6_000_000, dedupWindowMs: 9_000 }));
    expect(await sizes()).toEqual([8_000_000, 6_000_000]);
    expect((await configOf(name)).duplicate_window).toBe(9_000_000_000);
    stores.push(await openJetStreamStore({ url }));
    expect(await sizes()).toEqual([8_000_000, 6_000_000]);
  });

  it('keep their lanes while events wait, and say so', async () => {
    const store = await open({ lanes: 4 });
    await put(store, 'a');
    expect(await refusalOf({ lanes: 8 })).toMatchObject({
      code: 'settings',
      message: `the stream ${name} has 4 lanes and events that wait: deliver them before you give it 8`,
    });
    await put(store, 'b');
    await put(await open(), 'c');
    expect(await deliver(store)).toEqual(['a', 'b', 'c']);
  });

  it('have other lanes after a drain; who has the old ones puts nothing more, and says what to do', async () => {
    const old = await open({ lanes: 4 });
    const working = fakeConnection('shop');
    const worker = old.work(working);
    await put(old, 'a');
    await worker.idle();
    const fresh = await open({ lanes: 8 });
    const error: unknown = await Promise.race([put(old, 'lost'), worker.ended()]).catch((lost: unknown) => lost);
    await worker.ended().catch(() => undefined);
    const refused: unknown = await put(old, 'lost').catch((lost: unknown) => lost);
    expect([error, refused].filter((one) => one !== undefined).map(isStoreLost)).toContain(true);
    expect((refused as Error).message).toBe(`the lanes of the stream ${name} were changed: start this process again`);
    for (let lane = 0; lane < 20; lane += 1) await put(fresh, `b${lane}`, `lane ${lane}`);
    const next = await open();
    expect([...(await deliver(next))].sort()).toEqual(Array.from({ length: 20 }, (_, lane) => `b${lane}`).sort());
    expect(working.delivered).toEqual(['a']);
  }, 60_000);

  it('lose nothing that another process puts while their lanes change', async () => {
    const old = await open({ lanes: 4 });
    await put(old, 'a');
    await deliver(old);
    // Whoever changes the lanes asks this when it looks for what waits.
    const looks = client.subscribe(`$JS.API.CONSUMER.LIST.${name}`, { max: 1 });
    const late = (async () => {
      for await (const _ of looks) return put(old, 'b').then(() => true, isStoreLost);
      return undefined;
    })();
    const change = await open({ lanes: 8 }).catch(({ code }: BrokerRefused) => code);
    const isConfirmed = await late;
    expect(typeof change === 'string' ? change : 'settings').toBe('settings');
    expect(isConfirmed).toBeDefined();
    await old.close();
    const store = await open();
    await put(store, 'c');
    expect(await deliver(store)).toEqual(isConfirmed === true ? ['b', 'c'] : ['c']);
  }, 60_000);

  it('are not made with more copies than there are brokers', async () => {
    expect(await refusalOf({ replicas: 3 })).toMatchObject({
      code: 'settings',
      message: expect.stringContaining(`the broker at ${broker.at} refuses the stream: `),
    });
  });
});

describeWith('nats-server', 'the streams of a store on three brokers', () => {
  let cluster: readonly Broker[];
  beforeAll(async () => {
    cluster = await startCluster();
  }, 60_000);
  afterAll(() => Promise.all(cluster.map((broker) => broker.remove())));

  describe('with one copy', () => {
    it('get three where that is named, and keep what they have', async () => {
      const hosts = cluster.map(({ at }) => at).join(',');
      const one = await openJetStreamStore({ url: `nats://${hosts}?stream=shop`, maxBytes: 20_000_000 });
      const event = { type: 'track', event: 'Order Completed', messageId: 'a', properties: {} } as const;
      await one.put([{ connection: 'shop', events: [toQueued(fakeConnection('shop'), event, 'a')] }]);
      await one.close();
      const three = await openJetStreamStore({ url: `nats://${hosts}?stream=shop&replicas=3` });
      const client = await connect({ servers: cluster[0]!.at });
      const manager = await jetstreamManager(client);
      const copies: Record<string, number> = {};
      for await (const { config } of manager.streams.list()) copies[config.name] = config.num_replicas;
      const made = ['shop', 'shop-dead', 'KV_shop-conn', 'KV_shop-hwm', 'KV_shop-live', 'KV_shop-rate'];
      expect(copies).toEqual(Object.fromEntries(made.map((stream) => [stream, 3])));
      expect(await three.peek('shop', 2)).toMatchObject([{ id: 'a' }]);
      await Promise.all([three.close(), client.close()]);
    }, 90_000);
  });
});
