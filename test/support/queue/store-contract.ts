import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { CdpEvent } from '../../../core/index.ts';
import {
  isStoreLost,
  OtherSettings,
  QueueFull,
  toQueued,
  type DeadFilter,
  type DeadLetter,
  type DeliveryStore,
  type QueuedEvent,
  type QueueWorker,
} from '../../../core/queue/index.ts';
import { fakeConnection, type FakeConnection, type VendorAnswer } from './store-connection.ts';

/** An engine, as a test opens it. */
export interface Engine {
  /** `host` delivers, `store` is what others see of it: the same object, or that of another process. */
  open(options?: {
    readonly maxBytes?: number;
  }): Promise<{ readonly host: DeliveryStore; readonly store: DeliveryStore }>;
  /** Keeps what it has beyond close(). */
  readonly isDurable: boolean;
  remove(): Promise<void>;
}

const rejected = {
  kind: 'rejected',
  reason: { code: 'vendor_rejected', message: 'No.' },
} as const satisfies VendorAnswer;

const event = (id: string, lanes?: readonly string[]): CdpEvent => ({
  type: 'track',
  event: 'Order Completed',
  messageId: id,
  properties: lanes === undefined ? {} : { lanes },
});

/** What one process tells another takes a moment. */
async function untilTrue(test: () => Promise<boolean>): Promise<void> {
  while (!(await test())) await new Promise((resolve) => void setTimeout(resolve, 20));
}

/** What every DeliveryStore keeps to, whatever its engine. */
export function describeStore(name: string, make: () => Promise<Engine>): void {
  describe(`the delivery store on ${name}`, () => {
    let engine: Engine;
    let host: DeliveryStore;
    let store: DeliveryStore;
    let shop: FakeConnection;
    let workers: QueueWorker[];
    beforeEach(async () => {
      engine = await make();
      ({ host, store } = await engine.open());
      shop = fakeConnection('shop');
      workers = [];
    });
    afterEach(async () => {
      await end();
      await engine.remove();
    });
    const end = async (): Promise<void> => {
      await Promise.all(workers.map((worker) => worker.stop(0)));
      workers = [];
      await store.close();
      await host.close();
    };
    const reopen = async (options?: { readonly maxBytes?: number }): Promise<void> => {
      await end();
      ({ host, store } = await engine.open(options));
    };
    const start = (connection = shop): QueueWorker => {
      const worker = host.work(connection);
      workers.push(worker);
      return worker;
    };
    const queued = (ids: string, lanes?: readonly string[]): QueuedEvent[] =>
      ids.split(' ').map((id) => toQueued(shop, event(id, lanes), id));
    const put = async (ids: string, lanes?: readonly string[], connection = 'shop') => {
      const [result] = await store.put([{ connection, events: queued(ids, lanes) }]);
      return result;
    };
    const deliverAll = async (connection = shop): Promise<string> => {
      const worker = start(connection);
      await worker.idle();
      await worker.stop(0);
      return connection.delivered.splice(0).join(' ');
    };
    const letters = async (filter?: DeadFilter): Promise<DeadLetter[]> => {
      const found: DeadLetter[] = [];
      for await (const letter of store.dead('shop', filter)) found.push(letter);
      return found;
    };
    const backlog = async (id = 'shop') =>
      (await store.status(id)).connections.find(({ connection }) => connection === id);
    const die = async (ids: string, lanes?: readonly string[]): Promise<void> => {
      await put(ids, lanes);
      shop.answer = () => rejected;
      await deliverAll();
      shop.answer = () => undefined;
    };

    it('hands on the trace of each event with every try, and after its dead letter was put back', async () => {
      const traced = (id: string, trace?: string) => toQueued(shop, event(id), id, Date.now(), trace);
      await store.put([{ connection: 'shop', events: [traced('a', 'trace-a'), traced('b'), traced('c', 'trace-c')] }]);
      expect((await store.peek('shop', 3)).map(({ trace }) => trace)).toEqual(['trace-a', undefined, 'trace-c']);
      if (engine.isDurable) await reopen();
      const seen: (string | undefined)[] = [];
      shop.answer = (id) => {
        if (id === 'a') seen.push(shop.traces['a']);
        const isFirst = id === 'a' && seen.length === 1;
        return isFirst ? { kind: 'deferred', reason: { code: 'network', message: 'No.' } } : rejected;
      };
      await deliverAll();
      expect(seen).toEqual(['trace-a', 'trace-a']);
      expect(shop.traces).toEqual({ a: 'trace-a', b: undefined, c: 'trace-c' });
      shop.answer = () => undefined;
      for (const id of Object.keys(shop.traces)) delete shop.traces[id];
      await store.requeue('shop');
      await deliverAll();
      expect(shop.traces).toEqual({ a: 'trace-a', b: undefined, c: 'trace-c' });
    });

    it('says what it promises of a put', () => {
      expect(store.promises).toEqual({
        atomicPut: expect.any(Boolean),
        dedup: expect.stringMatching(/^(event|put)$/),
      });
    });

    it('keeps what is put for several connections at once, and says what became of each put', async () => {
      const puts = [
        { connection: 'shop', events: queued('a b') },
        { connection: 'other', events: queued('a') },
        { connection: 'none', events: [] },
      ];
      expect(await store.put(puts)).toEqual([
        { accepted: 2, duplicates: 0 },
        { accepted: 1, duplicates: 0 },
        { accepted: 0, duplicates: 0 },
      ]);
      expect(await store.put(puts)).toEqual([
        { accepted: 0, duplicates: 2 },
        { accepted: 0, duplicates: 1 },
        { accepted: 0, duplicates: 0 },
      ]);
      expect(await deliverAll()).toBe('a b');
      expect(await deliverAll(fakeConnection('other'))).toBe('a');
    });

    it('gives space back, where it has some, and keeps everything', async () => {
      await put('a b', ['lane']);
      await die('x');
      await put('c d', ['lane']);
      const compacting = store.compact();
      await put('e', ['lane']);
      const { before, after } = await compacting;
      expect(after).toBeLessThanOrEqual(before);
      expect(await backlog()).toMatchObject({ dead: 3, waiting: 3 });
      const again = await put('a c f', ['lane']);
      if (store.promises.dedup === 'event') expect(again).toEqual({ accepted: 1, duplicates: 2 });
      expect(await deliverAll()).toBe('c d e f');
    });

    it('tells an event that comes again in another put, where it goes by events', async () => {
      await put('a b');
      const again = await put('b c');
      if (store.promises.dedup === 'event') expect(again).toEqual({ accepted: 1, duplicates: 1 });
      expect(await deliverAll()).toBe('a b c');
    });

    it('keeps nothing of a call of which one put is refused, or all of it once that is repeated', async () => {
      await store.put([{ connection: { id: 'other', destination: 'adjust' }, events: queued('first') }]);
      const puts = [
        { connection: 'shop', events: queued('a b') },
        { connection: { id: 'other', destination: 'rokt' }, events: queued('c') },
      ];
      await expect(store.put(puts)).rejects.toBeInstanceOf(OtherSettings);
      if (store.promises.atomicPut) expect((await backlog())?.waiting ?? 0).toBe(0);
      await deliverAll(fakeConnection('other'));
      await store.put(puts);
      expect(await deliverAll()).toBe('a b');
      expect(await deliverAll(fakeConnection('other'))).toBe('c');
    });

    it('is full at its limit, keeps nothing of what does not fit, and takes more once it has delivered', async () => {
      await reopen({ maxBytes: 20_000 });
      // An engine may compress what it keeps.
      const many = Array.from({ length: 200 }, () => randomBytes(300).toString('hex')).join(' ');
      await expect(put(many)).rejects.toBeInstanceOf(QueueFull);
      if (store.promises.atomicPut) expect((await backlog())?.waiting ?? 0).toBe(0);
      expect(await put('a')).toEqual({ accepted: 1, duplicates: 0 });
      expect(await deliverAll()).toContain('a');
    });

    it('remembers for what is put, and refuses settings that nobody has compared', async () => {
      const connection = { id: 'shop', destination: 'adjust', settings: 'one' };
      await store.put([{ connection, events: queued('a', ['lane']) }]);
      expect((await backlog())?.registered).toMatchObject({ destination: 'adjust', settings: 'one', hasLanes: true });
      const other = { ...connection, settings: 'two' };
      await expect(store.put([{ connection: other, events: [] }])).rejects.toBeInstanceOf(OtherSettings);
      await store.put([{ connection: { ...other, checked: 'one' }, events: [] }]);
      expect((await backlog())?.registered).toMatchObject({ settings: 'two' });
    });

    it('remembers lanes, whichever put of a call has them', async () => {
      const connection = { id: 'shop', destination: 'adjust', settings: 'one' };
      await store.put([
        { connection, events: queued('a', ['lane']) },
        { connection, events: queued('b') },
      ]);
      expect((await backlog())?.registered).toMatchObject({ hasLanes: true });
    });

    it('F-96 does nothing to another connection for an id that no path could name', async () => {
      await put('a b', undefined, 'dead');
      for (const id of ['', '.', '..']) {
        await store.drop(id).catch(() => undefined);
        await store.purge(id).catch(() => undefined);
      }
      expect(await backlog('dead')).toMatchObject({ waiting: 2 });
    });

    it('shows what waits, page by page, and takes nothing out', async () => {
      await put('a b c', ['lane']);
      const [first] = await store.peek('shop', 1);
      expect(first).toMatchObject({ id: 'a', lanes: ['lane'], attempts: 0, acceptedAt: expect.any(Number) });
      expect(JSON.parse(first!.text)).toEqual(event('a', ['lane']));
      expect((await store.peek('shop', 9, first!.seq)).map(({ id }) => id)).toEqual(['b', 'c']);
      expect(await deliverAll()).toBe('a b c');
    });

    it('has a worker deliver what is put later, in the order of each lane', async () => {
      const worker = start();
      await worker.idle();
      await put('a b c', ['lane']);
      await put('d');
      await worker.idle();
      expect(shop.delivered.filter((id) => id !== 'd').join(' ')).toBe('a b c');
      expect(shop.delivered).toContain('d');
      expect(worker.counts()).toEqual({ delivered: 4, skipped: 0, dead: 0 });
      expect(await backlog()).toMatchObject({ waiting: 0, done: 4, dead: 0 });
    });

    it('holds what is behind an event that goes again, and gives it out once more', async () => {
      let tries = 0;
      shop.answer = (id) =>
        id === 'a' && (tries += 1) === 1
          ? { kind: 'deferred', reason: { code: 'vendor_unavailable', message: 'Later.', status: 503 } }
          : undefined;
      await put('a b', ['lane']);
      await put('c');
      const worker = start();
      while (shop.delivered.length < 3) await new Promise((resolve) => void setTimeout(resolve, 50));
      expect(shop.delivered.filter((id) => id !== 'c')).toEqual(['a', 'b']);
      await worker.stop(0);
    });

    it('has one worker for a connection, and none after it was stopped', async () => {
      const worker = start();
      expect(() => host.work(shop)).toThrow('shop');
      host.markMisconfigured('shop');
      expect(() => host.work(shop)).toThrow('shop');
      await worker.stop(0);
      await put('late');
      expect(shop.delivered).toEqual([]);
      expect(await deliverAll()).toBe('late');
    });

    it('says who has it open, and what the worker of each connection is doing', async () => {
      const there = async () => (await store.status()).processes.find(({ isHere }) => isHere === (host === store));
      expect(await there()).toMatchObject({ pid: process.pid, workers: null });
      const worker = start();
      await put('a');
      await worker.idle();
      host.markMisconfigured('broken');
      await untilTrue(async () => (await there())?.workers?.['broken'] !== undefined);
      expect((await there())?.startedAt).toMatch(/^\d{4}-.*Z$/);
      await untilTrue(async () => (await there())?.workers?.['shop']?.lastDelivered !== null);
      expect((await there())?.workers).toMatchObject({
        shop: { destination: 'adjust', state: 'idle', lastDelivered: expect.stringMatching(/Z$/), lastError: null },
        broken: { destination: null, state: 'held', reason: { cause: 'settings', code: 'misconfigured' } },
      });
      await worker.stop(0);
      await untilTrue(async () => (await there())?.workers?.['shop'] === undefined);
      expect(Object.keys((await there())?.workers ?? {})).toEqual(['broken']);
    });

    it.each(['', '.', '..'])('takes nothing for the connection %j, which no path could name', async (connection) => {
      await expect(store.put([{ connection, events: queued('a') }])).rejects.toThrow('cannot have the id');
    });

    it('settles at once what is put with its outcome, with the same promises', async () => {
      const bare: CdpEvent = { type: 'track', event: 'x', messageId: 'bad' };
      const events = [toQueued(shop, bare, 'bad')];
      expect(events[0]?.outcome).toMatchObject({ kind: 'rejected' });
      const first = await store.put([{ connection: 'shop', events }]);
      expect(first).toEqual([{ accepted: 1, duplicates: 0, settled: [0] }]);
      const [again] = await store.put([{ connection: 'shop', events: [...queued('good'), ...events] }]);
      // What is settled already is told once.
      if (store.promises.dedup === 'event') expect(again).toEqual({ accepted: 1, duplicates: 1 });
      expect(await deliverAll()).toBe('good');
      expect(await letters()).toMatchObject([{ id: 'bad', attempts: 0, reason: { code: 'unmapped_event' } }]);
      expect(await backlog()).toMatchObject({ waiting: 0, dead: 1 });
    });

    it('keeps dead letters, finds them, drops some, and puts others back', async () => {
      await die('a b c');
      expect(await store.reasons('shop')).toEqual({ vendor_rejected: 3 });
      const all = await letters();
      expect(all).toMatchObject([{ id: 'a', event: event('a'), outcome: 'rejected' }, { id: 'b' }, { id: 'c' }]);
      expect(await letters({ reason: 'timeout' })).toEqual([]);
      expect(await letters({ since: Date.now() + 60_000 })).toEqual([]);
      expect(await store.drop('shop', { seq: all[0]!.seq })).toBe(1);
      expect(await store.requeue('shop', { seq: all[1]!.seq })).toBe(1);
      expect((await letters()).map(({ id }) => id)).toEqual(['c']);
      expect(await deliverAll()).toBe('b');
    });

    it('gives what was stored without a lane the lanes of the connection that is delivered for', async () => {
      const events = [
        { ...queued('x', ['of the worker'])[0]!, lanes: undefined, outcome: { ...rejected, eventId: 'x' } },
      ];
      await store.put([{ connection: 'shop', events }]);
      let letGo = (): void => undefined;
      shop.hold = new Promise<void>((resolve) => (letGo = resolve));
      const worker = start();
      expect(await store.requeue('shop', {}, () => ['of the caller'])).toBe(1);
      // A process that only the store knows cannot be asked for what its settings say.
      const isReached = host === store || store.promises.atomicPut;
      const lanes = [isReached ? 'of the worker' : 'of the caller'];
      expect(await store.peek('shop', 1)).toMatchObject([{ id: 'x', lanes }]);
      letGo();
      await worker.idle();
      expect(shop.delivered).toEqual(['x']);
    });

    it('replays what was delivered in a span of time, under new ids', async () => {
      const from = Date.now();
      await put('a b');
      await deliverAll();
      expect(await store.replay('shop', 0, from - 1)).toBe(0);
      expect(await store.replay('shop', from, Date.now())).toBe(2);
      expect((await store.peek('shop', 9)).map(({ id }) => id)).not.toContain('a');
      expect(await deliverAll()).toBe('a b');
    });

    it('drops everything of a connection, but nothing that a worker has', async () => {
      await put('a b');
      await put('a', undefined, 'other');
      let letGo = (): void => undefined;
      shop.hold = new Promise<void>((resolve) => (letGo = resolve));
      const worker = start();
      while (worker.state().state !== 'working') await new Promise((resolve) => void setTimeout(resolve, 5));
      await new Promise((resolve) => void setTimeout(resolve, 50));
      await expect(store.purge('shop')).rejects.toThrow('shop');
      letGo();
      await worker.idle();
      await worker.stop(0);
      expect(await store.purge('shop')).toBe(2);
      expect(await put('a')).toEqual({ accepted: 1, duplicates: 0 });
      expect(await backlog('other')).toMatchObject({ waiting: 1 });
    });

    it('drops what was delivered before a time', async () => {
      await put('a');
      await deliverAll();
      expect(await store.prune(0)).toBe(0);
      expect(await store.prune(Date.now() + 1)).toBe(1);
      expect(await backlog()).toMatchObject({ done: 0 });
    });

    it('has all of it when it is opened again', async () => {
      if (!engine.isDurable) return;
      await die('dead');
      await put('a b', ['lane']);
      await reopen();
      const again = await put(store.promises.dedup === 'event' ? 'a' : 'a b', ['lane']);
      expect(again?.accepted).toBe(0);
      expect(await letters()).toMatchObject([{ id: 'dead' }]);
      expect(await deliverAll()).toBe('a b');
    });

    it('refuses everything once it is closed, and says that it is', async () => {
      await end();
      const error = await host.put([{ connection: 'shop', events: queued('a') }]).catch((caught: unknown) => caught);
      expect(isStoreLost(error)).toBe(true);
      await expect(host.status()).rejects.toMatchObject({ code: 'closed' });
    });
  });
}
