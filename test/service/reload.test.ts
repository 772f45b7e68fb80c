// Tests core/service/connections.ts: settings that change while the service runs.
import { afterEach, describe, expect, test } from '@jest/globals';
import { testSettings } from '../support/cli/workspace.ts';
import { letter, mailbox, startService, type UnderTest } from '../support/service/service-under-test.ts';

let under: UnderTest;
afterEach(() => under.stop());

const deliver = async (id: string, messageId: string, event?: string) =>
  (await (await under.ask('POST', `/v1/connections/${id}/deliver`, letter(messageId, event))).json()) as object;

describe('A change of the settings', () => {
  test('opens, replaces and removes connections, and leaves the others as they are', async () => {
    under = await startService({ connections: [mailbox('same'), mailbox('other'), mailbox('gone')] });
    await under.ask('POST', '/v1/connections/same/deliver', [letter('m-1')]);
    const applied = await under.service.apply([
      mailbox('same'),
      mailbox('other', { config: { ...testSettings, owner: 'bob' } }),
      mailbox('new'),
    ]);
    expect(applied).toEqual({ kind: 'applied', added: ['new'], changed: ['other'], removed: ['gone'], unchanged: 1 });
    expect(await deliver('new', 'm-2')).toMatchObject({ kind: 'delivered' });
    expect((await under.ask('POST', '/v1/connections/gone/deliver', [])).status).toBe(404);
    const { connections } = (await (await under.ask('GET', '/v1/connections')).json()) as {
      connections: { id: string; requests: number }[];
    };
    expect(connections.map(({ id, requests }) => [id, requests])).toEqual([
      ['same', 1],
      ['other', 0],
      ['new', 1],
    ]);
  });

  test('changes nothing where one part of it is wrong, and says where', async () => {
    under = await startService();
    const applied = await under.service.apply([
      mailbox('shop', { at: 'connections.0', config: { ...testSettings, owner: 'bob' } }),
      mailbox('bad', { at: 'connections.1', config: { apiKey: 's3cr3t' } }),
      mailbox('bad', { at: 'connections.2', destination: 'nowhere' }),
      mailbox('later', { at: 'connections.3', issues: [{ path: 'config.apiKey', message: 'NAME is not set' }] }),
    ]);
    expect(applied.kind).toBe('invalid');
    const paths = applied.kind === 'invalid' ? applied.issues.map(({ path }) => path) : [];
    expect(paths.sort()).toEqual([
      'connections.1.config.owner',
      'connections.2.destination',
      'connections.2.id',
      'connections.3.config.apiKey',
    ]);
    expect(JSON.stringify(applied)).not.toContain('s3cr3t');
    expect(await deliver('shop', 'm-1')).toMatchObject({ kind: 'delivered' });
    expect((await under.ask('GET', '/v1/connections/bad')).status).toBe(404);
  });

  test('lets the requests of the old settings finish, and sends later events with the new ones', async () => {
    under = await startService({ answer: (items) => ({ afterMs: items[0]?.id === 'm-1' ? 300 : 0 }) });
    const old = deliver('shop', 'm-1');
    while (under.vendor.batches === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    await under.service.apply([mailbox('shop', { config: { ...testSettings, owner: 'bob' } })]);
    expect(await deliver('shop', 'm-2')).toMatchObject({ kind: 'delivered' });
    expect(await old).toMatchObject({ kind: 'delivered' });
  });

  test('goes on with what waits in the store, under the new settings', async () => {
    let status = 401;
    under = await startService({ withStore: true, answer: () => ({ status }) });
    await under.ask('POST', '/v1/connections/shop/events', [letter('m-1'), letter('m-2', 'Certified')]);
    while (under.vendor.batches === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    status = 200;
    await under.service.apply([mailbox('shop', { config: { ...testSettings, apiKey: 'another-key-1' } })]);
    while (under.vendor.received.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  });

  test('is refused where it would move waiting events to other lanes, until they are delivered', async () => {
    under = await startService({ withStore: true, answer: () => ({ status: 503 }) });
    await under.ask('POST', '/v1/connections/shop/events', [letter('m-1', 'Certified')]);
    const moved = mailbox('shop', { at: 'connections.0', config: { ...testSettings, owner: 'bob' } });
    expect(await under.service.apply([moved])).toEqual({
      kind: 'invalid',
      issues: [{ path: 'connections.0', message: expect.stringContaining('1 events wait') }],
    });
  });

  test('lets everything else go on while it looks at 20,000 waiting events', async () => {
    under = await startService({ withStore: true, answer: () => ({ status: 401 }) });
    for (let n = 0; n < 20_000; n += 1_000) {
      const letters = Array.from({ length: 1_000 }, (_, index) => letter(`m-${n + index}`));
      await under.ask('POST', '/v1/connections/shop/events', letters);
    }
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    await under.service.apply([mailbox('shop', { config: { ...testSettings, apiKey: 'another-key-1' } })]);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(20);
  });

  test('holds no request that puts events apart from its settings: 50 changes beside 500 puts', async () => {
    under = await startService({ withStore: true });
    let changes = 0;
    const changing = (async () => {
      for (; changes < 50; changes += 1)
        await under.service.apply([mailbox('shop', { config: { ...testSettings, apiKey: `key-example-${changes}` } })]);
    })();
    const statuses = new Set<number>();
    for (let n = 0; n < 500; n += 1)
      statuses.add((await under.ask('POST', '/v1/connections/shop/events', [letter(`m-${n}`)])).status);
    await changing;
    expect([...statuses]).toEqual([202]);
    while (under.vendor.received.length < 500) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(new Set(under.vendor.received.map(({ id }) => id)).size).toBe(500);
  });
});

describe('The end of a service', () => {
  test('answers what is in flight, fails /readyz meanwhile, and keeps what is durable', async () => {
    under = await startService({ withStore: true, answer: () => ({ afterMs: 200 }) });
    const answered = deliver('shop', 'm-1');
    while (under.vendor.batches === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    const closed = under.service.close(5_000);
    expect((await under.ask('GET', '/readyz')).status).toBe(503);
    expect(await answered).toMatchObject({ kind: 'delivered' });
    await closed;
  });
});
