// Tests core/service/routes/connections.ts, live.ts, operations.ts, preview.ts and destinations.ts, and
// core/service/activity.ts behind them.
import { afterEach, describe, expect, test } from '@jest/globals';
import { testSettings } from '../support/cli/workspace.ts';
import { letter, mailbox, startService, type UnderTest } from '../support/service/service-under-test.ts';

let under: UnderTest;
afterEach(() => under.stop());

const state = async (id = 'shop') =>
  (await (await under.ask('GET', `/v1/connections/${id}`)).json()) as Record<string, unknown>;
const until = async (what: () => Promise<boolean>): Promise<void> => {
  while (!(await what())) await new Promise((resolve) => setTimeout(resolve, 20));
};

describe('GET /v1/connections', () => {
  test('tells outcomes by kind and reason, latency and the last error, and none of the settings', async () => {
    under = await startService({ answer: (items) => ({ status: items[0]?.id === 'm-2' ? 400 : 200 }) });
    await under.ask('POST', '/v1/connections/shop/deliver', [letter('m-1')]);
    await under.ask('POST', '/v1/connections/shop/deliver', [letter('m-2'), letter('m-3', 'Ignored')]);
    const shop = await state();
    expect(shop).toMatchObject({
      id: 'shop',
      destination: 'mailbox',
      state: 'open',
      waiting: null,
      outcomes: { delivered: 1, rejected: 1, skipped: 1 },
      reasons: { unmapped_event: 1 },
      requests: 2,
      lastError: { failure: 'http', status: 400 },
    });
    expect(shop['latencyMs']).toMatchObject({ p50: expect.any(Number), p99: expect.any(Number) });
    expect(JSON.stringify(shop)).not.toContain(testSettings.apiKey);
    expect(await (await under.ask('GET', '/v1/connections')).json()).toEqual({ connections: [await state()] });
  });

  test('tells a suspension and its reason; POST resume ends it', async () => {
    let status = 401;
    under = await startService({ withStore: true, answer: () => ({ status }) });
    await under.ask('POST', '/v1/connections/shop/events', [letter('m-1')]);
    await until(async () => (await state())['state'] === 'suspended');
    expect(await state()).toMatchObject({ waiting: 1, suspended: [{ reason: { code: 'unauthorized', status: 401 } }] });
    status = 200;
    const resumed = await under.ask('POST', '/v1/connections/shop/resume');
    expect(await resumed.json()).toMatchObject({ id: 'shop', suspended: [] });
    await until(async () => (await state())['waiting'] === 0);
    expect(under.vendor.received).toHaveLength(1);
    expect(under.logged).toContainEqual(
      expect.objectContaining({
        message: 'suspensions were ended',
        fields: expect.objectContaining({ connection: 'shop', ended: 1 }),
      }),
    );
  });

  test('tells when a circuit is open, and until when', async () => {
    under = await startService({ withStore: true, answer: () => ({ status: 503 }) });
    const events = Array.from({ length: 40 }, (_, n) => letter(`m-${n}`));
    await under.ask('POST', '/v1/connections/shop/events', events);
    await until(async () => (await state())['circuitOpenUntil'] !== null);
    expect(await state()).toMatchObject({
      state: 'held',
      held: { cause: 'unreachable', code: 'vendor_unavailable' },
      waiting: 40,
    });
  });

  test('tells the last minutes one by one', async () => {
    under = await startService();
    await under.ask('POST', '/v1/connections/shop/deliver', [letter('m-1')]);
    const series = await under.ask('GET', '/v1/connections/shop/series?minutes=3');
    const { minutes } = (await series.json()) as { minutes: { outcomes: object }[] };
    expect(minutes).toHaveLength(3);
    expect(minutes.map(({ outcomes }) => outcomes)).toContainEqual({ delivered: 1 });
  });
});

describe('GET /v1/live', () => {
  test('sends the state of all connections at once, and again as it changes', async () => {
    under = await startService();
    const { body } = await under.ask('GET', '/v1/live');
    const reader = (body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
    const first = (await reader.read()).value ?? '';
    expect(JSON.parse(/^event: connections\ndata: (.*)\n\n$/.exec(first)?.[1] ?? '')).toMatchObject({
      connections: [{ id: 'shop', outcomes: {} }],
    });
    await under.ask('POST', '/v1/connections/shop/deliver', [letter('m-1')]);
    expect((await reader.read()).value).toContain('"delivered":1');
    await reader.cancel();
  });

  test('ends when the service does, so that a client that watches does not keep it', async () => {
    under = await startService();
    const { body } = await under.ask('GET', '/v1/live?every=60000');
    const reader = (body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    const next = reader.read();
    const startedAt = Date.now();
    await under.service.close(10_000);
    expect((await next).done).toBe(true);
    expect(Date.now() - startedAt).toBeLessThan(5_000);
  });
});

describe('Previews', () => {
  test('of a connection show the request with masked secrets, and where each field comes from', async () => {
    under = await startService();
    const response = await under.ask('POST', '/v1/connections/shop/preview', { event: letter('m-1') });
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({
      previews: [{ kind: 'request', request: { method: 'POST' }, fields: [{ field: 'name', source: 'event' }] }],
    });
    expect(text).not.toContain(testSettings.apiKey);
    expect(under.vendor.batches).toBe(0);
  });

  test('of settings in the request open nothing that lasts', async () => {
    under = await startService();
    const input = { destination: 'mailbox', config: testSettings, events: [letter('m-1'), letter('m-2', 'Ignored')] };
    const response = await under.ask('POST', '/v1/preview', input);
    expect(await response.json()).toMatchObject({
      previews: [{ kind: 'request' }, { kind: 'skipped', stage: 'transform' }],
    });
    expect(await (await under.ask('GET', '/v1/connections')).json()).toMatchObject({ connections: [{ id: 'shop' }] });
  });

  test.each([
    [
      'a reference, which only the file of the operator may have',
      { config: { apiKey: '${HOME}', owner: 'ann' } },
      'references',
    ],
    ['settings that are not valid', { config: { apiKey: 's3cr3t' } }, 'config.owner'],
    ['an unknown destination', { destination: 'nowhere' }, 'no destination'],
    ['neither event nor events', { event: undefined }, 'either'],
    ['more than 100 events', { event: undefined, events: Array.from({ length: 101 }, () => letter('m')) }, 'events'],
  ])('refuse %s', async (_, change, text) => {
    under = await startService();
    const input = { destination: 'mailbox', config: testSettings, event: letter('m-1'), ...change };
    const response = await under.ask('POST', '/v1/preview', input);
    const answer = await response.text();
    expect([400, 404]).toContain(response.status);
    expect(answer).toContain(text);
    expect(answer).not.toMatch(/s3cr3t|\/root|\/home/);
  });
});

test('A body in which nothing is right gets a short answer', async () => {
  under = await startService();
  const keys = Object.fromEntries(Array.from({ length: 200_000 }, (_, n) => [`k${n}`, 1]));
  for (const body of [
    { destination: 'mailbox', config: keys, event: letter('m-1') },
    { destination: 'mailbox', config: testSettings, options: keys, event: letter('m-1') },
    keys,
  ]) {
    const response = await under.ask('POST', '/v1/preview', body);
    expect(response.status).toBe(400);
    expect((await response.text()).length).toBeLessThan(10_000);
  }
});

test.each([
  ['/v1/preview', '"event"', '{"type":"track"}'],
  ['/v1/try', '"events"', '[{"type":"track"}]'],
])('Settings for %s that are nested too deeply are refused, which is no defect', async (path, name, events) => {
  under = await startService();
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  const body = `{"destination":"mailbox","config":{"apiKey":${deep}},${name}:${events}}`;
  const response = await under.ask('POST', path, body);
  expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('nested deeper than')]);
  expect(under.logged).toEqual([]);
});

describe('Operations and checks', () => {
  test('of a destination that has none are named so', async () => {
    under = await startService();
    expect(await (await under.ask('POST', '/v1/connections/shop/check')).json()).toMatchObject({ kind: 'unsupported' });
    const response = await under.ask('POST', '/v1/connections/shop/operations/list-all', {});
    expect([response.status, await response.text()]).toEqual([404, expect.stringContaining('no such operation')]);
  });
});

describe('The catalogue', () => {
  test('has each destination with the JSON Schema of its settings', async () => {
    under = await startService();
    const { destinations } = (await (await under.ask('GET', '/v1/destinations')).json()) as {
      destinations: { manifest: { slug: string }; configSchema: object }[];
    };
    expect(destinations.map(({ manifest }) => manifest.slug)).toContain('mailbox');
    const one = await under.ask('GET', '/v1/destinations/mailbox');
    expect(await one.json()).toEqual(destinations.find(({ manifest }) => manifest.slug === 'mailbox'));
    expect((await under.ask('GET', '/v1/destinations/nowhere')).status).toBe(404);
  });
});

describe('A connection id', () => {
  test.each(['a/b', 'ü b', 'a%2Fb', '..x'])('may be %s', async (id) => {
    under = await startService({ connections: [mailbox(id)] });
    const response = await under.ask('GET', `/v1/connections/${encodeURIComponent(id)}`);
    expect(await response.json()).toMatchObject({ id });
  });
});
