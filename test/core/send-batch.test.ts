import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  accept,
  retryLater,
  errorTable,
  createRuntime,
  decide,
  type RetryDecision,
  type Signal,
} from '../../core/index.ts';
import { start } from '../../core/testing/kit/manual-clock.ts';
import { inTurn, yes, type ScriptedReply, type Script } from '../support/runtime/scripted-vendor.ts';
import {
  acme,
  testConnection,
  codes,
  defects,
  kinds,
  open,
  track,
  tracks,
} from '../support/runtime/test-connection.ts';

const down: ScriptedReply = { status: 503 };
const busy = (seconds: number): ScriptedReply => ({ status: 429, headers: { 'retry-after': String(seconds) } });
const inMs = (ms: number): string => new Date(start + ms).toISOString();
const lone = { limits: { maxItems: 1, maxBytes: 10_000, maxAgeMs: 1_000 } };
/** The ids a script refuses. */
const poisoned =
  (ids: ReadonlySet<string>, refusal: ScriptedReply = { status: 400 }): Script =>
  (request) =>
    request.ids.some((id) => ids.has(id)) ? refusal : yes;

/** A vendor that answers item by item: the body lists a decision name per item. */
const itemised = (limits = {}) =>
  acme(
    {
      response: {
        ...errorTable(),
        readReply({ response }) {
          if (response.status !== 200) return undefined;
          const names = JSON.parse(response.body) as RetryDecision['kind'][];
          return names.map((kind) => (kind === 'accept' ? accept() : decide(kind, 'vendor_rejected', `said ${kind}`)));
        },
      },
    },
    limits,
  );

describe('an attempt that failed', () => {
  it('ALL-03 is repeated with the very bytes of the attempt before, compressed or not', async () => {
    for (const compress of [undefined, 'gzip'] as const) {
      let made = 0;
      const request = () => {
        made += 1;
        const headers = { 'x-made': String(made) };
        return { method: 'POST', url: 'https://api.vendor.example/events', headers, compress } as const;
      };
      const destination = acme({ request }, { compression: 'gzip' });
      const { deliver, vendor } = testConnection({ destination, script: inTurn(down, down) });
      expect(await deliver(tracks(3))).toMatchObject(Array(3).fill({ kind: 'delivered', attempts: 3 }));
      const [first, second, third] = vendor.requests;
      expect(vendor.requests).toHaveLength(3);
      expect(second?.sentBody.equals(first?.sentBody as Buffer)).toBe(true);
      expect(third?.sentBody.equals(first?.sentBody as Buffer)).toBe(true);
      expect(second?.body).toBe(first?.body);
      expect(first?.headers['content-encoding']).toBe(compress);
    }
  });

  it('counts the requests that carried an event', async () => {
    const { deliver } = testConnection({ script: inTurn(down, down) });
    expect(await deliver([track('a')])).toEqual([{ kind: 'delivered', eventId: 'a', attempts: 3 }]);
  });

  it('is given up after the attempts of the policy, with the time of the next', async () => {
    const { deliver, vendor } = testConnection({
      script: () => down,
      connection: { retry: { attempts: 3, baseMs: 1000 } },
    });
    const [outcome] = await deliver([track('a')]);
    expect(vendor.requests).toHaveLength(3);
    // half of 1 s, half of 2 s, and half of 4 s still to wait
    expect(outcome).toMatchObject({ kind: 'deferred', reason: { code: 'vendor_unavailable' }, retryAt: inMs(3500) });
  });

  it('is given up at once when the next wait would cross the deadline', async () => {
    const { deliver, vendor, clock } = testConnection({ script: () => busy(31) });
    const [outcome] = await deliver([track('a')]);
    expect(vendor.requests).toHaveLength(1);
    expect(clock.now()).toBe(start);
    expect(outcome).toMatchObject({
      kind: 'deferred',
      reason: { code: 'rate_limited', status: 429 },
      retryAt: inMs(31_000),
    });
  });

  it('repeats only the items that asked for it', async () => {
    const script = inTurn(
      { status: 200, body: ['accept', 'retry', 'reject', 'retry'] },
      { status: 200, body: ['accept', 'skip'] },
    );
    const { deliver, vendor } = testConnection({ destination: itemised(), script });
    expect(kinds(await deliver(tracks(4)))).toEqual(['delivered', 'delivered', 'rejected', 'skipped']);
    expect(vendor.requests.map(({ ids }) => ids)).toEqual([
      ['e0', 'e1', 'e2', 'e3'],
      ['e1', 'e3'],
    ]);
  });

  it('costs the budget a retry, and is deferred when nothing is left of it', async () => {
    const connection = { retry: { budget: { ratio: 0, reserve: 3 }, attempts: 100 } };
    const { deliver, vendor } = testConnection({ script: () => down, connection });
    expect(codes(await deliver([track('a')]))).toEqual(['deferred: vendor_unavailable']);
    expect(vendor.requests).toHaveLength(4);
    expect(codes(await deliver([track('b')]))).toEqual(['deferred: vendor_unavailable']);
    expect(vendor.requests).toHaveLength(5);
  });

  it('has its budget refilled by successes', async () => {
    let broken = false;
    const connection = { retry: { budget: { ratio: 0.5, reserve: 0 }, attempts: 100 } };
    const { deliver, vendor } = testConnection({
      destination: acme({}, lone),
      script: () => (broken ? down : yes),
      connection,
    });
    await deliver(tracks(6));
    broken = true;
    await deliver([track('a')]);
    expect(vendor.requests).toHaveLength(6 + 1 + 3);
  });
});

describe('a vendor that asks for a pause', () => {
  it('does not use up attempts or budget', async () => {
    const connection = { retry: { attempts: 1, budget: { ratio: 0, reserve: 0 } } };
    const { deliver, clock } = testConnection({ script: inTurn(busy(2), busy(2), busy(2)), connection });
    expect(await deliver([track('a')])).toEqual([{ kind: 'delivered', eventId: 'a', attempts: 4 }]);
    expect(clock.now()).toBeGreaterThanOrEqual(start + 6_000);
  });

  it('stops the whole connection for as long, other calls included', async () => {
    const { connection, clock, vendor } = testConnection({ destination: acme({}, lone), script: inTurn(busy(5)) });
    const first = connection.deliver([track('a')]);
    await clock.settle();
    const second = connection.deliver([track('b')]);
    await clock.advance(4_999);
    expect(vendor.requests).toHaveLength(1);
    await clock.run(Promise.all([first, second]));
    expect(vendor.requests).toHaveLength(3);
  });

  it('ALL-05 cannot ask for more than the cap', async () => {
    const { deliver } = testConnection({
      script: () => busy(999_999_999),
      connection: { retry: { retryAfterCapMs: 60_000 } },
    });
    const [outcome] = await deliver([track('a')]);
    expect(outcome).toMatchObject({ kind: 'deferred', retryAt: inMs(60_000) });
  });

  it.each([
    ['an HTTP date', 'Thu, 15 Jan 2026 12:00:07 GMT', 7_000],
    ['a date in the past', 'Thu, 15 Jan 2026 11:00:07 GMT', 0],
    ['seconds', '7', 7_000],
    ['nonsense', 'soon', 0],
    ['a negative number', '-5', 0],
  ])('may say it as %s', async (_, header, ms) => {
    const { deliver, clock } = testConnection({
      script: inTurn({ status: 429, headers: { 'retry-after': header } }),
      random: () => 0,
    });
    expect(kinds(await deliver([track('a')]))).toEqual(['delivered']);
    expect(clock.now() - start).toBeGreaterThanOrEqual(ms);
    expect(clock.now() - start).toBeLessThan(ms + 200);
  });

  it('for ever, without a time, ends in deferred and not in an endless loop, even when chance says 0', async () => {
    const { deliver } = testConnection({ script: () => ({ status: 429 }), random: () => 0 });
    const outcomes = await deliver([track('a')], { withinMs: 50 });
    expect(codes(outcomes)).toEqual(['deferred: rate_limited']);
  });

  it.each([Number.NaN, -5, '7', Number.POSITIVE_INFINITY])(
    'does not stop the connection for good by asking for %p ms',
    async (afterMs) => {
      let asked = false;
      const classifyError = (): RetryDecision => ({
        kind: 'retry',
        reason: { code: 'rate_limited', message: 'not now' },
        afterMs: afterMs as number,
      });
      const destination = acme({ response: { classifyError } });
      const script: Script = () => {
        const answer = asked ? yes : down;
        asked = true;
        return answer;
      };
      const { deliver } = testConnection({ destination, script, connection: { retry: { retryAfterCapMs: 1_000 } } });
      expect(kinds(await deliver([track('a')]))).toEqual(['delivered']);
      expect(kinds(await deliver([track('b')]))).toEqual(['delivered']);
    },
  );
});

describe('an answer that never came', () => {
  it('is reported as unknown where a replay is harmful', async () => {
    const { deliver, vendor } = testConnection({
      destination: acme({}, { replay: 'harmful' }),
      script: () => ({ fault: 'reset' }),
    });
    expect(codes(await deliver(tracks(2)))).toEqual(['unknown: ambiguous_delivery', 'unknown: ambiguous_delivery']);
    expect(vendor.requests).toHaveLength(1);
  });

  it('is tried again where a replay does no harm', async () => {
    const { deliver, vendor } = testConnection({ script: inTurn({ fault: 'reset' }) });
    expect(kinds(await deliver([track('a')]))).toEqual(['delivered']);
    expect(vendor.requests).toHaveLength(2);
  });

  it('follows the connection rather than the manifest', async () => {
    const harmful = acme({}, { replay: 'harmful' });
    const retrying = testConnection({
      destination: harmful,
      script: inTurn({ fault: 'reset' }),
      connection: { onAmbiguous: 'retry' },
    });
    expect(kinds(await retrying.deliver([track('a')]))).toEqual(['delivered']);
    const reporting = testConnection({ script: inTurn({ fault: 'reset' }), connection: { onAmbiguous: 'report' } });
    expect(kinds(await reporting.deliver([track('a')]))).toEqual(['unknown']);
  });

  it('is retried in either case when the request never left', async () => {
    const { deliver } = testConnection({
      destination: acme({}, { replay: 'harmful' }),
      script: inTurn({ fault: 'refused' }),
    });
    expect(kinds(await deliver([track('a')]))).toEqual(['delivered']);
  });

  it.each<[string, ScriptedReply]>([
    ['an outage', down],
    ['a pause', busy(40)],
    ['a connection that cannot be made', { fault: 'refused' }],
    ['revoked credentials', { status: 401 }],
  ])('is not forgotten when %s follows', async (_, then) => {
    const script: Script = (_request, position) => (position === 0 ? { fault: 'reset' } : then);
    const { deliver } = testConnection({ script, connection: { retry: { attempts: 3 } } });
    expect(codes(await deliver([track('a')]))).toEqual(['deferred: ambiguous_delivery']);
  });

  it('is not forgotten when the call is stopped before the next attempt', async () => {
    const { connection, clock } = testConnection({ script: () => ({ fault: 'reset' }) });
    const stop = new AbortController();
    const outcomes = connection.deliver([track('a')], { signal: stop.signal });
    await clock.settle();
    stop.abort();
    expect(codes(await clock.run(outcomes))).toEqual(['deferred: ambiguous_delivery']);
  });

  it('is counted as a failed attempt', async () => {
    const { deliver, vendor } = testConnection({
      script: () => ({ fault: 'reset' }),
      connection: { retry: { attempts: 4 } },
    });
    expect(codes(await deliver([track('a')]))).toEqual(['deferred: ambiguous_delivery']);
    expect(vendor.requests).toHaveLength(4);
  });

  it('is waited for no longer than the deadline of the call', async () => {
    const destination = acme({}, { replay: 'harmful', pace: { concurrency: 4, timeoutMs: 200 } });
    const { connection, clock } = testConnection({ destination, script: () => ({ fault: 'silence' }) });
    const outcomes = connection.deliver([track('a')], { withinMs: 50 });
    await clock.advance(51);
    expect(codes(await clock.run(outcomes))).toEqual(['unknown: ambiguous_delivery']);
    expect(clock.now() - start).toBe(51);
  });
});

describe('a batch that is refused as a whole', () => {
  it('is halved until the culprit stands alone', async () => {
    const { deliver, vendor } = testConnection({ script: poisoned(new Set(['e6'])) });
    const outcomes = await deliver(tracks(10));
    expect(codes(outcomes)).toEqual(tracks(10).map((_, n) => (n === 6 ? 'rejected: vendor_rejected' : 'delivered')));
    expect(vendor.requests.length - 1).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(10)) + 1);
  });

  it('costs at most 2·p·⌈log2 n⌉+1 more requests for p poison events of n, and tells every event its own fate', async () => {
    const cases = fc
      .integer({ min: 2, max: 100 })
      .chain((n) => fc.record({ n: fc.constant(n), poison: fc.uniqueArray(fc.nat(n - 1), { maxLength: 8 }) }));
    await fc.assert(
      fc.asyncProperty(cases, async ({ n, poison }) => {
        const destination = acme({}, { limits: { maxItems: 100, maxBytes: 100_000, maxAgeMs: 1_000 } });
        const { deliver, vendor } = testConnection({
          destination,
          script: poisoned(new Set(poison.map((at) => `e${at}`))),
        });
        const outcomes = await deliver(tracks(n));
        expect(kinds(outcomes)).toEqual(tracks(n).map((_, at) => (poison.includes(at) ? 'rejected' : 'delivered')));
        expect(vendor.requests.length - 1).toBeLessThanOrEqual(2 * poison.length * Math.ceil(Math.log2(n)) + 1);
      }),
      { numRuns: 40 },
    );
  });

  it('is halved for its size, too', async () => {
    const script: Script = ({ sentBody }) => (sentBody.length > 60 ? { status: 413 } : yes);
    const { deliver } = testConnection({ script });
    expect(kinds(await deliver(tracks(10)))).toEqual(Array(10).fill('delivered'));
  });

  it('keeps retrying its halves on their own', async () => {
    const failed = new Set<string>();
    const script: Script = ({ ids, text }) => {
      if (ids.includes('e1')) return { status: 400 };
      if (failed.has(text)) return yes;
      failed.add(text);
      return down;
    };
    const { deliver } = testConnection({ script });
    expect(kinds(await deliver(tracks(4)))).toEqual(['delivered', 'rejected', 'delivered', 'delivered']);
  });

  it('is told what the vendor said, without secrets or payload', async () => {
    const script = () => ({ status: 400, body: 'order e0 is wrong for someone@example.com' });
    const { deliver } = testConnection({ script });
    const [outcome] = await deliver([track('e0x')]);
    expect(outcome).toMatchObject({ kind: 'rejected', reason: { status: 400, detail: 'order e0 is wrong for ***' } });
  });
});

describe('a batch of one lane', () => {
  const answers: ScriptedReply = { status: 200, body: ['retry', 'isolate', 'isolate'] };
  const one: ScriptedReply = { status: 200, body: ['accept'] };

  it('goes on one request after the other when some of it is to be tried again and some alone', async () => {
    const { deliver, vendor } = testConnection({
      destination: itemised(),
      script: (_, n) => (n === 0 ? answers : one),
    });
    const outcomes = await deliver(tracks(3, () => ({ lane: 'device' })));
    expect(kinds(outcomes)).toEqual(['delivered', 'delivered', 'delivered']);
    expect(vendor.requests).toHaveLength(4);
    expect(vendor.mostOpen).toBe(1);
  });

  it('holds back what was to go alone when the rest of it is deferred', async () => {
    const destination = itemised();
    const { deliver, vendor } = testConnection({
      destination,
      script: (_, n) => (n === 0 ? answers : one),
      connection: { retry: { attempts: 1 } },
    });
    const outcomes = await deliver(tracks(3, () => ({ lane: 'device' })));
    expect(kinds(outcomes)).toEqual(['deferred', 'deferred', 'deferred']);
    expect(vendor.requests).toHaveLength(1);
  });
});

describe('a vendor that refuses connections', () => {
  it('defers all of it, also with a single socket, and throws nothing into the process', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const runtime = createRuntime({
      destinations: [acme({}, lone)],
      origins: { acme: `http://127.0.0.1:${port}` },
      pace: { acme: { concurrency: 1 } },
      retry: { attempts: 2, baseMs: 1 },
    });
    const outcomes = await open(runtime).deliver(tracks(20), { withinMs: 3_000 });
    await runtime.close();
    expect(new Set(codes(outcomes))).toEqual(new Set(['deferred: network']));
  });
});

describe('an item to be isolated', () => {
  it('goes once more, alone, and the answer is final', async () => {
    const script: Script = ({ ids }) => ({
      status: 200,
      body: ids.map((id) => (id === 'e1' || id === 'e2' ? 'isolate' : 'accept')),
    });
    const { deliver, vendor } = testConnection({ destination: itemised(), script });
    expect(kinds(await deliver(tracks(4)))).toEqual(['delivered', 'rejected', 'rejected', 'delivered']);
    expect(vendor.requests.map(({ ids }) => ids.join())).toEqual(['e0,e1,e2,e3', 'e1', 'e2']);
  });

  it('may be accepted alone', async () => {
    const script: Script = ({ ids }) => ({ status: 200, body: ids.map(() => (ids.length > 1 ? 'isolate' : 'accept')) });
    const { deliver } = testConnection({ destination: itemised(), script });
    expect(await deliver(tracks(3))).toMatchObject(Array(3).fill({ kind: 'delivered', attempts: 2 }));
  });
});

describe('a vendor that suspends', () => {
  it('gets nothing more of the connection until it is resumed', async () => {
    let revoked = true;
    const { deliver, vendor, connection, signals } = testConnection({
      script: () => (revoked ? { status: 401 } : yes),
    });
    expect(codes(await deliver(tracks(30)))).toEqual(Array(30).fill('suspended: unauthorized'));
    expect(vendor.requests.length).toBeLessThanOrEqual(3);
    const before = vendor.requests.length;
    expect(codes(await deliver([track('later')]))).toEqual(['suspended: unauthorized']);
    expect(vendor.requests).toHaveLength(before);
    expect(signals.filter(({ kind }) => kind === 'connection_suspended')).toHaveLength(1);
    expect(connection.suspended()).toHaveLength(1);
    revoked = false;
    connection.resume();
    expect(kinds(await deliver([track('now')]))).toEqual(['delivered']);
  });

  it('by scope stops only that scope', async () => {
    const classifyError = (): RetryDecision =>
      decide('suspend', 'misconfigured', 'unknown token', { scope: 'token:b' });
    const destination = acme({ response: { classifyError } }, lone);
    const script: Script = ({ ids }) => (ids[0]?.startsWith('b') === true ? { status: 404 } : yes);
    const { deliver, vendor, connection } = testConnection({ destination, script });
    const events = [track('b1', { scopes: ['token:b'] }), track('a1', { scopes: ['token:a'] })];
    expect(kinds(await deliver(events))).toEqual(['suspended', 'delivered']);
    const more = [
      track('b2', { scopes: ['platform:ios', 'token:b'] }),
      track('a2', { scopes: ['token:a'] }),
      track('c'),
    ];
    expect(kinds(await deliver(more))).toEqual(['suspended', 'delivered', 'delivered']);
    expect(vendor.requests.flatMap(({ ids }) => ids)).not.toContain('b2');
    connection.resume('token:b');
    expect(connection.suspended()).toEqual([]);
  });

  it('F-17 names the scope in every outcome, even of events that never left; a scope that the item does not declare stops all', async () => {
    const classifyError = (): RetryDecision =>
      decide('suspend', 'misconfigured', 'unknown token', { scope: 'token:b' });
    const destination = acme({ response: { classifyError } }, lone);
    const script: Script = ({ ids }) => (ids[0]?.startsWith('b') === true ? { status: 404 } : yes);
    const { deliver, connection, signals } = testConnection({ destination, script });
    for (const id of ['b1', 'b2']) {
      expect(await deliver([track(id, { scopes: ['token:b'] })])).toMatchObject([
        { kind: 'suspended', scope: 'token:b' },
      ]);
    }
    connection.resume();
    const [outcome] = await deliver([track('b3', { scopes: ['token:c'] })]);
    expect(outcome).toMatchObject({ kind: 'suspended' });
    expect(outcome).not.toHaveProperty('scope');
    expect(defects(signals)).toEqual(['response']);
  });

  it('does not make what waits behind a slow pace wait for its suspension', async () => {
    const pace = { concurrency: 1, timeoutMs: 10_000, rate: { permits: 1, perMs: 5_000, cost: 'request' as const } };
    const destination = acme({}, { ...lone, pace });
    const { deliver, clock } = testConnection({ destination, script: () => ({ status: 401 }) });
    expect(kinds(await deliver(tracks(20)))).toEqual(Array(20).fill('suspended'));
    expect(clock.now() - start).toBeLessThanOrEqual(5_100);
  });
});

describe('signals', () => {
  it('tell of every request, retry and outcome, and nothing of the events', async () => {
    const { deliver, signals } = testConnection({ script: inTurn(down) });
    await deliver(tracks(2));
    expect(signals.map(({ kind }) => kind)).toEqual([
      'request_finished',
      'retry_scheduled',
      'request_finished',
      'event_settled',
      'event_settled',
    ]);
    expect(JSON.stringify(signals)).not.toContain('e0');
    expect(defects(signals)).toEqual([]);
  });

  it('say how long an event took, from deliver() or the read of a stream to its outcome', async () => {
    const destination = acme({}, { ...lone, replay: 'harmful' });
    const latencies = (signals: readonly Signal[]) =>
      signals.flatMap((signal) => (signal.kind === 'event_settled' ? [[signal.outcome, signal.latencyMs]] : []));
    const script = inTurn({ status: 503, headers: { 'retry-after': '4' } });
    const called = testConnection({ destination, script });
    const unwanted = { ...track('no'), integrations: { 'Acme Ads': false } };
    await called.deliver([track('a'), track('a'), unwanted]);
    expect(latencies(called.signals)).toEqual([
      ['skipped', 0],
      ['delivered', 4_000],
      ['skipped', 4_000],
    ]);
    expect(called.signals.some((signal) => 'queued' in signal)).toBe(false);

    const streamed = testConnection({ destination, script });
    async function* source() {
      yield track('a');
      await streamed.clock.sleep(1_000);
      yield track('b');
    }
    await streamed.stream(source(), { maxOutOfOrderness: 0 });
    expect(latencies(streamed.signals)).toEqual([
      ['delivered', 3_000],
      ['delivered', 4_000],
    ]);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('metrics are down');
      },
    ],
    ['rejects', async () => Promise.reject(new Error('metrics are down'))],
  ])('may go to a listener that %s', async (_, onSignal) => {
    const { deliver } = testConnection({ runtime: { onSignal: onSignal as () => void } });
    expect(kinds(await deliver(tracks(2)))).toEqual(['delivered', 'delivered']);
  });
});

describe('transient answers that a folder words itself', () => {
  it('may use the house reading of Retry-After', async () => {
    const destination = acme({
      response: { ...errorTable({ rows: [{ status: 409, means: (response) => retryLater(response) }] }) },
    });
    const { deliver, clock } = testConnection({
      destination,
      script: inTurn({ status: 409, headers: { 'retry-after': '3' } }),
    });
    expect(kinds(await deliver([track('a')]))).toEqual(['delivered']);
    expect(clock.now() - start).toBeGreaterThanOrEqual(3_000);
  });
});
