// Tests core/service/store-problem.ts, readiness.ts and keep-events.ts: stores that are slow, full or lost.
import { afterEach, describe, expect, test } from '@jest/globals';
import type { DeliveryStore } from '../../core/queue/index.ts';
import { testSettings } from '../support/cli/workspace.ts';
import { letter, mailbox, startService, type UnderTest } from '../support/service/service-under-test.ts';

let under: UnderTest;
afterEach(() => under.stop());

const events = '/v1/connections/shop/events';
const large = (messageId: string, bytes = 5_000): object => ({
  ...letter(messageId),
  properties: { text: 'x'.repeat(bytes) },
});
const readiness = async (): Promise<readonly unknown[]> => {
  const response = await under.ask('GET', '/readyz');
  return [response.status, ((await response.json()) as { store?: string }).store];
};
const overdue = (): Error => Object.assign(new Error('the disk has not confirmed a write'), { name: 'FlushOverdue' });

/** The store with a method of its own, as long as `isBroken`. */
function broken<K extends 'put' | 'status'>(
  name: K,
  call: (store: DeliveryStore) => DeliveryStore[K],
): { readonly over: (store: DeliveryStore) => DeliveryStore; isBroken: boolean } {
  const state = {
    isBroken: false,
    over: (store: DeliveryStore): DeliveryStore =>
      new Proxy(store, {
        get(target, member) {
          if (member === name && state.isBroken) return call(store);
          const value: unknown = Reflect.get(target, member, target);
          return typeof value === 'function' ? (value.bind(target) as unknown) : value;
        },
      }),
  };
  return state;
}

describe('A store that is full', () => {
  test('fails /readyz once it has refused events, until it takes some again', async () => {
    let status = 503;
    under = await startService({ withStore: true, maxBytes: 200_000, answer: () => ({ status }) });
    let answered = 202;
    for (let n = 0; answered === 202; n += 1) answered = (await under.ask('POST', events, large(`m-${n}`))).status;
    expect(answered).toBe(429);
    expect(await readiness()).toEqual([503, 'full']);
    status = 200;
    while ((await under.ask('POST', events, large('later'))).status !== 202)
      await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await readiness()).toEqual([200, 'writable']);
  });

  test('is ready again once some of its events are delivered, where nobody puts any meanwhile', async () => {
    let status = 503;
    under = await startService({ withStore: true, maxBytes: 200_000, answer: () => ({ status }) });
    while ((await under.ask('POST', events, large(String(Math.random())))).status === 202);
    expect(await readiness()).toEqual([503, 'full']);
    status = 200;
    while ((await readiness())[0] !== 200) await new Promise((resolve) => setTimeout(resolve, 50));
  });

  test('is not one whose delivered events, which are kept for replay, fill it', async () => {
    under = await startService({ withStore: true, maxBytes: 200_000 });
    const told = new Set<string>();
    for (let n = 0; n < 400; n += 1) {
      const { status } = await under.ask('POST', events, large(`m-${n}`, 500));
      told.add(JSON.stringify([status, ...(await readiness())]));
    }
    expect([...told]).toEqual(['[202,200,"writable"]']);
  });

  test('refuses a replay that does not fit with 429', async () => {
    under = await startService({ withStore: true, maxBytes: 200_000 });
    const from = new Date().toISOString();
    for (let n = 0; n < 30; n += 1) await under.ask('POST', events, large(`m-${n}`));
    while (under.vendor.received.length < 30) await new Promise((resolve) => setTimeout(resolve, 20));
    const replay = async (): Promise<number> =>
      (await under.ask('POST', '/v1/connections/shop/replay', { from, force: true })).status;
    while ((await replay()) === 200);
    expect(await replay()).toBe(429);
  });
});

describe('A store that is slow', () => {
  test('has a put whose flush is overdue answered with 503, as it may be kept', async () => {
    const store = broken('put', () => () => Promise.reject(overdue()));
    under = await startService({ withStore: true, throughStore: store.over });
    store.isBroken = true;
    const response = await under.ask('POST', events, letter('m-1'));
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5']);
    expect(under.logged.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('has a put that the broker does not confirm answered with 503, and one too large for it with 413', async () => {
    const failures = ['BrokerOverdue', 'EventTooLarge'];
    const store = broken('put', () => () => Promise.reject(Object.assign(new Error('no'), { name: failures.shift() })));
    under = await startService({ withStore: true, throughStore: store.over });
    store.isBroken = true;
    const [late, large] = [
      await under.ask('POST', events, letter('m-1')),
      await under.ask('POST', events, letter('m-1')),
    ];
    expect([late.status, late.headers.get('retry-after')]).toEqual([503, '5']);
    expect(large.status).toBe(413);
  });

  test('is unavailable while its broker does not answer, and ready once it does', async () => {
    const store = broken(
      'status',
      () => () => Promise.reject(Object.assign(new Error('no'), { name: 'BrokerOverdue' })),
    );
    under = await startService({ withStore: true, throughStore: store.over });
    store.isBroken = true;
    expect(await readiness()).toEqual([503, 'unavailable']);
    store.isBroken = false;
    expect(await readiness()).toEqual([200, 'writable']);
  });

  test('takes events under the settings before, where it kept a change of them that was reported as failed', async () => {
    const store = broken('put', (real) => async (puts) => {
      await real.put(puts);
      throw overdue();
    });
    under = await startService({ withStore: true, throughStore: store.over });
    store.isBroken = true;
    const changed = mailbox('shop', { config: { ...testSettings, apiKey: 'another-key-1' } });
    await expect(under.service.apply([changed])).rejects.toThrow('has not confirmed');
    store.isBroken = false;
    expect((await under.ask('POST', events, letter('m-1'))).status).toBe(202);
    while (under.vendor.received.length < 1) await new Promise((resolve) => setTimeout(resolve, 20));
  });
});

describe('A store that fails', () => {
  test('is told by /readyz, and by every route that asks it, as soon as it is lost', async () => {
    under = await startService({ withStore: true });
    await under.store?.close();
    expect(await readiness()).toEqual([503, 'unusable']);
    for (const path of ['/v1/connections', '/v1/connections/shop/dead', '/v1/connections/shop/dead/reasons'])
      expect([path, (await under.ask('GET', path)).status]).toEqual([path, 503]);
    expect(await under.service.storeLost).toMatchObject({ code: 'closed' });
  });

  test('ends an event stream, whose place is free for the next request', async () => {
    const store = broken('status', () => () => Promise.reject(new Error('no status')));
    under = await startService({ withStore: true, throughStore: store.over, limits: { requestsInFlight: 1 } });
    store.isBroken = true;
    await expect((await under.ask('GET', '/v1/live')).text()).rejects.toThrow();
    store.isBroken = false;
    expect((await under.ask('GET', '/v1/connections')).status).toBe(200);
  });
});

test('Events that are durable are answered so, whatever a listener throws', async () => {
  const onSignal = (): never => {
    throw new Error('a metric fails');
  };
  under = await startService({ withStore: true, onSignal });
  expect((await under.ask('POST', events, letter('m-1', 'Ignored'))).status).toBe(202);
});
