// Tests core/queue/registered.ts.
import { beforeEach, describe, expect, it } from '@jest/globals';
import { ClaimStore } from '../../core/queue/claim-store.ts';
import {
  destinationAt,
  keepDestination,
  keepLanes,
  NotDrained,
  registeredOf,
  toQueued,
  type DeliveryStore,
} from '../../core/queue/index.ts';
import { fakeConnection, type FakeConnection } from '../support/queue/store-connection.ts';
import { MemoryQueue } from '../support/queue/memory-queue.ts';
import { track } from '../support/runtime/test-connection.ts';

let store: DeliveryStore;
beforeEach(() => {
  store = new ClaimStore(new MemoryQueue(), {
    promises: { atomicPut: true, dedup: 'event' },
    process: { pid: process.pid, host: 'here', startedAt: new Date().toISOString() },
    now: Date.now,
  });
});

const shop = fakeConnection('shop');
/** Gives every event the lane, whatever it says of lanes itself. */
const inLane = (lane: string): FakeConnection => ({
  ...shop,
  routeOf: () => ({ kind: 'payload', lanes: [lane] }),
});
const noLane: FakeConnection = { ...shop, routeOf: () => ({ kind: 'payload' }) };

async function keep(connection: FakeConnection, configHash: string) {
  return keepLanes(store, await store.status(), connection, configHash);
}

async function put(connection: FakeConnection, configHash: string, ids: readonly string[]): Promise<void> {
  const settings = await keep(connection, configHash);
  await store.put([{ connection: settings, events: ids.map((id) => toQueued(connection, track(id), id)) }]);
}

const many = Array.from({ length: 450 }, (_, n) => `e${n}`);

describe('settings under which events are put', () => {
  it('are taken when each event that waits keeps its lane, and are remembered by the store', async () => {
    await put(inLane('a'), 'one', many);
    await put(inLane('a'), 'two', ['last']);
    const { settings } = registeredOf(await store.status(), 'shop') ?? {};
    expect(settings).toMatch(/^\d+\.\d+\.\d+.* two$/);
    expect((await keep(inLane('a'), 'three')).checked).toBe(settings);
  });

  it.each([
    ['another lane', inLane('b')],
    ['no lane', noLane],
  ])('are refused when the last event that waits would get %s', async (_, other) => {
    const movesLast: FakeConnection = {
      ...other,
      routeOf: (event) => (JSON.stringify(event).includes('last') ? other : inLane('a')).routeOf(event),
    };
    await put(inLane('a'), 'one', [...many, 'last']);
    const refusal = await keep(movesLast, 'two').catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(NotDrained);
    expect(refusal).toMatchObject({ connection: 'shop', waiting: 451, why: 'lanes' });
  });

  it('are refused while events wait for another destination, and taken when none does', async () => {
    await put(shop, 'one', ['a']);
    const other = fakeConnection('shop', 'rokt');
    await expect(keep(other, 'one')).rejects.toMatchObject({ why: 'destination', waiting: 1 });
    await expect(store.status().then((status) => keepDestination(status, other))).rejects.toBeInstanceOf(NotDrained);
    const worker = store.work(shop);
    await worker.idle();
    await worker.stop(0);
    await put(other, 'one', ['b']);
    const registered = registeredOf(await store.status(), 'shop')!;
    const [{ until } = { until: 0 }] = registered.former ?? [];
    expect([until - 1, until].map((time) => destinationAt(registered, time))).toEqual(['adjust', 'rokt']);
  });

  it('are not compared with what waits where they are the ones that it was put under', async () => {
    await put(inLane('a'), 'one', ['a']);
    await expect(keep(inLane('b'), 'one')).resolves.toMatchObject({ id: 'shop', destination: 'adjust' });
  });
});
