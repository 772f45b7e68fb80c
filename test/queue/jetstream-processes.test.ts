// Tests core/queue/jetstream as several processes have it: each store here stands for one.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { CdpEvent, Reason } from '../../core/index.ts';
import { isStoreLost, toQueued, type QueueWorker } from '../../core/queue/index.ts';
import { openJetStreamStore, type SharedDeliveryStore } from '../../core/queue/jetstream/index.ts';
import { startBroker, type Broker } from '../support/jetstream/broker.ts';
import { fakeConnection, type FakeConnection } from '../support/queue/store-connection.ts';
import { describeWith } from '../support/needed-program.ts';

const unavailable = {
  kind: 'deferred',
  reason: { code: 'vendor_unavailable', message: 'Later.', status: 503 },
} as const;
const unauthorized: Reason = { code: 'unauthorized', message: 'No.', status: 401 };
const rejected = { kind: 'rejected', reason: { code: 'vendor_rejected', message: 'No.' } } as const;

/** A connection whose vendor may turn it away: then it is suspended until its check is good, or a person acts. */
interface TurnableConnection extends FakeConnection {
  isTurnedAway: boolean;
  checks: number;
}

function turnable(id: string): TurnableConnection {
  const connection = fakeConnection(id) as TurnableConnection;
  let suspended = false;
  const deliver = connection.deliver;
  return Object.assign(connection, {
    isTurnedAway: false,
    checks: 0,
    suspended: () => (suspended ? [{ reason: unauthorized }] : []),
    resume: () => void (suspended = false),
    check() {
      connection.checks += 1;
      if (connection.isTurnedAway) return Promise.resolve({ kind: 'refused', reason: unauthorized } as const);
      suspended = false;
      return Promise.resolve({ kind: 'ok', proves: 'all' } as const);
    },
    async deliver(...[events, options = {}]: Parameters<typeof deliver>) {
      if (!connection.isTurnedAway && !suspended) return deliver(events, options);
      suspended = true;
      return events.map((_, at) => {
        const outcome = { kind: 'suspended', eventId: String(at), reason: unauthorized } as const;
        void options.settled?.(at, outcome);
        return outcome;
      });
    },
  });
}

describeWith('nats-server', 'a store on JetStream that several processes have', () => {
  let broker: Broker;
  let url: string;
  let stores: SharedDeliveryStore[];
  beforeAll(async () => {
    broker = await startBroker();
  });
  afterAll(() => broker.remove());
  beforeEach(() => {
    url = `nats://${broker.at}?stream=t${randomUUID().slice(0, 8)}&lanes=8`;
    stores = [];
  });
  afterEach(() => Promise.all(stores.map((store) => store.close())));

  const open = async (options: { readonly leaseMs?: number } = {}): Promise<SharedDeliveryStore> => {
    const store = await openJetStreamStore({ url, maxBytes: 20_000_000, ...options });
    stores.push(store);
    return store;
  };
  const event = (id: string, lanes?: readonly string[]): CdpEvent => ({
    type: 'track',
    event: 'Order Completed',
    messageId: id,
    properties: lanes === undefined ? {} : { lanes },
  });
  const put = (store: SharedDeliveryStore, ids: string, lanes?: readonly string[]) =>
    store.put([
      {
        connection: 'shop',
        events: ids.split(' ').map((id) => toQueued(fakeConnection('shop'), event(id, lanes), id)),
      },
    ]);
  const untilTrue = async (test: () => boolean): Promise<void> => {
    while (!test()) await sleep(10);
  };

  it('delivers what another one puts, each event once, in the order of its lane', async () => {
    const [one, two] = [await open(), await open()];
    const connections = [fakeConnection('shop'), fakeConnection('shop')] as const;
    const delivered: string[] = [];
    for (const connection of connections) connection.delivered.push = (...ids) => delivered.push(...ids);
    const workers = [one.work(connections[0]), two.work(connections[1])];
    for (let n = 0; n < 50; n += 1) await put(n % 2 === 0 ? one : two, `a${n} b${n}`, [`lane ${n % 5}`]);
    await Promise.all(workers.map((worker) => worker.idle()));
    expect(delivered).toHaveLength(100);
    for (let lane = 0; lane < 5; lane += 1) {
      const ids = delivered.filter((id) => Number(id.slice(1)) % 5 === lane);
      expect(ids).toEqual([...ids].sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)) || (a < b ? -1 : 1)));
    }
  });

  it.each([
    ['of a lane', ['lane']],
    ['of no lane', undefined],
  ] as const)(
    'goes on with an event %s where another process left it: with its attempts, and without what is settled',
    async (_, lanes) => {
      const [one, two] = [await open(), await open()];
      const first = fakeConnection('shop');
      let tries = 0;
      first.answer = (id) => (id === 'c' ? rejected : id === 'b' && (tries += 1) > 0 ? unavailable : undefined);
      // A lane holds what is behind an event that waits.
      await put(one, lanes === undefined ? 'a c b d' : 'a c b', lanes);
      const worker = one.work(first, { policy: { attempts: 9, maxAgeMs: 86_400_000 } });
      await untilTrue(() => worker.counts().delivered >= (lanes === undefined ? 2 : 1) && worker.counts().dead === 1);
      await sleep(100);
      await worker.stop(0);
      expect(await two.peek('shop', 9)).toMatchObject([{ id: 'b' }]);
      const second = fakeConnection('shop');
      second.answer = () => rejected;
      const next = two.work(second, { policy: { attempts: 9, maxAgeMs: 86_400_000 } });
      await next.idle();
      expect(second.delivered).toEqual([]);
      const letters = [];
      for await (const { id, attempts, outcome } of two.dead('shop')) letters.push({ id, attempts, outcome });
      // Nothing about it is ambiguous: the vendor answered, and the process gave it back.
      expect(letters).toEqual([
        { id: 'c', attempts: 1, outcome: 'rejected' },
        { id: 'b', attempts: tries + 1, outcome: 'rejected' },
      ]);
    },
    30_000,
  );

  it('hands what a silent process has out to another one, and calls it ambiguous', async () => {
    const [one, two] = [await open({ leaseMs: 1_500 }), await open({ leaseMs: 1_500 })];
    const stuck = fakeConnection('shop');
    await put(one, 'a', ['lane']);
    let letGo = (): void => undefined;
    stuck.hold = new Promise<void>((resolve) => (letGo = resolve));
    let isSilent = false;
    const [setTimer] = [globalThis.setInterval];
    // Its timers stop, as those of a process that stands still.
    globalThis.setInterval = ((run: () => void, ms: number) => setTimer(() => isSilent || run(), ms)) as never;
    const worker = one.work(stuck);
    globalThis.setInterval = setTimer;
    await untilTrue(() => worker.state().state === 'working');
    await sleep(200);
    isSilent = true;
    const other = fakeConnection('shop');
    other.answer = () => rejected;
    const next = two.work(other);
    await next.idle();
    const letters = [];
    for await (const { id, outcome, reason } of two.dead('shop')) letters.push({ id, outcome, code: reason.code });
    expect(letters).toEqual([{ id: 'a', outcome: 'unknown', code: 'ambiguous_delivery' }]);
    letGo();
    await worker.stop(0);
    expect((await two.status('shop')).connections).toMatchObject([{ waiting: 0, dead: 1 }]);
  });

  it('does not send again what a silent process was told of a message of no lane', async () => {
    const [one, two] = [await open({ leaseMs: 1_500 }), await open({ leaseMs: 1_500 })];
    const stuck = fakeConnection('shop');
    let letGo = (): void => undefined;
    const hanging = new Promise<void>((resolve) => (letGo = resolve));
    // The vendor takes the first event, and says nothing of the second.
    stuck.deliver = async (events, { settled } = {}) => {
      const outcomes = events.map((_, at) => ({ kind: 'delivered', eventId: String(at), attempts: 1 }) as const);
      void settled?.(0, outcomes[0]!);
      await hanging;
      return outcomes;
    };
    await put(one, 'a b');
    const [setTimer] = [globalThis.setInterval];
    let isSilent = false;
    globalThis.setInterval = ((run: () => void, ms: number) => setTimer(() => isSilent || run(), ms)) as never;
    const worker = one.work(stuck);
    globalThis.setInterval = setTimer;
    await untilTrue(() => worker.counts().delivered === 1);
    await sleep(2_000);
    isSilent = true;
    const other = fakeConnection('shop');
    const next = two.work(other);
    await next.idle();
    expect(other.delivered).toEqual(['b']);
    letGo();
    await worker.stop(0);
  });

  it('stops for all of them when one is turned away, and only that one asks the vendor', async () => {
    const [one, two] = [await open(), await open()];
    const [first, second] = [turnable('shop'), turnable('shop')];
    first.isTurnedAway = true;
    const start = (store: SharedDeliveryStore, connection: TurnableConnection): QueueWorker =>
      store.work(connection, { configHash: 'same' });
    await put(one, 'a', ['lane']);
    const worker = start(one, first);
    await untilTrue(() => worker.paused() !== undefined);
    const other = start(two, second);
    await put(two, 'b', ['lane']);
    await put(two, 'c');
    await untilTrue(() => other.paused()?.code === 'unauthorized');
    expect([...first.delivered, ...second.delivered]).toEqual([]);
    expect(other.state()).toMatchObject({ state: 'held', reason: { cause: 'suspended' } });
    first.isTurnedAway = false;
    other.resume();
    await Promise.all([worker.idle(), other.idle()]);
    expect([...first.delivered, ...second.delivered].sort()).toEqual(['a', 'b', 'c']);
    expect(second.checks).toBe(0);
  });

  it('asks with other settings than those that were turned away', async () => {
    const [one, two] = [await open(), await open()];
    const [first, second] = [turnable('shop'), turnable('shop')];
    first.isTurnedAway = true;
    await put(one, 'a');
    const worker = one.work(first, { configHash: 'old' });
    await untilTrue(() => worker.paused() !== undefined);
    const other = two.work(second, { configHash: 'new' });
    await put(two, 'b');
    await worker.stop(0);
    await other.idle();
    expect(second.delivered.sort()).toEqual(['a', 'b']);
  });

  it('ends a process whose number of lanes was changed, and changes it only once nothing waits', async () => {
    const one = await open();
    await put(one, 'a', ['lane']);
    const other = url.replace('lanes=8', 'lanes=4');
    await expect(openJetStreamStore({ url: other })).rejects.toMatchObject({ code: 'settings' });
    const connection = fakeConnection('shop');
    const worker = one.work(connection);
    await worker.idle();
    const two = await openJetStreamStore({ url: other });
    stores.push(two);
    await worker.ended();
    expect(isStoreLost(worker.storeError())).toBe(true);
    await expect(put(one, 'b', ['lane'])).rejects.toThrow('start this process again');
    await put(two, 'b', ['lane']);
    const next = two.work(connection);
    await next.idle();
    expect(connection.delivered).toEqual(['a', 'b']);
  });

  it('goes on at once when its broker comes back', async () => {
    const one = await open();
    const connection = fakeConnection('shop');
    const worker = one.work(connection);
    await worker.idle();
    await broker.kill();
    await sleep(300);
    await broker.start();
    const startedAt = Date.now();
    await put(one, 'a');
    await put(one, 'b', ['lane']);
    await worker.idle();
    expect(connection.delivered.sort()).toEqual(['a', 'b']);
    // A request of before the broker's end lasts for half a minute.
    expect(Date.now() - startedAt).toBeLessThan(15_000);
  });

  it('says of each process what it works on', async () => {
    const [one, two] = [await open(), await open()];
    one.work(fakeConnection('shop'));
    await sleep(200);
    const { processes } = await two.status();
    expect(processes.map(({ isHere, workers }) => [isHere, Object.keys(workers ?? {})])).toEqual([
      [true, []],
      [false, ['shop']],
    ]);
  });
});
