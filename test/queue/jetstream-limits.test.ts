// Tests core/queue/jetstream where a stream, or a message, takes no more.
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { QueueFull, toQueued, type QueueWorker } from '../../core/queue/index.ts';
import {
  EventTooLarge,
  openJetStreamStore,
  type JetStreamOptions,
  type SharedDeliveryStore,
} from '../../core/queue/jetstream/index.ts';
import { startBroker, type Broker } from '../support/jetstream/broker.ts';
import { describeWith } from '../support/needed-program.ts';
import { fakeConnection } from '../support/queue/store-connection.ts';

const rejected = { kind: 'rejected', reason: { code: 'vendor_rejected', message: 'No.' } } as const;
const unavailable = {
  kind: 'deferred',
  reason: { code: 'vendor_unavailable', message: 'Later.', status: 503 },
} as const;

/** What compression makes a quarter smaller, and no more. */
const noise = (bytes: number): string => randomBytes(bytes).toString('base64').slice(0, bytes);

describeWith('nats-server', 'a store on JetStream that is full', () => {
  let broker: Broker;
  let store: SharedDeliveryStore;
  let worker: QueueWorker | undefined;
  beforeAll(async () => {
    broker = await startBroker({ lines: ['max_payload: 65536'] });
  });
  afterAll(() => broker.remove());
  beforeEach(() => (worker = undefined));
  afterEach(async () => {
    await worker?.stop(0);
    await store.close();
  });

  const open = async (options: Partial<JetStreamOptions> = {}): Promise<void> => {
    const url = `nats://${broker.at}?stream=s${randomUUID().slice(0, 8)}&lanes=4`;
    store = await openJetStreamStore({ url, ...options });
  };
  const put = (
    ids: readonly string[],
    { lane, bytes = 10 }: { readonly lane?: string; readonly bytes?: number } = {},
  ) => {
    const properties = { text: noise(bytes), ...(lane === undefined ? {} : { lanes: [lane] }) };
    const events = ids.map((id) =>
      toQueued(fakeConnection('shop'), { type: 'track', event: 'Order Completed', messageId: id, properties }, id),
    );
    return store.put([{ connection: 'shop', events }]);
  };
  /** Puts events until the store takes no more: how many it has taken. */
  const fill = async (lane?: string): Promise<number> => {
    for (let count = 0; ; count += 1) {
      const error: unknown = await put([randomUUID()], { bytes: 20_000, ...(lane && { lane }) }).then(
        () => undefined,
        (refusal: unknown) => refusal,
      );
      if (error instanceof QueueFull) return count;
      if (error !== undefined) throw error;
    }
  };
  const backlog = async () => (await store.status('shop')).connections[0]!;
  const until = async (test: () => boolean | Promise<boolean>): Promise<void> => {
    while (!(await test())) await sleep(20);
  };

  it('refuses an event that is larger than a message of the broker, and keeps nothing of its put', async () => {
    await open();
    const small = toQueued(
      fakeConnection('shop'),
      { type: 'track', event: 'Order Completed', messageId: 'small', properties: {} },
      'small',
    );
    const secret = noise(95_000);
    const large = toQueued(
      fakeConnection('shop'),
      { type: 'track', event: 'Order Completed', messageId: 'large', properties: { secret } },
      'large',
    );
    const error: unknown = await store
      .put([
        { connection: 'first', events: [small] },
        { connection: 'shop', events: [small, large] },
      ])
      .catch((refusal: unknown) => refusal);
    expect(error).toBeInstanceOf(EventTooLarge);
    expect((error as Error).message).toMatch(
      /^an event takes \d{5} bytes, and the broker takes 64512 in one message: raise its max_payload$/,
    );
    expect(await store.peek('first', 9)).toEqual([]);
    expect(await store.peek('shop', 9)).toEqual([]);
    expect(await put(['large'])).toEqual([{ accepted: 1, duplicates: 0 }]);
  });

  it('takes many events that are larger than a message together', async () => {
    await open();
    const ids = Array.from({ length: 20 }, (_, n) => `e${n}`);
    expect(await put(ids, { bytes: 30_000, lane: 'lane' })).toEqual([{ accepted: 20, duplicates: 0 }]);
    const shop = fakeConnection('shop');
    worker = store.work(shop);
    await worker.idle();
    expect(shop.delivered).toEqual(ids);
  });

  it.each([
    ['of a lane', 'lane'],
    ['of no lane', undefined],
  ])('refuses puts while events %s fill it, and takes them once these are delivered', async (_, lane) => {
    await open({ maxBytes: 200_000 });
    const count = await fill(lane);
    expect(count).toBeGreaterThan(5);
    expect((await backlog()).waiting).toBe(count);
    const shop = fakeConnection('shop');
    worker = store.work(shop);
    await worker.idle();
    expect(shop.delivered).toHaveLength(count);
    // What is delivered is still there for replay, and makes room.
    for (let n = 0; n < count; n += 1) await put([randomUUID()], { bytes: 20_000, ...(lane && { lane }) });
    await worker.idle();
    expect(shop.delivered).toHaveLength(2 * count);
    expect(new Set(shop.delivered).size).toBe(shop.delivered.length);
  });

  it.each([
    ['of a lane', 'now', 'lane', unavailable],
    ['of no lane', 'now', undefined, unavailable],
    ['of a lane', 'at all', 'lane', rejected],
    ['of no lane', 'at all', undefined, rejected],
  ])(
    'delivers what fills it, events %s, where the vendor does not take one of each message %s',
    async (_lane, _when, lane, answer) => {
      await open({ maxBytes: 200_000, deadMaxBytes: 1_000_000 });
      let count = 0;
      const putPair = (): Promise<boolean> =>
        put([`good-${count}`, `bad-${count}`], { bytes: 9_000, ...(lane && { lane }) }).then(
          () => true,
          () => false,
        );
      while (await putPair()) count += 1;
      const shop = fakeConnection('shop');
      const tries = new Map<string, number>();
      shop.answer = (id) => {
        tries.set(id, (tries.get(id) ?? 0) + 1);
        return id.startsWith('bad') && tries.get(id) === 1 ? answer : undefined;
      };
      worker = store.work(shop, { policy: { attempts: 9, maxAgeMs: 86_400_000 } });
      await worker.idle();
      const good = shop.delivered.filter((id) => id.startsWith('good'));
      expect(new Set(good).size).toBe(count);
      expect(good).toHaveLength(count);
      expect(shop.delivered.filter((id) => id.startsWith('bad'))).toHaveLength(answer === rejected ? 0 : count);
      expect(await backlog()).toMatchObject({ waiting: 0, dead: answer === rejected ? count : 0 });
    },
    60_000,
  );

  it.each([
    ['of lanes', 'lane'],
    ['of no lane', undefined],
  ])(
    'stands still with events %s while there is no room for dead letters, says so, and goes on',
    async (_, lane) => {
      await open({ deadMaxBytes: 60_000 });
      const shop = fakeConnection('shop');
      shop.answer = (id) => (id.startsWith('bad') ? rejected : undefined);
      for (let n = 0; n < 10; n += 1)
        await put([`bad-${n}`, `good-${n}`], { bytes: 12_000, ...(lane && { lane: `lane ${n}` }) });
      const changes: string[] = [];
      worker = store.work(shop, { onChange: ({ kind }) => changes.push(kind) });
      await until(() => changes.includes('disk_full'));
      expect(worker.state()).toMatchObject({ state: 'held', reason: { cause: 'disk' } });
      const { dead, waiting } = await backlog();
      expect(dead).toBeGreaterThan(0);
      expect(dead).toBeLessThan(10);
      expect(waiting).toBeGreaterThan(0);
      const dropped = await store.drop('shop');
      expect(dropped).toBe(dead);
      let total = dropped;
      worker.wake();
      while ((await backlog()).waiting > 0) {
        total += await store.drop('shop');
        worker.wake();
        await sleep(200);
      }
      await worker.idle();
      total += await store.drop('shop');
      expect(changes.at(-1)).toBe('disk_freed');
      expect(total).toBe(10);
      expect([...shop.delivered].sort()).toEqual(Array.from({ length: 10 }, (_each, n) => `good-${n}`).sort());
    },
    90_000,
  );
});
