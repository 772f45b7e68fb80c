import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { startRokt, type Simulator } from '../../core/testing/simulators/index.ts';
import { changed, send, type Answered, type Sent } from '../support/simulators/send.ts';

const batch = (id = 'm-1') => ({
  environment: 'development',
  user_identities: {
    email: 'jane@example.com',
    other: createHash('sha256').update('jane@example.com').digest('hex'),
  },
  user_attributes: { firstname: 'Jane', lastname: 'Doe', mobile: '+1 (323) 867-5309', ipaddress: '203.0.113.7' },
  device_info: { ios_advertising_id: 'd2cadb5f-410f-4963-ac0c-2a78534bdf1e' },
  events: [
    {
      event_type: 'custom_event',
      data: {
        event_name: 'conversion',
        custom_event_type: 'transaction',
        source_message_id: id,
        timestamp_unixtime_ms: 1768478340123,
        custom_attributes: {
          amount: 100.5,
          currency: 'USD',
          quantity: 1,
          conversiontype: 'purchase',
          sku: '230847',
          margin: 10,
          transactionid: 'SO-1',
          confirmationref: 'SO-1',
          gift: true,
        },
      },
    },
  ],
});
const headers = {
  authorization: `Basic ${Buffer.from('key:secret').toString('base64')}`,
  'content-type': 'application/json',
  accept: 'application/json',
};
const post = (body: unknown, change: Partial<Sent> = {}): Sent => ({
  path: Array.isArray(body) ? '/v2/bulkevents' : '/v2/events',
  headers,
  body: JSON.stringify(body),
  ...change,
});
const messages = ({ body }: Answered): readonly string[] =>
  (JSON.parse(body) as { errors: { message: string }[] }).errors.map(({ message }) => message);

let rokt: Simulator;
beforeAll(async () => {
  rokt = await startRokt({ apiKey: 'key', apiSecret: 'secret' });
});
afterAll(() => rokt.close());

describe('Rokt on loopback', () => {
  it('takes a batch with an empty 202', async () => {
    expect(await send(rokt, post(batch()))).toMatchObject({ status: 202, body: '' });
    expect(rokt.ledger.entries.at(-1)).toMatchObject({ id: 'm-1', committed: true });
  });

  it('takes a hundred batches in bulk', async () => {
    const before = rokt.ledger.committed();
    const sent = post(Array.from({ length: 100 }, (_, index) => batch(`bulk-${index}`)));
    expect(await send(rokt, sent)).toMatchObject({ status: 202, body: '' });
    expect(rokt.ledger.committed() - before).toBe(100);
  });

  it.each(['3053211654', '+1 (323) 867-5309', '+49301234567'])('F-77 takes the phone number %s', async (mobile) => {
    const sent = post(changed(batch(), 'user_attributes.mobile', mobile));
    expect(await send(rokt, sent)).toMatchObject({ status: 202, body: '' });
  });

  it.each<[string, Sent, number]>([
    ['another path', post(batch(), { path: '/v2/events/' }), 404],
    ['another method', post(batch(), { method: 'PUT' }), 405],
    ['a request without credentials', post(batch(), { headers: { ...headers, authorization: '' } }), 401],
    ['the bare key and secret', post(batch(), { headers: { ...headers, authorization: 'key-secret' } }), 403],
    ['another secret', post(batch(), { headers: { ...headers, authorization: 'Basic a2V5Om90aGVy' } }), 403],
    ['another content type', post(batch(), { headers: { ...headers, 'content-type': 'text/plain' } }), 415],
    ['a compressed body', post(batch(), { headers: { ...headers, 'content-encoding': 'gzip' } }), 415],
    ['a request that accepts anything', post(batch(), { headers: { ...headers, accept: '*/*' } }), 406],
    ['a query', post(batch(), { path: '/v2/events?key=key' }), 400],
    ['more than 256,000 bytes', post({ ...batch(), source_request_id: 'x'.repeat(256_000) }), 413],
    ['an array at /events', post([batch()], { path: '/v2/events' }), 400],
    ['an object at /bulkevents', post(batch(), { path: '/v2/bulkevents' }), 400],
    ['an empty array', post([]), 400],
    ['a hundred and one batches', post(Array.from({ length: 101 }, () => batch())), 400],
    ['half a body', post(batch(), { body: '{"environment":' }), 400],
  ])('refuses %s', async (_, sent, status) => {
    const before = rokt.ledger.committed();
    expect((await send(rokt, sent)).status).toBe(status);
    expect(rokt.refused().at(-1)).toMatchObject({ status, reason: expect.any(String) });
    expect(rokt.ledger.committed()).toBe(before);
  });

  const data = 'events.0.data';
  const attributes = `${data}.custom_attributes`;
  it.each<[string, unknown]>([
    ['environment', undefined],
    ['environment', 'Development'],
    ['user_identities', undefined],
    ['user_identities', {}],
    ['user_identities.customerid', 'x'],
    ['user_identities.email', 'a'.repeat(64)],
    ['user_identities.other', 'f'.repeat(64)],
    ['user_identities.other', 'ABC'],
    ['user_attributes.mobile', '123-456-7890'],
    ['user_attributes.mobile', '13238675309'],
    ['user_attributes.mobile', '+13238675309'],
    ['user_attributes.mobile', '+49 (323) 867-5309'],
    ['user_attributes.ipaddress', 'localhost'],
    ['user_attributes.nested', { a: 1 }],
    ['user_attributes.empty', null],
    ['user_attributes.long', 'x'.repeat(4097)],
    [`user_attributes.${'k'.repeat(257)}`, 'x'],
    ['user_attributes', Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`a${index}`, 'x']))],
    ['device_info.ios_advertising_id', 'not-a-uuid'],
    ['device_info.android_advertising_id', '00000000-0000-0000-0000-000000000000'],
    ['ip', 'x'],
    ['userAttributes', {}],
    ['events', []],
    ['events.0.event_type', undefined],
    ['events.0.event_type', 'commerce_event'],
    ['events.0.name', 'x'],
    [`${data}.event_name`, undefined],
    [`${data}.event_name`, 'Order Completed'],
    [`${data}.messageId`, 'x'],
    [`${data}.timestamp_unixtime_ms`, 1768478340],
    [`${attributes}.amount`, '100.00'],
    [`${attributes}.currency`, 'usd'],
    [`${attributes}.quantity`, 1.5],
    [`${attributes}.quantity`, 2],
    [`${attributes}.conversion_type`, 'purchase'],
    [`${attributes}.confirmationref`, ' '],
    [`${attributes}.extra`, { a: 1 }],
    [`${attributes}.extra`, [1]],
    [`${attributes}.extra`, null],
    [`${attributes}.long`, 'x'.repeat(4097)],
    [`${attributes}.${'k'.repeat(257)}`, 'x'],
  ])('refuses a batch whose %s is %j, and takes its neighbour in bulk', async (path, value) => {
    const bad = changed(batch('m-bad'), path, value);
    expect((await send(rokt, post(bad))).status).toBe(400);
    const answer = await send(rokt, post([batch('m-good'), bad]));
    expect(answer.status).toBe(202);
    expect(messages(answer).length).toBeGreaterThan(0);
    expect(rokt.refused().at(-1)).toMatchObject({ item: 1 });
    expect(rokt.ledger.entries.at(-1)).toMatchObject({ id: 'm-good', committed: true });
    expect(rokt.ledger.timesCommitted('m-bad')).toBe(0);
  });

  it('answers 400 in bulk when every batch is wrong', async () => {
    const bad = changed(batch(), 'environment', 'test');
    const answer = await send(rokt, post([bad, bad]));
    expect(answer.status).toBe(400);
    expect(messages(answer)).toHaveLength(2);
  });

  it('names a value of the wrong kind by the index of its batch, with escaped quotes', async () => {
    const bad = changed(batch(), 'device_info.ios_advertising_id', 'x');
    const [message] = messages(await send(rokt, post([batch(), bad])));
    expect(message).toMatch(/Path &#39;\[1]\.device_info\.ios_advertising_id&#39;, line 1, position \d+\.$/);
  });

  it('names an object among the attributes by its position in the text only', async () => {
    const bad = changed(batch(), `${attributes}.currency`, { code: 'USD' });
    const sent = post([batch(), bad, batch()]);
    const [message = ''] = messages(await send(rokt, sent));
    expect(message).toContain('Path &#39;data.custom_attributes.currency&#39;, line 1, position ');
    const position = Number(/position (\d+)/.exec(message)?.[1]);
    const text = String(sent.body);
    expect(text.slice(position - 1, position + 13)).toBe('{"code":"USD"}');
  });

  it('says of a missing required field only that it is missing', async () => {
    const bad = changed(batch(), 'events.0.event_type', undefined);
    expect(messages(await send(rokt, post([batch(), bad])))).toEqual([
      'Required event field &quot;event_type&quot; is missing or empty.',
    ]);
  });

  it('counts batch objects, not requests, against the rate it grants, and says how long to wait', async () => {
    const now = Date.now();
    const metered = await startRokt({ apiKey: 'key', apiSecret: 'secret', batchesPerSecond: 3, now: () => now });
    try {
      expect((await send(metered, post([batch(), batch()]))).status).toBe(202);
      const { status, headers: told } = await send(metered, post([batch(), batch()]));
      expect(status).toBe(429);
      expect(told).toMatchObject({ 'retry-after': '1', 'x-mp-rate-limit-exceeded': 'account' });
      expect((await send(metered, post(batch()))).status).toBe(202);
    } finally {
      await metered.close();
    }
  });
});
