import { describe, expect, it } from '@jest/globals';
import type { IncomingEvent, JsonObject, JsonValue } from '../../../core/index.ts';
import { mostEvents, sdkEvents } from '../../../core/service/tracking/sdk-events.ts';
import { trackingCallOf, type TrackingCall } from '../../../core/service/tracking/tracking-call.ts';
import { recorded, type RecordedRequest } from '../../support/service/recorded-sdks.ts';
import { testConnection } from '../../support/runtime/test-connection.ts';

const receivedAt = Date.parse('2026-03-01T12:00:00.000Z');
const iso = (ms: number): string => new Date(ms).toISOString();

function read(call: TrackingCall, body: JsonValue, at = receivedAt, ip?: string): readonly JsonObject[] {
  const result = sdkEvents(call, body, { at, ip });
  if (result.kind === 'invalid') throw new Error(JSON.stringify(result.issues));
  return result.events as unknown as readonly JsonObject[];
}
const first = (call: TrackingCall, body: JsonValue, at?: number, ip?: string): JsonObject =>
  read(call, body, at, ip)[0] as JsonObject;
const issuesOf = (call: TrackingCall, body: JsonValue): unknown => {
  const result = sdkEvents(call, body, { at: receivedAt });
  return result.kind === 'invalid' ? result.issues : 'none';
};

const track = { type: 'track', event: 'Order Completed', userId: 'user-1' };

describe.each(['segment-node', 'rudderstack-node'] as const)('what the SDK %s sends', (sdk) => {
  const requests = recorded(sdk);
  const readAt = (ms: number, ip?: string): JsonObject[] =>
    requests.flatMap(({ path, body }) => {
      const call = trackingCallOf(path);
      if (call === undefined) throw new Error(`no call at ${path}`);
      return read(call, body as unknown as JsonValue, Date.parse(body.sentAt) + ms, ip);
    });
  const sent = requests.flatMap(({ body }: RecordedRequest) => body.batch);

  it('is read event by event, in order, with its type, messageId and user', () => {
    const types = ['identify', 'track', 'track', 'page', 'screen', 'group', 'alias'];
    const events = readAt(0);
    expect(events.map(({ type }) => type)).toEqual(types);
    expect(events.map(({ messageId }) => messageId)).toEqual(sent.map(({ messageId }) => messageId));
    expect(events.map(({ userId }) => userId)).toEqual(sent.map(() => 'user-1'));
    expect(events[1]).toMatchObject({ properties: { order_id: 'o-1', revenue: 12.5 } });
    expect(events[1]).toMatchObject({ integrations: { All: true, Adjust: false } });
  });

  it('is an event that every connection can read', () => {
    const { connection } = testConnection();
    for (const event of readAt(0))
      expect(connection.routeOf(event as unknown as IncomingEvent).kind).not.toBe('rejected');
  });

  it('has its clock corrected by what lies between sending and receiving', () => {
    const [, order] = readAt(3_600_000);
    const original = (sent[1]?.['originalTimestamp'] ?? sent[1]?.['timestamp']) as string;
    const sentAt = Date.parse((sent[1]?.['sentAt'] ?? requests.at(-1)?.body.sentAt) as string);
    const receivedHere = Date.parse(requests.at(-1)?.body.sentAt ?? '') + 3_600_000;
    expect(order).toMatchObject({
      originalTimestamp: original,
      timestamp: iso(receivedHere - (sentAt - Date.parse(original))),
      receivedAt: iso(receivedHere),
    });
    expect(Date.parse(order?.['sentAt'] as string)).toBe(sentAt);
  });

  it('keeps the time that its caller gave for something long ago, but for the skew', () => {
    const at = Date.parse(readAt(1_000)[2]?.['timestamp'] as string);
    expect(Math.abs(at - Date.parse('2026-01-15T12:00:00.000Z'))).toBeLessThanOrEqual(1_000);
  });

  it('gets no address: it is the server’s that sends, and not the person’s', () => {
    const events = readAt(0, '198.51.100.20');
    expect(events.map(({ context }) => (context as JsonObject)['ip'])).toEqual([
      '203.0.113.7',
      ...Array(6).fill(undefined),
    ]);
  });

  it('shows its write key in no event', () => {
    expect(JSON.stringify(readAt(0))).not.toContain('key-of-web');
  });
});

describe('the events of a request', () => {
  it('get a messageId of their own where they have none that tells them apart', () => {
    const bodies = [{}, { messageId: '' }, { messageId: null }, { messageId: 'null' }, { messageId: ' ' }];
    const ids = bodies.map((body) => first('track', { ...track, ...body })['messageId']);
    for (const id of ids) expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    expect(new Set(ids).size).toBe(bodies.length);
    expect(first('track', { ...track, messageId: 'm-1' })['messageId']).toBe('m-1');
    expect(first('track', { ...track, messageId: 17 })['messageId']).toBe(17);
  });

  it('have the type of their path, whatever the body says', () => {
    expect(first('page', { name: 'Home', userId: 'u' })).toMatchObject({ type: 'page', name: 'Home' });
    expect(first('identify', { ...track })['type']).toBe('identify');
    expect(first('batch', { batch: [{ event: 'X', userId: 'u' }] })).not.toHaveProperty('type');
  });

  it('do not hold the write key', () => {
    const event = { ...track, writeKey: 'key-1' };
    expect(first('track', event)).not.toHaveProperty('writeKey');
    expect(first('batch', { writeKey: 'key-1', batch: [event] })).not.toHaveProperty('writeKey');
  });

  it('have what their batch says in context and integrations, unless they say otherwise', () => {
    const [one, other] = read('batch', {
      context: { consent: { categoryPreferences: { ads: false } }, locale: 'de' },
      integrations: { All: false, Rokt: true },
      batch: [
        { ...track, context: { locale: 'fr' }, integrations: { Rokt: false } },
        { ...track, context: [], integrations: null },
      ],
    });
    expect(one).toMatchObject({
      context: { consent: { categoryPreferences: { ads: false } }, locale: 'fr' },
      integrations: { All: false, Rokt: false },
    });
    expect(other).toMatchObject({ context: { locale: 'de' }, integrations: { All: false, Rokt: true } });
  });

  it('of a browser or a phone get the address they came from, unless they name one', () => {
    const ip = '203.0.113.9';
    expect(first('track', track, receivedAt, ip)['context']).toEqual({ ip });
    expect(first('track', track, receivedAt, `::ffff:${ip}`)['context']).toEqual({ ip });
    expect(first('track', { ...track, context: { ip: '' } }, receivedAt, ip)['context']).toEqual({ ip });
    // Whoever writes it withholds the address.
    expect(first('track', { ...track, context: { ip: '0.0.0.0' } }, receivedAt, ip)['context']).toEqual({
      ip: '0.0.0.0',
    });
    const page = { userId: 'u', context: { library: { name: 'analytics.js' } } };
    expect(first('page', page, receivedAt, ip)).toMatchObject({ context: { ip } });
    expect(first('track', track, receivedAt, 'a socket')).not.toHaveProperty('context');
    expect(first('track', track)).not.toHaveProperty('context');
  });

  it('of a server never get an address, also where they tell of a page or a screen', () => {
    for (const body of [
      { channel: 'server' },
      { context: { channel: 'server' } },
      { context: { library: { name: 'analytics-python' } } },
      { context: { library: { name: '@segment/analytics-node' }, page: { url: 'https://shop.example/' } } },
    ])
      for (const call of ['track', 'page', 'screen'] as const)
        expect(
          (first(call, { ...track, ...body }, receivedAt, '203.0.113.9')['context'] as JsonObject | undefined)?.['ip'],
        ).toBe(undefined);
    const web = { channel: 'web', context: { library: { name: 'RudderLabs JavaScript SDK' } } };
    expect(first('track', { ...track, ...web }, receivedAt, '203.0.113.9')).toMatchObject({
      context: { ip: '203.0.113.9' },
    });
  });

  it('reach the connections as they are where they are no events: each gets its own reason there', () => {
    const batch = [5, null, 'text', ['list'], { event: 'X' }, { ...track, context: 'text' }, track];
    const events = read('batch', { batch, context: { locale: 'de' } });
    expect(events.slice(0, 4)).toEqual(batch.slice(0, 4));
    expect(events[5]).toMatchObject({ context: 'text' });
    const { connection } = testConnection();
    const kinds = events.map((event) => connection.routeOf(event as unknown as IncomingEvent).kind);
    expect(kinds).toEqual([...Array(6).fill('rejected'), 'payload']);
  });

  it('are refused as a whole only where there are none, or what holds for all cannot be read', () => {
    expect(issuesOf('track', [track])).toEqual([{ path: '', message: 'must be an object' }]);
    expect(issuesOf('batch', 'secret')).toEqual([{ path: '', message: 'must be an object' }]);
    expect(issuesOf('batch', track)).toEqual([{ path: 'batch', message: 'must be a list of events' }]);
    expect(issuesOf('batch', { batch: {} })).toEqual([{ path: 'batch', message: 'must be a list of events' }]);
    expect(issuesOf('batch', { batch: [], context: 'x' })).toEqual([{ path: 'context', message: 'must be an object' }]);
    expect(issuesOf('batch', { batch: [], integrations: ['Rokt'] })).toEqual([
      { path: 'integrations', message: 'must be an object' },
    ]);
    expect(issuesOf('batch', { batch: Array(mostEvents + 1).fill(track) })).toEqual([
      { path: 'batch', message: 'has more than 10000 events' },
    ]);
    expect(issuesOf('batch', { batch: Array(mostEvents).fill(track) })).toBe('none');
    expect(issuesOf('batch', { batch: [] })).toBe('none');
  });

  it('do not take members of Object for their own', () => {
    const body = JSON.parse(
      '{"batch":[{"type":"track","event":"X","userId":"u"}],"context":{"__proto__":{"ip":"1"}}}',
    ) as JsonValue;
    const event = first('batch', body);
    expect(Object.getPrototypeOf(event['context'])).toBe(Object.prototype);
    expect((event['context'] as JsonObject)['ip']).toBe(undefined);
  });
});

describe('the time of an event', () => {
  const slow = (times: JsonObject, at = receivedAt): JsonObject => first('track', { ...track, ...times }, at);
  /** Of a phone whose clock is two minutes slow: it waited a minute, and took no time to come. */
  const happened = iso(receivedAt - 180_000);
  const sent = iso(receivedAt - 120_000);

  it('is what the sender’s clock would say if it were right', () => {
    const right = { timestamp: iso(receivedAt - 60_000), originalTimestamp: happened, sentAt: sent };
    expect(slow({ originalTimestamp: happened, sentAt: sent })).toMatchObject(right);
    expect(slow({ timestamp: happened, sentAt: sent })).toMatchObject(right);
    expect(slow({ timestamp: happened, originalTimestamp: happened, sentAt: sent })).toMatchObject(right);
    expect(first('batch', { sentAt: sent, batch: [{ ...track, timestamp: happened }] })).toMatchObject(right);
  });

  it('goes by its own sentAt before that of the batch', () => {
    const event = { ...track, originalTimestamp: happened, sentAt: sent };
    const batch = { sentAt: iso(receivedAt - 1), batch: [event] };
    expect(first('batch', batch)).toMatchObject({ timestamp: iso(receivedAt - 60_000), sentAt: sent });
  });

  it('is read in every spelling that a connection reads', () => {
    const epoch = { originalTimestamp: receivedAt - 180_000, sentAt: (receivedAt - 120_000) / 1000 };
    expect(slow(epoch)).toMatchObject({ ...epoch, timestamp: iso(receivedAt - 60_000) });
  });

  it('stays as it is where one of the three is missing, unreadable, or has no zone', () => {
    for (const times of [
      { timestamp: happened },
      { timestamp: happened, sentAt: 'soon' },
      { timestamp: happened, sentAt: '2026-03-01T11:58:00' },
      { timestamp: '2026-03-01T11:57:00', sentAt: sent },
      { timestamp: happened, originalTimestamp: 'once', sentAt: sent },
    ])
      expect(slow(times)).toMatchObject(times);
    expect(slow({ originalTimestamp: happened })).not.toHaveProperty('timestamp');
  });

  it('stays as it is where sending and receiving are more than a day apart', () => {
    const day = 86_400_000;
    const at = iso(receivedAt - 2 * day);
    expect(slow({ timestamp: at, sentAt: iso(receivedAt - day - 1) })['timestamp']).toBe(at);
    expect(slow({ timestamp: at, sentAt: iso(receivedAt + day + 1) })['timestamp']).toBe(at);
    expect(slow({ timestamp: at, sentAt: iso(receivedAt - day) })['timestamp']).toBe(iso(receivedAt - day));
    expect(slow({ timestamp: at, sentAt: iso(receivedAt + day) })['timestamp']).toBe(iso(receivedAt - 3 * day));
  });

  it('is the one of its caller where an SDK writes both', () => {
    const imported = { timestamp: '2025-01-01T00:00:00.000Z', originalTimestamp: happened, sentAt: sent };
    expect(slow(imported)).toMatchObject(imported);
  });

  it('is when it was received where it has none', () => {
    expect(slow({ sentAt: sent })).toMatchObject({ timestamp: iso(receivedAt), sentAt: sent });
    expect(slow({})).toMatchObject({ timestamp: iso(receivedAt), receivedAt: iso(receivedAt) });
  });

  it('does not change where a server corrected it before', () => {
    const once = slow({ originalTimestamp: happened, sentAt: sent });
    expect(slow(once, receivedAt + 3_600_000)).toEqual(once);
    expect(slow({ ...once, timestamp: null }, receivedAt + 3_600_000)).toEqual(once);
    expect(slow({ receivedAt: 'yesterday' })['receivedAt']).toBe(iso(receivedAt));
  });
});

describe('the paths of the tracking API', () => {
  it('are those to which the SDKs send, with a slash at the end or without', () => {
    const calls = ['batch', 'track', 'identify', 'page', 'screen', 'group', 'alias'] as const;
    for (const call of calls)
      for (const path of [`/v1/${call}`, `/v1/${call[0]}`, `/v1/${call}/`])
        expect([path, trackingCallOf(path)]).toEqual([path, call]);
    expect(trackingCallOf('/v1/import/')).toBe('batch');
    expect(trackingCallOf('/beacon/v1/batch')).toBe('batch');
    for (const path of ['/v1/events', '/v1/x', '/v1/', '/batch', '/v1/track//'])
      expect(trackingCallOf(path)).toBe(undefined);
  });
});
