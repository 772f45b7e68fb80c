// Tests core/service/routes/tracking.ts: the tracking API as a service mounts it.
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from '@jest/globals';
import { listen, readTokens, type TrackingSource } from '../../core/service/index.ts';
import { mailbox, startService, type UnderTest, type UnderTestOptions } from '../support/service/service-under-test.ts';

const web: TrackingSource = { id: 'web', writeKey: 'key-of-web', connections: ['shop', 'other'] };
const connections = [
  mailbox('shop'),
  mailbox('other', { options: { subscribe: 'event = "Parcel Sent"' } }),
  mailbox('foreign'),
];
const basic = (writeKey: string): string => `Basic ${Buffer.from(`${writeKey}:`).toString('base64')}`;
const authorization = basic('key-of-web');
const track = { event: 'Letter Sent', userId: 'user-1', messageId: 'm-1' };

let under: UnderTest;
afterEach(() => under.stop());

async function startTracking(options: UnderTestOptions = {}): Promise<UnderTest> {
  under = await startService({ connections, withStore: true, ...options });
  expect(await under.service.apply(connections, [web])).toMatchObject({ kind: 'applied' });
  return under;
}

const received = async (count: number): Promise<void> => {
  while (under.vendor.received.length < count) await new Promise((resolve) => setTimeout(resolve, 10));
};
/** What the store has ever had, by connection. */
const kept = async (): Promise<Readonly<Record<string, number>>> =>
  Object.fromEntries(
    ((await under.store?.status())?.connections ?? []).map(({ connection, waiting, done, dead }) => [
      connection,
      waiting + done + dead,
    ]),
  );

describe('the tracking API of a service', () => {
  test('keeps an event for those connections of the source that want it, which deliver it', async () => {
    await startTracking();
    const response = await under.ask('POST', '/v1/track', track, { authorization });
    expect([response.status, await response.json()]).toEqual([200, { success: true }]);
    expect(response.headers.get('x-request-id')).not.toBe(null);
    expect(response.headers.get('cache-control')).toBe('no-store');
    await received(1);
    expect(under.vendor.received).toEqual([{ id: 'm-1', name: 'Letter Sent' }]);
    expect(await kept()).toMatchObject({ shop: 1 });
    expect((await kept())['other'] ?? 0).toBe(0);
    expect((await kept())['foreign'] ?? 0).toBe(0);
  });

  test('reads compressed JSON whatever its content type is, as RudderStack’s SDK sends it', async () => {
    await startTracking();
    const body = gzipSync(JSON.stringify({ batch: [{ ...track, type: 'track' }] }));
    const headers = { authorization, 'content-encoding': 'gzip', 'content-type': 'application/x-www-form-urlencoded' };
    expect((await under.ask('POST', '/v1/batch', body, headers)).status).toBe(200);
    await received(1);
  });

  test('answers pages of any site, and needs no token of the service but the write key', async () => {
    const { tokens } = readTokens('gateway deliver a-token-of-the-gateway');
    await startTracking({ tokens });
    const page = { origin: 'https://shop.example', 'sec-fetch-site': 'cross-site', host: 'track.shop.example' };
    const preflight = await under.ask('OPTIONS', '/v1/t', undefined, {
      ...page,
      'access-control-request-method': 'POST',
    });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, '*']);
    const sent = await under.ask('POST', '/v1/t', { ...track, writeKey: 'key-of-web' }, page);
    expect([sent.status, sent.headers.get('access-control-allow-origin')]).toEqual([200, '*']);
    for (const [header, status] of [
      [basic('other'), 401],
      ['Bearer a-token-of-the-gateway', 401],
    ] as const)
      expect((await under.ask('POST', '/v1/t', track, { authorization: header })).status).toBe(status);
    expect((await under.ask('GET', '/v1/t', undefined, page)).status).toBe(405);
    // A write key opens nothing else.
    expect((await under.ask('POST', '/v1/events', [track], { authorization })).status).toBe(401);
    await received(1);
  });

  test('takes a beacon, whose write key stands in the address, and a path with a slash at its end', async () => {
    await startTracking();
    const batch = { batch: [{ ...track, type: 'track' }] };
    expect((await under.ask('POST', '/beacon/v1/batch?writeKey=key-of-web&v=2', batch)).status).toBe(200);
    expect((await under.ask('POST', '/v1/import/', batch, { authorization })).status).toBe(200);
    await received(1);
    expect(await kept()).toMatchObject({ shop: 1 });
  });

  test('says 429 where the service is overloaded, with what a page may read', async () => {
    await startTracking({ limits: { requestsInFlight: 0 } });
    const response = await under.ask('POST', '/v1/track', track, { authorization });
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([429, '*']);
    expect(response.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(Object.values(await kept()).filter((count) => count > 0)).toEqual([]);
  });

  test('says 413 to a body beyond the limit, and 429 where the store is full', async () => {
    await startTracking({ limits: { jsonBytes: 1_000 }, maxBytes: 8_192, answer: () => ({ status: 503 }) });
    const large = { ...track, properties: { text: 'x'.repeat(1_000) } };
    expect((await under.ask('POST', '/v1/track', large, { authorization })).status).toBe(413);
    let status = 200;
    for (let n = 0; status === 200 && n < 1_000; n += 1)
      ({ status } = await under.ask('POST', '/v1/track', { ...track, messageId: `m-${n}` }, { authorization }));
    expect(status).toBe(429);
  });

  test('fills in the address of a browser that reaches its port', async () => {
    await startTracking({ answer: () => ({ status: 503 }) });
    const listening = await listen(under.service, { port: 0 });
    const url = `http://127.0.0.1:${listening.port}/v1/track`;
    const sent = await fetch(url, { method: 'POST', headers: { authorization }, body: JSON.stringify(track) });
    expect(sent.status).toBe(200);
    await listening.close(100);
    const [waiting] = (await under.store?.peek('shop', 1)) ?? [];
    expect(JSON.parse(waiting?.text ?? '')).toMatchObject({ ...track, type: 'track', context: { ip: '127.0.0.1' } });
  });

  test.each([
    [['127.0.0.1'], '203.0.113.7'],
    [[], '127.0.0.1'],
  ])('fills in the address that proxies name where these are trusted: %p', async (trustedProxies, ip) => {
    await startTracking({ answer: () => ({ status: 503 }), trustedProxies });
    const listening = await listen(under.service, { port: 0 });
    const headers = { authorization, 'x-forwarded-for': '1.1.1.1, 203.0.113.7' };
    const url = `http://127.0.0.1:${listening.port}/v1/track`;
    expect((await fetch(url, { method: 'POST', headers, body: JSON.stringify(track) })).status).toBe(200);
    await listening.close(100);
    const [waiting] = (await under.store?.peek('shop', 1)) ?? [];
    expect(JSON.parse(waiting?.text ?? '')).toMatchObject({ context: { ip } });
  });

  test('follows a change of the sources', async () => {
    await startTracking();
    const other = { ...web, writeKey: 'key-2', connections: ['foreign'] };
    expect(await under.service.apply(connections, [other])).toMatchObject({ kind: 'applied' });
    expect((await under.ask('POST', '/v1/track', track, { authorization })).status).toBe(401);
    expect((await under.ask('POST', '/v1/track', track, { authorization: basic('key-2') })).status).toBe(200);
    expect(await kept()).toMatchObject({ foreign: 1 });
    expect(await under.service.apply(connections)).toMatchObject({ kind: 'applied' });
    expect((await under.ask('POST', '/v1/track', track, { authorization: basic('key-2') })).status).toBe(401);
  });

  test('takes over no sources that are wrong, nor what came with them, and names the places without a value', async () => {
    await startTracking();
    const wrong = [
      { ...web, connections: ['shop', 'secret-name'] },
      { ...web, connections: ['shop'] },
      { id: 'app', writeKey: '', connections: [] },
    ];
    expect(await under.service.apply([mailbox('shop')], wrong)).toEqual({
      kind: 'invalid',
      issues: [
        { path: 'sources.0.connections.1', message: 'there is no connection with this id' },
        { path: 'sources.1.id', message: 'another source has this id' },
        { path: 'sources.1.writeKey', message: 'another source has this write key' },
        { path: 'sources.2.writeKey', message: 'must not be empty' },
      ],
    });
    expect((await under.ask('GET', '/v1/connections/foreign')).status).toBe(200);
    expect((await under.ask('POST', '/v1/track', track, { authorization })).status).toBe(200);
    await received(1);
  });

  test('has no sources without a store: what they send is never lost in memory', async () => {
    under = await startService({ connections });
    expect(await under.service.apply(connections, [web])).toMatchObject({
      kind: 'invalid',
      issues: [{ path: 'sources', message: 'what they send is kept in a store, and this service has none' }],
    });
  });

  test('is described by its long paths alone', async () => {
    await startTracking();
    const { paths } = (await (await under.ask('GET', '/openapi.json')).json()) as { paths: Record<string, object> };
    const described = Object.keys(paths).filter((path) => /^\/v1\/\w+$/.test(path) || path.startsWith('/beacon'));
    for (const call of ['batch', 'track', 'identify', 'page', 'screen', 'group', 'alias'])
      expect(described).toContain(`/v1/${call}`);
    for (const path of ['/v1/b', '/v1/t', '/v1/import', '/beacon/v1/batch']) expect(described).not.toContain(path);
    expect(paths['/v1/batch']).toMatchObject({ post: { security: [{ writeKey: [] }] } });
  });
});
