import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { startAdroll, type Simulator } from '../../core/testing/simulators/index.ts';
import { changed, send, type Sent } from '../support/simulators/send.ts';

const advertisableEid = 'ADVADVADVADVADVADVADV1';
const digest = (name: string): string => createHash(name).update('jane@example.com').digest('hex');
const purchase = {
  advertisable_eid: advertisableEid,
  pixel_eid: 'PIXPIXPIXPIXPIXPIXPIX1',
  event_name: 'purchase',
  event_attributes: {
    order_id: 'SO-1',
    products: [{ product_id: 'p1', product_group: 'g', price: '56.78', quantity: 2, category: 'c' }],
  },
  external_data: '{"foo":"bar"}',
  ip: '203.0.113.7',
  user_agent: 'Mozilla/5.0',
  conversion_value: '113.56',
  currency: 'USD',
  page_location: 'https://shop.example.com/thanks?x=1',
  timestamp: 1768478340.123,
  identifiers: {
    email: 'Jane@example.com',
    email_sha256: digest('sha256'),
    email_md5: digest('md5'),
    first_party_cookie: 'c'.repeat(32),
    user_id: 'u-m-1',
  },
};
const app = {
  ...purchase,
  page_location: 'https://app.example.com?device_os=iOS&device_type=phone',
  device_os: 'iOS',
  device_type: 'phone',
};
const post = (body: unknown, change: Partial<Sent> = {}): Sent => ({
  path: `/api?advertisable=${advertisableEid}`,
  headers: { authorization: 'Token sat', 'content-type': 'application/json' },
  body: JSON.stringify(body),
  ...change,
});
const headers = { authorization: 'Token sat', 'content-type': 'application/json' };

let adroll: Simulator;
beforeAll(async () => {
  adroll = await startAdroll({ token: 'sat', advertisableEid, pixelEid: purchase.pixel_eid });
});
afterAll(() => adroll.close());

const lastReason = (): string | undefined => adroll.refused().at(-1)?.reason;

describe('AdRoll on loopback', () => {
  it.each<[string, Sent]>([
    ['a purchase with every field', post([purchase])],
    ['an event of an app with its made-up URL', post([app])],
    ['a hundred events', post(Array.from({ length: 100 }, () => purchase))],
    [
      'a gzipped body',
      post([], { headers: { ...headers, 'content-encoding': 'gzip' }, body: gzipSync(JSON.stringify([purchase])) }),
    ],
    ['IPv6 and a fraction less', post([{ ...purchase, ip: '2001:db8::1', timestamp: 1768478340 }])],
  ])('takes %s', async (_, sent) => {
    const before = adroll.refused().length;
    const { status, body } = await send(adroll, sent);
    expect({ why: adroll.refused().slice(before), status, body }).toEqual({
      why: [],
      status: 200,
      body: '{"status":"ok"}',
    });
  });

  it.each<[string, Sent, number]>([
    ['another method', post([purchase], { method: 'PUT' }), 405],
    ['another path', post([purchase], { path: '/api/?advertisable=x' }), 404],
    ['a request without advertisable', post([purchase], { path: '/api' }), 400],
    ['another advertisable', post([purchase], { path: '/api?advertisable=OTHER' }), 403],
    ['dry_run=false', post([purchase], { path: `/api?advertisable=${advertisableEid}&dry_run=false` }), 400],
    ['an unknown query parameter', post([purchase], { path: `/api?advertisable=${advertisableEid}&token=sat` }), 400],
    ['a request without credentials', post([purchase], { headers: { 'content-type': 'application/json' } }), 401],
    ['a Bearer token', post([purchase], { headers: { ...headers, authorization: 'Bearer sat' } }), 401],
    ['a wrong token', post([purchase], { headers: { ...headers, authorization: 'Token other' } }), 403],
    ['another content type', post([purchase], { headers: { ...headers, 'content-type': 'text/plain' } }), 415],
    ['brotli', post([purchase], { headers: { ...headers, 'content-encoding': 'br' } }), 415],
    [
      'a body that is not the gzip it claims',
      post([purchase], { headers: { ...headers, 'content-encoding': 'gzip' } }),
      400,
    ],
    ['a bare object', post(purchase), 400],
    ['an empty array', post([]), 400],
    ['a hundred and one events', post(Array.from({ length: 101 }, () => purchase)), 400],
    ['latin1 bytes', post([], { body: Buffer.from('[{"ip":"é"}]', 'latin1') }), 400],
    ['half a body', post([], { body: '[{"ip":' }), 400],
  ])('refuses %s', async (_, sent, status) => {
    const before = adroll.ledger.committed();
    expect((await send(adroll, sent)).status).toBe(status);
    expect(lastReason()).toEqual(expect.any(String));
    expect(adroll.ledger.committed()).toBe(before);
  });

  it.each<[string, unknown, string?]>([
    ...['advertisable_eid', 'pixel_eid', 'event_name', 'page_location', 'ip', 'identifiers'].map(
      (name): [string, unknown] => [name, undefined],
    ),
    ['advertisable_eid', 'OTHER'],
    ['pixel_eid', 'OTHER'],
    ['dry_run', true],
    ['user_agent', null],
    ['user_agent', ' '],
    ['event_name', 'productView'],
    ['page_location', '/thanks'],
    ['page_location', 'shop.example.com'],
    ['page_location', 'ftp://shop.example.com/'],
    ['ip', '999.1.1.1'],
    ['ip', '[2001:db8::1]'],
    ['conversion_value', 113.56],
    ['conversion_value', '1e3'],
    ['conversion_value', '1,299.00'],
    ['currency', 'usd'],
    ['timestamp', 1768478340123],
    ['timestamp', 1768478340.1234],
    ['timestamp', '1768478340'],
    ['external_data', { foo: 'bar' }],
    ['external_data', 'foo'],
    ['event_attributes', '{}'],
    ['event_attributes', {}],
    ['event_attributes.keywords', 'shoes'],
    ['event_attributes.order_id', 7],
    ['event_attributes.products', []],
    ['event_attributes.products.0', {}],
    ['event_attributes.products.0.sku', 'x'],
    ['event_attributes.products.0.price', 56.78],
    ['event_attributes.products.0.quantity', '2'],
    ['event_attributes.products.0.quantity', 1.5],
    ['identifiers.first_party_cookie', undefined],
    ['identifiers.anonymous_id', 'x'],
    ['identifiers.email', 'a'.repeat(64)],
    ['identifiers.email_sha256', digest('sha256').toUpperCase()],
    ['identifiers.email_md5', 'f'.repeat(32)],
    ['identifiers.device_id', '00000000-0000-0000-0000-000000000000'],
    ['identifiers.user_id', 7],
  ])('refuses an event whose %s is %j, and commits nothing of the request', async (path, value) => {
    const before = adroll.ledger.committed();
    const answer = await send(adroll, post([purchase, changed(purchase, path, value)]));
    expect(answer.status).toBe(400);
    expect(answer.body).toContain('"errors":[{"message"');
    expect(adroll.refused().at(-1)).toMatchObject({ status: 400, item: 1 });
    expect(adroll.ledger.committed()).toBe(before);
  });

  it.each([
    ['products on a sign-up', { ...purchase, event_name: 'signupPlan' }],
    ['an app URL that says something else', { ...app, device_type: 'tablet' }],
    ['an app URL out of order', { ...app, page_location: 'https://app.example.com?device_type=phone&device_os=iOS' }],
    ['an event that is no object', 'purchase'],
  ])('refuses %s', async (_, event) => {
    expect((await send(adroll, post([event]))).status).toBe(400);
  });

  it('checks a dry run and answers as usual, but keeps nothing', async () => {
    const before = adroll.ledger.committed();
    const sent = post([purchase], { path: `/api?advertisable=${advertisableEid}&dry_run=true` });
    expect((await send(adroll, sent)).status).toBe(200);
    expect(adroll.ledger.entries.at(-1)).toMatchObject({ id: 'm-1', committed: false });
    expect(adroll.ledger.committed()).toBe(before);
  });

  it('lets an account require another identifier', async () => {
    const lenient = await startAdroll({
      token: 'sat',
      advertisableEid,
      identifierPolicy: 'first_party_cookie_or_adct',
    });
    try {
      const { first_party_cookie: _, ...identifiers } = purchase.identifiers;
      expect((await send(lenient, post([{ ...purchase, identifiers }]))).status).toBe(400);
      const clicked = { ...purchase, identifiers: { ...identifiers, adct: 'click' } };
      expect((await send(lenient, post([clicked]))).status).toBe(200);
    } finally {
      await lenient.close();
    }
  });
});
