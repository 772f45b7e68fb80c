import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:net';
import { Agent, request } from 'undici';
import {
  commits,
  faultKinds,
  startAdjust,
  startAdroll,
  startAdrollEmail,
  startRokt,
  type FaultKind,
  type Simulator,
  type SimulatorOptions,
} from '../../core/testing/simulators/index.ts';
import { send, type Sent } from '../support/simulators/send.ts';

const advertisableEid = 'ADVADVADVADVADVADVADV1';
const adrollRequest: Sent = {
  path: `/api?advertisable=${advertisableEid}`,
  headers: { authorization: 'Token sat', 'content-type': 'application/json' },
  body: JSON.stringify([
    {
      advertisable_eid: advertisableEid,
      pixel_eid: 'PIX',
      event_name: 'pageView',
      page_location: 'https://shop.example.com/',
      ip: '203.0.113.7',
      identifiers: { first_party_cookie: 'cookie', user_id: 'u-m-1' },
    },
  ]),
};
const roktRequest: Sent = {
  path: '/v2/events',
  headers: { authorization: 'Basic a2V5OnNlY3JldA==', 'content-type': 'application/json', accept: 'application/json' },
  body: JSON.stringify({
    environment: 'development',
    user_identities: { email: 'jane@example.com' },
    events: [{ event_type: 'custom_event', data: { event_name: 'conversion', source_message_id: 'm-1' } }],
  }),
};
const adjustRequest: Sent = {
  path: '/event',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: `s2s=1&app_token=app&event_token=tok&adid=a1&callback_params=${encodeURIComponent('{"message_id":"m-1"}')}`,
};
const adrollEmailRequest: Sent = {
  path: `/sendroll/api/v1/advertisables/${advertisableEid}/unsubscribers`,
  headers: { authorization: 'Token pat', 'content-type': 'application/json' },
  body: '["M-1@example.com"]',
};
const startAdrollEmailWith = (options: SimulatorOptions): Promise<Simulator> =>
  startAdrollEmail({ ...options, personalAccessToken: 'pat', advertisableEid });

/** The last is the event's id in the ledger. */
const vendors: readonly [string, (options: SimulatorOptions) => Promise<Simulator>, Sent, number, string][] = [
  ['AdRoll', (options) => startAdroll({ ...options, token: 'sat', advertisableEid }), adrollRequest, 200, 'm-1'],
  ['Rokt', (options) => startRokt({ ...options, apiKey: 'key', apiSecret: 'secret' }), roktRequest, 202, 'm-1'],
  [
    'Adjust',
    (options) => startAdjust({ ...options, appToken: 'app', eventTokens: ['tok'] }),
    adjustRequest,
    200,
    'm-1',
  ],
  ['AdRoll Email', startAdrollEmailWith, adrollEmailRequest, 200, 'm-1@example.com'],
];
const noInYes: Readonly<Record<string, unknown>> = {
  Adjust: { error: expect.any(String) },
  'AdRoll Email': { success: false },
};

/** Where the connection fails instead of answering, the code the client sees. */
const broken: Partial<Record<FaultKind, string>> = {
  'reset-before-commit': 'ECONNRESET',
  'reset-after-commit': 'ECONNRESET',
  'truncated-body': 'UND_ERR_SOCKET',
  hang: 'UND_ERR_HEADERS_TIMEOUT',
};
const statuses: Partial<Record<FaultKind, number>> = {
  'unauthorized-401': 401,
  'error-500': 500,
  'unavailable-503': 503,
  'throttled-429': 429,
  'throttled-429-seconds': 429,
  'unavailable-503-date': 503,
  'undocumented-2xx': 204,
  'firewall-403': 403,
  'bad-gateway-502': 502,
};

let open: Simulator | undefined;
afterEach(() => open?.close());

const cases = vendors.flatMap(([name, start, sent, success, id]) =>
  // The last is about an event, not about a request: see below.
  faultKinds
    .filter((kind) => kind !== 'items-refused')
    .map((kind) => ({
      name,
      kind,
      start,
      sent,
      success,
      id,
      keeps: commits(kind) ? 'keeps' : 'does not keep',
    })),
);

describe('a vendor that fails', () => {
  it.each(cases)('$name plays $kind once and $keeps the event', async ({ kind, start, sent, success, id }) => {
    open = await start({ faults: { script: { 1: kind }, slowMs: 20 } });
    const code = broken[kind];
    if (code === undefined) expect((await send(open, sent)).status).toBe(statuses[kind] ?? success);
    else await expect(send(open, sent)).rejects.toMatchObject({ code });
    expect(open.ledger.entries).toMatchObject([{ id, committed: commits(kind) }]);
    expect(open.faults()[kind]).toBe(1);
    expect(open.refused()).toEqual([]);

    expect((await send(open, sent)).status).toBe(success);
    expect(open.ledger.timesCommitted(id)).toBe(commits(kind) ? 2 : 1);
    expect(open.ledger.duplicates()).toBe(commits(kind) ? 1 : 0);
    expect(open.ledger.distinct()).toBe(1);
    expect(open.requests()).toBe(2);
  });

  it.each(vendors)('%s hides its no in a yes', async (name, start, sent) => {
    open = await start({ faults: { script: { 1: 'error-inside-2xx' } } });
    expect(JSON.parse((await send(open, sent)).body)).toMatchObject(noInYes[name] ?? { errors: [expect.anything()] });
  });

  it.each(vendors)(
    '%s refuses every second new event, and again whenever it comes',
    async (_name, start, sent, success, id) => {
      open = await start({ faults: { script: { 1: 'items-refused', 2: 'items-refused' } } });
      const other: Sent = { ...sent, body: String(sent.body).replace(/m-1/i, 'm-2') };
      const said = async (request: Sent) => {
        const { status, body } = await send(open as Simulator, request);
        return { status, refuses: status >= 400 || body.includes('M-1@') };
      };
      expect(await said(sent)).toMatchObject({ refuses: true });
      expect(await said(other)).toEqual({ status: success, refuses: false });
      expect(await said(sent)).toMatchObject({ refuses: true });
      expect(await said(other)).toEqual({ status: success, refuses: false });
      expect(open.ledger.timesCommitted(id)).toBe(0);
      expect(open.ledger.timesCommitted(id.replace('m-1', 'm-2'))).toBe(2);
    },
  );

  it('names the wait in seconds or as a date', async () => {
    const now = Date.parse('2026-01-15T12:00:00.000Z');
    const script = { 1: 'throttled-429-seconds', 2: 'unavailable-503-date' } as const;
    const rokt = await startRokt({
      apiKey: 'key',
      apiSecret: 'secret',
      now: () => now,
      faults: { script, retryAfterSeconds: 7 },
    });
    open = rokt;
    expect((await send(rokt, roktRequest)).headers['retry-after']).toBe('7');
    expect((await send(rokt, roktRequest)).headers['retry-after']).toBe('Thu, 15 Jan 2026 12:00:07 GMT');
  });

  it('says garbage that is no JSON', async () => {
    open = await startAdjust({ appToken: 'app', eventTokens: ['tok'], faults: { script: { 1: 'garbage-body' } } });
    const { body } = await send(open, adjustRequest);
    expect(() => JSON.parse(body) as unknown).toThrow();
  });

  it('keeps the event of a client that did not wait for a slow answer', async () => {
    open = await startAdjust({
      appToken: 'app',
      eventTokens: ['tok'],
      faults: { script: { 1: 'slow' }, slowMs: 10_000 },
    });
    await expect(send(open, adjustRequest)).rejects.toMatchObject({ code: 'UND_ERR_HEADERS_TIMEOUT' });
    expect(open.ledger.committed()).toBe(1);
  });

  it('outlives a client that goes away in the middle of its request', async () => {
    open = await startAdjust({ appToken: 'app', eventTokens: ['tok'] });
    const socket = connect(Number(new URL(open.origin).port), '127.0.0.1');
    await once(socket, 'connect');
    socket.write('POST /event HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\ns2s=1');
    await new Promise((sent) => setTimeout(sent, 20));
    socket.destroy();
    await once(socket, 'close');
    expect((await send(open, adjustRequest)).status).toBe(200);
    expect(open.ledger.entries).toHaveLength(1);
  });

  it('does not report a refusal that a fault kept from being made', async () => {
    open = await startAdjust({ appToken: 'other', eventTokens: [], faults: { script: { 1: 'error-500' } } });
    await send(open, adjustRequest);
    expect(open.refused()).toEqual([]);
    await send(open, adjustRequest);
    expect(open.refused()).toEqual([{ request: 2, status: 404, reason: 'App token not found' }]);
  });
});

describe('a seeded rate of faults', () => {
  const weights = { 'error-500': 3, 'throttled-429': 1, 'undocumented-2xx': 1 };

  async function run(seed: number): Promise<{ statuses: readonly number[]; played: ReturnType<Simulator['faults']> }> {
    const rokt = await startRokt({
      apiKey: 'key',
      apiSecret: 'secret',
      seed,
      faults: { rate: 0.3, weights, script: { 1: 'none' } },
    });
    const agent = new Agent({ connections: 1 });
    try {
      const seen: number[] = [];
      for (let sent = 0; sent < 150; sent += 1) {
        const { path, headers, body } = roktRequest;
        const answer = await request(rokt.origin + path, {
          dispatcher: agent,
          method: 'POST',
          headers: headers ?? {},
          body: body ?? null,
        });
        await answer.body.dump();
        seen.push(answer.statusCode);
      }
      return { statuses: seen, played: rokt.faults() };
    } finally {
      await agent.destroy();
      await rokt.close();
    }
  }

  it('plays the same faults for the same seed and others for another', async () => {
    const [first, again, other] = [await run(7), await run(7), await run(8)];
    expect(again.statuses).toEqual(first.statuses);
    expect(other.statuses).not.toEqual(first.statuses);
    expect(first.statuses[0]).toBe(202);
    const { played } = first;
    const faulty = first.statuses.filter((status) => status !== 202).length;
    expect(Object.values(played).reduce((sum, times) => sum + times, 0)).toBe(faulty);
    expect(faulty).toBeGreaterThan(25);
    expect(faulty).toBeLessThan(65);
    expect(played['error-500']).toBeGreaterThan(played['throttled-429']);
    expect(played.hang).toBe(0);
  }, 30_000);
});
