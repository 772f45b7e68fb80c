// Tests core/service/routes/dead.ts and replay.ts with a store on disk.
import { afterEach, describe, expect, test } from '@jest/globals';
import { letter, linesOf, startService, type UnderTest } from '../support/service/service-under-test.ts';

let under: UnderTest;
afterEach(() => under.stop());

const dead = '/v1/connections/shop/dead';

/** `count` dead letters of the transform's own errors, and one event that was delivered. */
async function withDead(count: number): Promise<void> {
  under = await startService({ withStore: true });
  const events = Array.from({ length: count }, (_, n) => letter(`m-${n}`, 'Broken'));
  await under.ask('POST', '/v1/connections/shop/events', [...events, letter('m-good')]);
  while (under.vendor.received.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
}

const get = async (path: string) => (await (await under.ask('GET', path)).json()) as Record<string, unknown>;

describe('Dead letters', () => {
  test('come in pages without their events, and one by one with them', async () => {
    await withDead(5);
    const first = await get(`${dead}?limit=2`);
    const second = await get(`${dead}?limit=2&cursor=${String(first['next'])}`);
    const third = await get(`${dead}?limit=2&cursor=${String(second['next'])}`);
    const pages = [first, second, third].map((page) => page['dead'] as { id: string; seq: number; event?: object }[]);
    expect(pages.map((page) => page.map(({ id }) => id))).toEqual([['m-0', 'm-1'], ['m-2', 'm-3'], ['m-4']]);
    expect(third['next']).toBeNull();
    expect(pages.flat().every(({ event }) => event === undefined)).toBe(true);
    const one = await get(`${dead}/${pages[0]?.[0]?.seq}`);
    expect(one).toMatchObject({ id: 'm-0', event: letter('m-0', 'Broken'), reason: { code: 'internal_error' } });
    expect((await under.ask('GET', `${dead}/999`)).status).toBe(404);
    expect((await under.ask('GET', `${dead}/first`)).status).toBe(404);
  });

  test('are exported with their events as NDJSON', async () => {
    await withDead(3);
    const lines = await linesOf(await under.ask('GET', dead, undefined, { accept: 'application/x-ndjson' }));
    expect(lines.map(({ event }) => event)).toEqual([0, 1, 2].map((n) => letter(`m-${n}`, 'Broken')));
  });

  test('are counted by reason and by time', async () => {
    await withDead(3);
    expect(await get(`${dead}/reasons`)).toEqual({ reasons: { internal_error: 3 } });
    const { counts } = await get(`${dead}/counts?every=86400`);
    expect((counts as { reasons: object }[]).map(({ reasons }) => reasons)).toEqual([{ internal_error: 3 }]);
    expect(await get(`${dead}?reason=stale_event`)).toMatchObject({ dead: [] });
    expect(await get(`${dead}?since=2100-01-01T00:00:00Z`)).toMatchObject({ dead: [] });
  });

  test('are revived and dropped by a filter, counted first with dryRun, and who did it is logged', async () => {
    await withDead(3);
    const ask = async (method: string, path: string, body: object) => (await under.ask(method, path, body)).json();
    const filter = { reason: 'internal_error' };
    expect(await ask('POST', `${dead}/revive`, { filter, dryRun: true })).toEqual({ count: 3, dryRun: true });
    expect(await ask('DELETE', dead, { filter: { reason: 'stale_event' } })).toEqual({ count: 0, dryRun: false });
    expect(await ask('POST', `${dead}/revive`, { filter })).toEqual({ count: 3, dryRun: false });
    while (Object.keys(((await get(`${dead}/reasons`)) as { reasons: object }).reasons).length === 0)
      await new Promise((resolve) => setTimeout(resolve, 20));
    await under.store?.status();
    expect(await ask('DELETE', dead, { filter: {}, dryRun: true })).toMatchObject({ dryRun: true });
    expect(under.logged.map(({ message }) => message)).toContain('dead letters were revived');
    expect(JSON.stringify(under.logged)).not.toMatch(/m-0|Broken/);
  });

  test('are not dropped by a request without a filter', async () => {
    await withDead(1);
    expect((await under.ask('DELETE', dead, {})).status).toBe(400);
    expect(await get(`${dead}/reasons`)).toEqual({ reasons: { internal_error: 1 } });
  });
});

describe('A replay', () => {
  test('puts what was done between two times into the queue again', async () => {
    await withDead(0);
    await under.store?.status();
    while ((await under.store?.status('shop'))?.connections[0]?.done !== 1)
      await new Promise((resolve) => setTimeout(resolve, 10));
    const from = new Date(Date.now() - 60_000).toISOString();
    const response = await under.ask('POST', '/v1/connections/shop/replay', { from });
    expect(await response.json()).toEqual({ count: 1 });
    while (under.vendor.received.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  });

  test('is refused where events must keep their order, unless it is forced', async () => {
    under = await startService({ withStore: true });
    await under.ask('POST', '/v1/connections/shop/events', [letter('m-1', 'Certified')]);
    const from = new Date(Date.now() - 60_000).toISOString();
    const refused = await under.ask('POST', '/v1/connections/shop/replay', { from });
    expect([refused.status, await refused.text()]).toEqual([409, expect.stringContaining('must keep their order')]);
    expect((await under.ask('POST', '/v1/connections/shop/replay', { from, force: true })).status).toBe(200);
    expect((await under.ask('POST', '/v1/connections/shop/replay', { from, to: '2020-01-01T00:00:00Z' })).status).toBe(
      400,
    );
  });
});
