import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Analytics } from '@segment/analytics-node';
import RudderAnalytics from '@rudderstack/rudder-sdk-node';
import type { IncomingEvent } from '../../../core/index.ts';
import { ClaimStore } from '../../../core/queue/claim-store.ts';
import { QueueFull, toQueued, type DeliveryStore } from '../../../core/queue/index.ts';
import { Problem, retryAfter } from '../../../core/service/problem.ts';
import { createTrackingApi } from '../../../core/service/tracking/tracking-api.ts';
import { trackingCalls } from '../../../core/service/tracking/tracking-call.ts';
import { TrackingSources } from '../../../core/service/tracking/tracking-sources.ts';
import { MemoryQueue } from '../../support/queue/memory-queue.ts';
import { fakeConnection } from '../../support/queue/store-connection.ts';
import { recorded } from '../../support/service/recorded-sdks.ts';
import { ask, serveTracking, type Answer, type TrackingServer } from '../../support/service/tracking-server.ts';

const receivedAt = Date.parse('2026-03-01T12:00:00.000Z');
const connection = fakeConnection('shop-adjust');

interface Tracking {
  readonly api: Answer;
  /** Milliseconds on the clock of the rate. */
  elapsed: number;
  /** Thrown instead of the store's answer. */
  failure: Error | undefined;
  readonly kept: () => Promise<readonly IncomingEvent[]>;
}

function tracking(maxBytes?: number): Tracking {
  const store: DeliveryStore = new ClaimStore(new MemoryQueue(maxBytes), {
    promises: { atomicPut: true, dedup: 'event' },
    process: { pid: process.pid, host: 'here', startedAt: new Date().toISOString() },
    now: Date.now,
  });
  const self: Tracking = {
    elapsed: 0,
    failure: undefined,
    api: (request, ip) => ask(api, request, ip),
    kept: async () => (await store.peek(connection.id, 1_000)).map(({ text }) => JSON.parse(text) as IncomingEvent),
  };
  const api = createTrackingApi({
    sources: new TrackingSources([{ id: 'web', writeKey: 'key-of-web', connections: [connection.id], rate: 100 }]),
    async keep(events, connections) {
      if (self.failure !== undefined) throw self.failure;
      const queued = events.map((event) =>
        toQueued(connection, event, (event as { messageId: string }).messageId, receivedAt),
      );
      try {
        return await store.put(connections.map((id) => ({ connection: id, events: queued })));
      } catch (error) {
        throw error instanceof QueueFull
          ? new Problem('too-many-requests', 'the store is full', { headers: retryAfter(5) })
          : error;
      }
    },
    now: () => receivedAt,
    elapsed: () => self.elapsed,
  });
  return self;
}

const basic = (writeKey: string): string => `Basic ${Buffer.from(`${writeKey}:`).toString('base64')}`;
const authorized = { authorization: basic('key-of-web') };
const track = { event: 'Order Completed', userId: 'user-1', messageId: 'm-1', properties: {} };

interface Sent {
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  readonly method?: string;
}

function post(path: string, { headers = authorized, body = track, method = 'POST' }: Sent = {}): Request {
  const bytes = Buffer.isBuffer(body) || typeof body === 'string' ? body : JSON.stringify(body);
  return new Request(`http://127.0.0.1:9090${path}`, {
    method,
    headers,
    ...(method === 'POST' ? { body: bytes } : {}),
  });
}

const problemIn = async (response: Response): Promise<unknown> => {
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  return { status: response.status, ...((await response.json()) as object) };
};

describe('the tracking API', () => {
  it.each([...trackingCalls])('takes what is sent to %s, and keeps it', async (path, call) => {
    const { api, kept } = tracking();
    const response = await api(
      post(path, { body: call === 'batch' ? { batch: [{ ...track, type: 'track' }] } : track }),
    );
    expect([response.status, await response.json()]).toEqual([200, { success: true }]);
    expect(await kept()).toMatchObject([{ ...track, type: call === 'batch' ? 'track' : call }]);
  });

  it.each(['segment-node', 'rudderstack-node'] as const)('takes the requests that %s makes', async (sdk) => {
    const { api, kept } = tracking();
    for (const { path, headers, body } of recorded(sdk)) {
      const text = JSON.stringify(body);
      const sent = headers['content-encoding'] === 'gzip' ? gzipSync(text) : text;
      expect((await api(post(path, { headers, body: sent }))).status).toBe(200);
    }
    // The others have no properties: this connection rejects them, and nothing of them waits.
    expect((await kept()).map((event) => event.type)).toEqual(['track', 'track', 'page', 'screen']);
  });

  it('reads JSON whatever its content type says', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=utf-8'])
      expect((await tracking().api(post('/v1/t', { headers: { ...authorized, 'content-type': type } }))).status).toBe(
        200,
      );
  });

  it('finds the write key in the body or the address where there is no HTTP Basic', async () => {
    const { api, kept } = tracking();
    const inBody = { body: { ...track, writeKey: 'key-of-web' }, headers: {} };
    expect((await api(post('/v1/t', inBody))).status).toBe(200);
    const beacon = { body: { batch: [{ ...track, type: 'track', messageId: 'm-2' }] }, headers: {} };
    expect((await api(post('/beacon/v1/batch?writeKey=key-of-web', beacon))).status).toBe(200);
    expect(JSON.stringify(await kept())).not.toContain('key-of-web');
    expect(await kept()).toHaveLength(2);
  });

  it('answers an unknown write key with 401, and a challenge that makes no browser ask for a password', async () => {
    const { api, kept } = tracking();
    for (const sent of [
      { headers: {} },
      { headers: { authorization: basic('secret-key') } },
      { headers: { authorization: basic('secret-key') }, body: { ...track, writeKey: 'key-of-web' } },
      { headers: {}, body: { ...track, writeKey: 'secret-key' } },
      { headers: { authorization: 'Bearer key-of-web' } },
    ]) {
      const response = await api(post('/v1/track', sent));
      expect(response.headers.get('www-authenticate')).toBe('WriteKey realm="tracking"');
      expect(await problemIn(response)).toMatchObject({ status: 401, type: 'urn:spillway:problem:unauthorized' });
    }
    expect(await kept()).toEqual([]);
  });

  it('does not read the body of a request with a wrong key', async () => {
    const request = post('/v1/track', { headers: { authorization: basic('other') } });
    await tracking().api(request);
    expect(request.bodyUsed).toBe(false);
  });

  it('answers a body that is none with 400 and the path in it, and no value of it', async () => {
    const { api } = tracking();
    expect(await problemIn(await api(post('/v1/batch', { body: { events: ['secret'] } })))).toMatchObject({
      status: 400,
      errors: [{ path: 'batch', message: 'must be a list of events' }],
    });
    expect(await problemIn(await api(post('/v1/track', { body: '{"event":"sec' })))).toMatchObject({ status: 400 });
  });

  it('keeps the good events of a batch beside bad ones, which their connection settles', async () => {
    const { api, kept } = tracking();
    const batch = [
      { type: 'track', messageId: 'm-bad' },
      { ...track, type: 'track' },
    ];
    expect((await api(post('/v1/batch', { body: { batch } }))).status).toBe(200);
    expect(await kept()).toMatchObject([{ messageId: 'm-1' }]);
  });

  it('keeps an event once that an SDK sends twice', async () => {
    const { api, kept } = tracking();
    for (const time of [1, 2]) expect([time, (await api(post('/v1/track'))).status]).toEqual([time, 200]);
    expect(await kept()).toHaveLength(1);
  });

  it('answers more than the rate of the source with 429, and says when to come again', async () => {
    const self = tracking();
    const batch = Array.from({ length: 100 }, (_, n) => ({ ...track, type: 'track', messageId: `m-${n}` }));
    expect((await self.api(post('/v1/batch', { body: { batch } }))).status).toBe(200);
    const more = { body: { batch: batch.map((event) => ({ ...event, messageId: `n-${event.messageId}` })) } };
    const refused = await self.api(post('/v1/batch', more));
    expect(Object.fromEntries(refused.headers)).toMatchObject({ 'retry-after': '1', 'x-ratelimit-reset': '1' });
    expect(await problemIn(refused)).toMatchObject({ status: 429 });
    expect(await self.kept()).toHaveLength(100);
    self.elapsed = 1_000;
    expect((await self.api(post('/v1/batch', more))).status).toBe(200);
    expect(await self.kept()).toHaveLength(200);
  });

  it('answers a full store with 429, and does not hurry the SDKs', async () => {
    const { api, kept } = tracking(10);
    const response = await api(post('/v1/track'));
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '60']);
    expect(await kept()).toEqual([]);
  });

  it('answers 429 where other routes say 503 or 409, because SDKs lose events over those', async () => {
    const self = tracking();
    for (const [problem, seconds] of [
      [new Problem('unavailable', 'the service is behind', { headers: retryAfter(1) }), '1'],
      [new Problem('unavailable', 'the store cannot be used'), '5'],
      [new Problem('conflict', 'the settings of a connection are being replaced', { headers: retryAfter(2) }), '2'],
    ] as const) {
      self.failure = problem;
      const response = await self.api(post('/v1/track'));
      expect(response.headers.get('retry-after')).toBe(seconds);
      expect(await problemIn(response)).toMatchObject({ status: 429, detail: problem.message });
    }
    self.failure = new Problem('too-large', 'it is too large');
    expect((await self.api(post('/v1/track'))).status).toBe(413);
  });

  it('passes a defect on to who mounted it', async () => {
    const self = tracking();
    self.failure = new Error('broken');
    await expect(self.api(post('/v1/track'))).rejects.toThrow('broken');
  });

  it('has no other methods and no other paths', async () => {
    const { api } = tracking();
    const got = await api(post('/v1/track', { method: 'GET' }));
    expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST, OPTIONS']);
    expect((await api(post('/v1/events'))).status).toBe(404);
  });

  it('lets pages of any site send events and read the answer, without credentials', async () => {
    const { api } = tracking();
    const asked = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' };
    const preflight = await api(
      post('/v1/t', { method: 'OPTIONS', headers: { origin: 'https://shop.example', ...asked } }),
    );
    expect([preflight.status, await preflight.text()]).toEqual([204, '']);
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'POST',
      'access-control-max-age': '7200',
    });
    for (const name of ['authorization', 'content-type', 'content-encoding', 'anonymousid'])
      expect(preflight.headers.get('access-control-allow-headers')?.split(', ')).toContain(name);
    for (const answer of [preflight, await api(post('/v1/t')), await api(post('/v1/t', { headers: {} }))]) {
      expect(answer.headers.get('access-control-allow-origin')).toBe('*');
      expect(answer.headers.get('access-control-expose-headers')).toContain('retry-after');
      expect(answer.headers.has('access-control-allow-credentials')).toBe(false);
    }
  });
});

describe('the SDKs themselves', () => {
  let server: TrackingServer | undefined;
  afterEach(() => server?.close());
  const events = Array.from({ length: 30 }, (_, n) => ({ userId: `u-${n}`, event: 'Signed Up', messageId: `m-${n}` }));
  const expectAll = async ({ kept }: Tracking): Promise<void> => {
    const ids = (await kept()).map((event) => (event as { messageId: string }).messageId);
    expect(new Set(ids)).toEqual(new Set(events.map(({ messageId }) => messageId)));
    expect(ids).toHaveLength(events.length);
  };

  it('of Segment send everything, and again after a 429, and lose nothing', async () => {
    const self = tracking();
    let calls = 0;
    server = await serveTracking((request, ip) => {
      calls += 1;
      if (calls === 2)
        return Promise.resolve(new Problem('too-many-requests', 'wait', { headers: retryAfter(1) }).response());
      return self.api(request, ip);
    });
    const sdk = new Analytics({ writeKey: 'key-of-web', host: server.url, flushAt: 10, flushInterval: 20 });
    const failed: unknown[] = [];
    sdk.on('error', (error) => failed.push(error));
    for (const event of events) sdk.track({ ...event, properties: {} });
    await sdk.closeAndFlush();
    expect(failed).toEqual([]);
    expect(calls).toBeGreaterThan(3);
    await expectAll(self);
  });

  it('of RudderStack send everything', async () => {
    const self = tracking();
    server = await serveTracking(self.api);
    const sdk = new RudderAnalytics('key-of-web', {
      dataPlaneUrl: server.url,
      flushAt: 10,
      flushInterval: 20,
      logLevel: 'error',
    });
    await Promise.all(
      events.map(
        (event) =>
          new Promise<void>((resolve, reject) => {
            sdk.track({ ...event, properties: {} }, (...told: unknown[]) =>
              told[0] === undefined ? resolve() : reject(told[0] as Error),
            );
          }),
      ),
    );
    await expectAll(self);
  });
});
