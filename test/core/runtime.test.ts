import { describe, expect, it } from '@jest/globals';
import {
  errorTable,
  createRuntime,
  payload,
  secret,
  text,
  z,
  type AnyDestination,
  type CdpEvent,
  type RuntimeOptions,
  type Signal,
} from '../../core/index.ts';
import type { Clock } from '../../core/policy/clock.ts';
import { raisedLimits } from '../../core/runtime/connection-options.ts';
import { inTurn, ScriptedVendor, yes } from '../support/runtime/scripted-vendor.ts';
import { start, type ManualClock } from '../../core/testing/kit/manual-clock.ts';
import {
  acme,
  testConnection,
  codes,
  collect,
  defects,
  kinds,
  open,
  track,
  tracks,
  type TestDestination,
} from '../support/runtime/test-connection.ts';

const one = { limits: { maxItems: 1, maxBytes: 10_000, maxAgeMs: 1_000 } };
const lie = (value: unknown): CdpEvent => value as CdpEvent;

describe('createRuntime', () => {
  it('lists what it offers, with the settings as JSON Schema and secrets marked', () => {
    const config = z.object({ account: text('Account', 'Yours'), token: secret('Token', 'Theirs').optional() });
    const [entry] = createRuntime({ destinations: [acme({ config: config as never })] }).catalogue();
    expect(entry?.manifest.slug).toBe('acme');
    expect(entry?.configSchema).toMatchObject({
      type: 'object',
      required: ['account'],
      properties: { account: { title: 'Account' }, token: { title: 'Token', secret: true } },
    });
  });

  it('refuses origins that are none, or of nobody', () => {
    const destinations = [acme()];
    expect(() => createRuntime({ destinations, origins: { other: 'https://x.example' } })).toThrow(
      'no destination "other"',
    );
    expect(() => createRuntime({ destinations, origins: { acme: 'http://x.example' } })).toThrow('https');
    expect(() => createRuntime({ destinations, origins: { acme: 'http://127.0.0.1:80' } })).not.toThrow();
  });

  it.each<[string, Partial<RuntimeOptions>, string]>([
    ['no slot', { pace: { acme: { concurrency: 0 } } }, 'pace.acme.concurrency'],
    ['half a slot', { pace: { acme: { concurrency: 1.5 } } }, 'pace.acme.concurrency'],
    ['no time', { pace: { acme: { timeoutMs: Number.NaN } } }, 'pace.acme.timeoutMs'],
    [
      'a rate of nothing',
      { pace: { acme: { rate: { permits: 0, perMs: 1, cost: 'item' } } } },
      'pace.acme.rate.permits',
    ],
    [
      'F-78 a burst of all permits',
      { pace: { acme: { rate: { permits: 2, perMs: 1, cost: 'item', burst: 2 } } } },
      'pace.acme.rate.burst: must be less than permits',
    ],
    ['a pace that nobody knows', { pace: { acme: { speed: 1 } as never } }, 'pace.acme'],
    ['the pace of nobody', { pace: { other: { concurrency: 1 } } }, 'pace: no destination "other"'],
    ['no attempt', { retry: { attempts: 0 } }, 'retry.attempts'],
    ['a wait that is no number', { retry: { baseMs: Number.NaN } }, 'retry.baseMs'],
    ['a retry option nobody knows', { retry: { tries: 1 } as never }, 'retry'],
    ['a size that is no number', { eventLimits: { maxBytes: Number.NaN } }, 'eventLimits.maxBytes'],
    ['no depth', { eventLimits: { maxDepth: 0 } }, 'eventLimits.maxDepth'],
    ['two destinations of one slug', { destinations: [acme(), acme()] }, 'destinations: "acme"'],
  ])('refuses %s, and names the option', (_, options, named) => {
    expect(() => createRuntime({ destinations: [acme()], ...options })).toThrow(named);
  });

  it('lets a key without a value hide no default', async () => {
    const nothing = {
      pace: { acme: { concurrency: undefined, timeoutMs: undefined, rate: undefined } },
      retry: { attempts: undefined, budget: undefined },
      eventLimits: { maxBytes: undefined, maxDepth: undefined },
      origins: undefined,
    };
    const rate = { permits: 2, perMs: 1_000, cost: 'request' as const };
    const destination = acme({}, { ...one, pace: { concurrency: 4, timeoutMs: 1_000, rate } });
    const { deliver, clock } = testConnection({
      destination,
      script: inTurn({ fault: 'refused' }),
      runtime: nothing as never,
    });
    expect(kinds(await deliver(tracks(3)))).toEqual(Array(3).fill('delivered'));
    expect(clock.now() - start).toBeGreaterThanOrEqual(1_000);
  });

  it.each<[string, (clock: ManualClock) => unknown]>([
    [
      'rejects when it is told to stop, as Node’s own does',
      (clock) => async (ms: number, signal?: AbortSignal) => {
        await clock.sleep(ms, signal);
        signal?.throwIfAborted();
      },
    ],
    [
      'throws when it is told to stop',
      (clock) => (ms: number, signal?: AbortSignal) => {
        signal?.throwIfAborted();
        return clock.sleep(ms, signal).then(() => signal?.throwIfAborted());
      },
    ],
  ])('takes a sleep that %s', async (_, sleepOn) => {
    const on: { sleep: Clock['sleep'] | undefined } = { sleep: undefined };
    const sleep = (ms: number, signal?: AbortSignal) => on.sleep?.(ms, signal) ?? Promise.resolve();
    const { connection, clock, signals } = testConnection({ script: () => ({ status: 503 }), runtime: { sleep } });
    on.sleep = sleepOn(clock) as Clock['sleep'];
    const stop = new AbortController();
    const outcomes = connection.deliver(tracks(3), { signal: stop.signal });
    await clock.advance(1);
    stop.abort();
    expect(codes(await clock.run(outcomes))).toEqual(Array(3).fill('deferred: vendor_unavailable'));
    expect(defects(signals)).toEqual([]);
  });

  it('knows no slug that nobody offers', () => {
    const runtime = createRuntime({ destinations: [acme()] });
    expect(() => runtime.open('other', {})).toThrow('no destination "other"; there are: acme');
    expect(() => runtime.open('constructor', {})).toThrow();
  });

  it('says where settings are wrong, and never what they are', () => {
    const opened = createRuntime({ destinations: [acme()] }).open(
      'acme',
      { account: { hidden: 's3cret' } },
      lie({ id: '', unheard: 's3cret', retry: { attempts: 's3cret' }, limits: { maxItems: 0 } }) as never,
    );
    expect(opened.kind).toBe('invalid');
    if (opened.kind !== 'invalid') return;
    expect(opened.issues.map(({ path }) => path).toSorted()).toEqual([
      'config.account',
      'options',
      'options.id',
      'options.limits.maxItems',
      'options.retry.attempts',
    ]);
    expect(JSON.stringify(opened.issues)).not.toContain('s3cret');
  });

  it('closes each connection once, however often it is told', async () => {
    const { runtime, connection, vendor, deliver } = testConnection();
    const another = open(runtime);
    await deliver(tracks(1));
    await Promise.all([connection.close(), connection.close()]);
    await runtime.close();
    await another.close();
    await runtime.close();
    // The dispatcher that both of them shared.
    expect(vendor.closed).toBe(1);
  });

  it('closes real sockets twice without an error', async () => {
    const runtime = createRuntime({ destinations: [acme()] });
    const connection = open(runtime);
    await connection.close();
    await connection.close();
    await expect(runtime.close()).resolves.toBeUndefined();
  });

  it('F-21 makes one dispatcher for all connections of a kind', async () => {
    const vendors: ScriptedVendor[] = [];
    const runtime = createRuntime({
      destinations: [acme()],
      dispatcher: () => {
        vendors.push(new ScriptedVendor(() => yes));
        return vendors.at(-1) as ScriptedVendor;
      },
    });
    for (let n = 0; n < 5; n++) await open(runtime).deliver([track(`e${n}`)]);
    expect(vendors).toHaveLength(1);
    await open(runtime, { pace: { timeoutMs: 4_000 } }).deliver([track('e5')]);
    expect(vendors).toHaveLength(2);
    await runtime.close();
    expect(vendors.map(({ closed }) => closed)).toEqual([1, 1]);
  });
});

describe('the options of a connection', () => {
  const pace = { concurrency: 4, timeoutMs: 1_000, rate: { permits: 10, perMs: 1_000, cost: 'item' as const } };

  it.each([
    [{ limits: { maxItems: 101 } }, 'options.limits.maxItems'],
    [{ limits: { maxBytes: 1_001 } }, 'options.limits.maxBytes'],
    [{ pace: { concurrency: 5 } }, 'options.pace.concurrency'],
    [{ pace: { timeoutMs: 1_001 } }, 'options.pace.timeoutMs'],
    [{ pace: { rate: { permits: 11, perMs: 1_000, cost: 'item' as const } } }, 'options.pace.rate'],
    [{ pace: { rate: { permits: 1, perMs: 10, cost: 'item' as const } } }, 'options.pace.rate'],
  ])('%j ask for more than the vendor allows', (asked, path) => {
    const limits = { maxItems: 100, maxBytes: 1_000, maxAgeMs: 1_000 };
    expect(raisedLimits(limits, pace, asked).map((issue) => issue.path)).toEqual([path]);
  });

  const even = { permits: 270, perMs: 1_030, cost: 'item' as const, burst: 6 };
  it.each<[string, object, readonly string[]]>([
    ['the same', {}, []],
    ['the same without its burst, which the vendor keeps', { burst: undefined }, []],
    ['a smaller burst at the same steady pace', { permits: 265, burst: 1 }, []],
    ['a smaller burst at a higher steady pace', { burst: 1 }, ['options.pace.rate']],
    ['a larger burst', { burst: 7 }, ['options.pace.rate.burst']],
    ['a larger burst, however rare', { permits: 100, perMs: 3_600_000, burst: 50 }, ['options.pace.rate.burst']],
    ['more without a burst', { permits: 271, burst: undefined }, ['options.pace.rate']],
    ['many in a long window', { permits: 9_000, perMs: 3_600_000, burst: undefined }, []],
    ['another unit', { permits: 9_000, cost: 'request', burst: 100 }, []],
  ])('F-83 the rate of a connection beside one with a burst of 6: %s', (_, part, paths) => {
    const limits = { maxItems: 100, maxBytes: 1_000, maxAgeMs: 1_000 };
    const asked = { pace: { rate: { ...even, ...part } } };
    expect(raisedLimits(limits, { ...pace, rate: even }, asked).map((issue) => issue.path)).toEqual(paths);
  });

  it('F-83 the burst of a connection is less than all that a vendor without a burst lets through at once', () => {
    const asked = (permits: number, burst: number) => ({
      pace: { rate: { permits, perMs: 10_000, cost: 'item' as const, burst } },
    });
    const limits = { maxItems: 100, maxBytes: 1_000, maxAgeMs: 1_000 };
    expect(raisedLimits(limits, pace, asked(50, 10))).toEqual([]);
    const [issue] = raisedLimits(limits, pace, asked(50, 11));
    expect(issue).toEqual({ path: 'options.pace.rate.burst', message: "must not be more than the vendor's 10" });
  });

  it('make smaller batches', async () => {
    const { deliver, vendor } = testConnection({ connection: { limits: { maxItems: 4 } } });
    await deliver(tracks(10));
    expect(vendor.requests.map(({ ids }) => ids.length)).toEqual([4, 4, 2]);
  });

  it.each([
    ['in another unit', { permits: 1_000, perMs: 1, cost: 'request' as const }],
    ['over a longer window', { permits: 6_000, perMs: 600_000, cost: 'item' as const }],
  ])('cannot lift the rate of the vendor by naming one %s', async (_, rate) => {
    const { connection, clock, vendor } = testConnection({
      destination: acme({}, { ...one, pace }),
      connection: { pace: { rate } },
    });
    const outcomes = connection.deliver(tracks(20));
    await clock.advance(999);
    expect(vendor.requests).toHaveLength(10);
    expect(kinds(await clock.run(outcomes))).toEqual(Array(20).fill('delivered'));
  });

  const perSecond = { permits: 10, perMs: 1_000, cost: 'item' as const };
  it.each([
    ['F-78 can spread what the vendor lets through at once', perSecond, { ...perSecond, burst: 2 }],
    ['F-83 keep the burst of the vendor where they state a rate without one', { ...perSecond, burst: 2 }, perSecond],
  ])('%s', async (_, vendorRate, rate) => {
    const { connection, clock, vendor } = testConnection({
      destination: acme({}, { ...one, pace: { ...pace, rate: vendorRate } }),
      connection: { pace: { rate } },
    });
    const outcomes = connection.deliver(tracks(20));
    await clock.advance(0);
    expect(vendor.requests).toHaveLength(2);
    await clock.advance(125 * 3);
    expect(vendor.requests).toHaveLength(5);
    expect(kinds(await clock.run(outcomes))).toEqual(Array(20).fill('delivered'));
  });

  it('can slow the connection down', async () => {
    const rate = { permits: 2, perMs: 1_000, cost: 'item' as const };
    const { connection, clock, vendor } = testConnection({
      destination: acme({}, { pace }),
      connection: { pace: { rate, concurrency: 1 } },
    });
    const outcomes = connection.deliver(tracks(6));
    await clock.advance(999);
    expect(vendor.requests.map(({ ids }) => ids.length)).toEqual([2]);
    await clock.run(outcomes);
    expect(clock.now() - start).toBeGreaterThanOrEqual(2_000);
    expect(vendor.mostOpen).toBe(1);
  });

  const perItem = (permits: number) => ({ permits, perMs: 1_000, cost: 'item' as const });
  it.each([
    ['270 permits', 270, {}, {}, [90, 90, 90]],
    ['fewer permits than items', 40, {}, {}, [40]],
    [
      '10,000 permits that the host program was granted',
      270,
      {},
      { pace: { acme: { rate: perItem(10_000) } } },
      [100, 100, 100],
    ],
    ['270 permits and batches of 60 at most', 270, { limits: { maxItems: 60 } }, {}, [54, 54, 54, 54, 54]],
    ['a rate of its own, of 150 permits', 270, { pace: { rate: perItem(150) } }, {}, [75, 75]],
  ])('and the pace fill a window evenly: %s', async (_, permits, asked, host, sizes) => {
    const destination = acme(
      {},
      {
        limits: { maxItems: 100, maxBytes: 1_000_000, maxAgeMs: 1_000 },
        pace: { concurrency: 9, timeoutMs: 10_000, rate: perItem(permits) },
      },
    );
    const { connection, clock, vendor } = testConnection({ destination, connection: asked, runtime: host });
    const outcomes = connection.deliver(tracks(300));
    await clock.advance(999);
    expect(vendor.requests.map(({ ids }) => ids.length)).toEqual(sizes);
    await clock.run(outcomes);
  });

  it('may not go beyond what the host program lowered', () => {
    const { runtime } = testConnection({
      destination: acme({}, { pace }),
      runtime: { pace: { acme: { concurrency: 2 } } },
    });
    expect(runtime.open('acme', { account: 'a' }, { pace: { concurrency: 3 } }).kind).toBe('invalid');
    expect(runtime.open('acme', { account: 'a' }, { pace: { concurrency: 2 } }).kind).toBe('open');
  });

  it('may use what the host program raised', () => {
    const { runtime } = testConnection({
      destination: acme({}, { pace }),
      runtime: { pace: { acme: { concurrency: 20 } } },
    });
    expect(runtime.open('acme', { account: 'a' }, { pace: { concurrency: 15 } }).kind).toBe('open');
  });

  it('that are there without a value hide no default', async () => {
    const nothing = {
      limits: { maxItems: undefined },
      pace: { concurrency: undefined },
      retry: { attempts: undefined },
    };
    const { deliver } = testConnection({ connection: nothing as never });
    expect(kinds(await deliver(tracks(3)))).toEqual(Array(3).fill('delivered'));
  });
});

describe('a composed destination', () => {
  it('prepares once per connection and hands the result to every function', async () => {
    let prepared = 0;
    const seen = new Set<unknown>();
    const destination: AnyDestination = acme({
      prepare: (() => {
        prepared += 1;
        return 'table';
      }) as never,
      transform: (event, _config, context) => {
        seen.add(context.prepared);
        return payload({ id: event.messageId ?? '' });
      },
      requestFor: (_batch, _config, ready) => {
        seen.add(ready);
        return { method: 'POST', url: 'https://api.vendor.example/', headers: {} };
      },
    });
    const { deliver } = testConnection({ destination });
    await deliver(tracks(3));
    await deliver(tracks(3));
    expect(prepared).toBe(1);
    expect([...seen]).toEqual(['table']);
  });

  it('takes the lowest of the limits of manifest, settings and connection', async () => {
    const destination = acme({ limitsFor: () => ({ maxItems: 99, maxBytes: 60 }) });
    const { deliver, vendor } = testConnection({ destination, connection: { limits: { maxItems: 8 } } });
    await deliver(tracks(10));
    for (const { sentBody } of vendor.requests) expect(sentBody.length).toBeLessThanOrEqual(60);
    expect(vendor.requests[0]?.ids).toHaveLength(4);
  });

  it('keeps the daily quota of an account', async () => {
    const destination = acme({ limitsFor: () => ({ requestsPerDay: 2 }) }, one);
    const { deliver } = testConnection({ destination });
    const outcomes = await deliver(tracks(3));
    expect(codes(outcomes)).toEqual(['delivered', 'delivered', 'deferred: rate_limited']);
    expect(outcomes[2]).toMatchObject({ retryAt: new Date(start + 86_400_000).toISOString() });
  });

  it('F-83 lets a tenth of a daily quota leave at once and the rest evenly, and never more than it in a day', async () => {
    const destination = acme({ limitsFor: () => ({ requestsPerDay: 20 }) }, one);
    const { deliver } = testConnection({ destination });
    const outcomes = await deliver(tracks(3));
    expect(codes(outcomes)).toEqual(['delivered', 'delivered', 'deferred: rate_limited']);
    expect(outcomes[2]).toMatchObject({ retryAt: new Date(start + 86_400_000 / 18).toISOString() });
  });

  it('frames the texts as the definition says, and sends a body of its own as it is', async () => {
    const framed = testConnection({ destination: acme({ frame: () => ({ open: '<', separator: '|', close: '>' }) }) });
    await framed.deliver(tracks(2));
    expect(framed.vendor.requests[0]?.text).toBe('<{"id":"e0"}|{"id":"e1"}>');
    const requestFor = () =>
      ({ method: 'POST', url: 'https://api.vendor.example/', headers: {}, body: 'own' }) as const;
    const own = testConnection({ destination: acme({ requestFor }) });
    await own.deliver(tracks(2));
    expect(own.vendor.requests[0]?.text).toBe('own');
  });

  it('makes the request of all batches once, which the folder cannot change any more', async () => {
    const headers: Record<string, string> = { authorization: 'Bearer a' };
    let calls = 0;
    const request = (_config: unknown, prepared: unknown) => {
      calls += 1;
      headers['x-prepared'] = String(prepared);
      return { method: 'PUT', url: 'https://api.vendor.example/all', headers } as const;
    };
    const prepare = (() => 'table') as never;
    const { deliver, vendor } = testConnection({ destination: acme({ prepare, request }, one) });
    headers['authorization'] = 'Bearer b';
    await deliver(tracks(2));
    await deliver(tracks(2));
    expect(calls).toBe(1);
    expect(vendor.requests.map(({ text }) => text)).toEqual(['e0', 'e1', 'e0', 'e1'].map((id) => `[{"id":"${id}"}]`));
    for (const seen of vendor.requests) {
      expect(seen).toMatchObject({ path: '/all' });
      expect(seen.headers).toMatchObject({ authorization: 'Bearer a', 'x-prepared': 'table' });
    }
  });

  it('encodes each payload once, retries and splits included', async () => {
    let encoded = 0;
    const encode = (made: unknown): string => {
      encoded += 1;
      return JSON.stringify(made);
    };
    const { deliver } = testConnection({
      destination: acme({ encode }),
      script: ({ ids }) => ({ status: ids.includes('e1') ? 400 : 200 }),
    });
    await deliver(tracks(8));
    expect(encoded).toBe(8);
  });
});

describe('preview', () => {
  const config = z.object({ account: secret('Account', 'Yours') });
  const destination = acme({
    config,
    request: ({ account }) => ({
      method: 'POST',
      url: `https://api.vendor.example/events?key=${account}`,
      headers: { authorization: `Bearer ${account}`, 'x-account': account },
    }),
  });

  it('shows what would be sent, with credentials masked, and sends nothing', async () => {
    const { connection, vendor } = testConnection({ destination });
    const preview = await connection.preview(track('a', { group: 'g', lane: 'l' }));
    expect(preview).toMatchObject({
      kind: 'request',
      request: {
        method: 'POST',
        url: 'https://api.vendor.example/events?key=***',
        headers: { authorization: 'Bearer ***', 'x-account': '***' },
        body: '[{"id":"a"}]',
      },
      group: 'g',
      lanes: ['l'],
    });
    expect(vendor.requests).toHaveLength(0);
  });

  it('says at which stage an event would end', async () => {
    const validate = () => ({ kind: 'skipped', reason: { code: 'unmapped_event', message: 'no' } }) as const;
    const { connection } = testConnection({ destination: acme({ validate }) });
    expect(await connection.preview(track('a'))).toMatchObject({ kind: 'skipped', stage: 'validate' });
    expect(await connection.preview(lie(null))).toMatchObject({ kind: 'rejected', stage: 'gate' });
  });

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('a bug');
      },
    ],
    ['rejects', async () => Promise.reject(new Error('a bug'))],
    ['sends nothing', async () => ({ kind: 'settled', decisions: [] })],
  ])('survives a send() that %s', async (_, send) => {
    const { connection, signals } = testConnection({ destination: { ...acme(), request: undefined, send } as never });
    expect(await connection.preview(track('a'))).toMatchObject({
      kind: 'rejected',
      reason: { code: 'internal_error' },
    });
    expect(defects(signals).every((where) => where === 'send')).toBe(true);
  });
});

describe('routeOf', () => {
  it('tells where an event would go, or what would settle it unsent', () => {
    const { connection } = testConnection();
    expect(connection.routeOf(track('a', { group: 'g', lane: 'l' }))).toEqual({
      kind: 'payload',
      group: 'g',
      lanes: ['l'],
    });
    expect(connection.routeOf(track('a', { lanes: ['l', 'm', 'l'] }))).toEqual({ kind: 'payload', lanes: ['l', 'm'] });
    expect(connection.routeOf(track('a', { lanes: [] }))).toEqual({ kind: 'payload' });
    expect(connection.routeOf({ type: 'alias', messageId: 'x' })).toMatchObject({ kind: 'skipped', eventId: 'x' });
  });

  it('stumbles over nothing', () => {
    const { connection } = testConnection();
    const refuse = (): never => {
      throw new Error('no');
    };
    for (const event of [null, undefined, { messageId: {} }, new Proxy({}, { get: refuse })]) {
      expect(connection.routeOf(lie(event))).toMatchObject({ kind: 'rejected', eventId: '' });
    }
  });
});

describe('a folder that cannot work with its settings', () => {
  const boom = (): never => {
    throw new Error('no table for s3cret');
  };
  it.each<[string, Partial<TestDestination>]>([
    ['prepare()', { prepare: boom }],
    ['limitsFor()', { limitsFor: boom }],
    ['frame()', { frame: boom }],
    ['request()', { request: boom }],
    ['paceKey()', { paceKey: boom }],
  ])('opens no connection: %s throws', (_, parts) => {
    const rate = { permits: 1, perMs: 1, cost: 'item' as const };
    const destination = acme(parts, { pace: { concurrency: 1, timeoutMs: 1_000, rate } });
    const signals: Signal[] = [];
    const runtime = createRuntime({ destinations: [destination], onSignal: (signal) => signals.push(signal) });
    const opened = runtime.open('acme', { account: 's3cret' });
    expect(opened).toMatchObject({ kind: 'invalid', issues: [{ path: 'config' }] });
    expect(defects(signals)).toEqual(['prepare']);
    expect(JSON.stringify([opened, signals])).not.toContain('s3cret');
  });
});

describe('ALL-02 a connection whose requests would go where the manifest does not lead', () => {
  const request = (url: string, more: object = {}) => ({
    request: () => ({ method: 'POST', url, headers: {}, ...more }),
  });
  const openWith = (parts: object) => {
    const signals: Signal[] = [];
    const destination = acme(parts as Partial<TestDestination>);
    const runtime = createRuntime({ destinations: [destination], onSignal: (signal) => signals.push(signal) });
    return { opened: runtime.open('acme', { account: 's3cret' }), signals };
  };

  it.each([
    ['https://s3cret.example/', "the host is not among the manifest's hosts"],
    ['https://api.vendor.example.s3cret.example/', "the host is not among the manifest's hosts"],
    ['http://api.vendor.example/s3cret', 'only https is allowed'],
    ['https://s3cret@api.vendor.example/', 'a URL must not carry credentials'],
    ['https://api.vendor.example:8443/s3cret', 'only the default port is allowed'],
    ['/s3cret', 'the request has no absolute URL'],
  ])('does not open: %s', (url, why) => {
    const { opened, signals } = openWith(request(url));
    const message = `the connector makes a request that must not leave: ${why}`;
    expect(opened).toEqual({ kind: 'invalid', issues: [{ path: 'config', message }] });
    expect(signals).toMatchObject([{ kind: 'defect', error: expect.stringContaining(`ForbiddenTargetError: ${why}`) }]);
    expect(JSON.stringify([opened, signals])).not.toContain('s3cret');
  });

  it('does not open either where the one request has a body, no room for one, or no URL', () => {
    for (const parts of [
      request('https://api.vendor.example/', { body: 's3cret' }),
      request('https://api.vendor.example/', { method: 'GET' }),
      { request: () => undefined },
      { request: async () => ({ method: 'POST', url: 'https://api.vendor.example/', headers: {} }) },
    ]) {
      const { opened, signals } = openWith(parts);
      expect(opened).toMatchObject({ kind: 'invalid', issues: [{ path: 'config' }] });
      expect(signals).toMatchObject([{ kind: 'defect', error: expect.stringMatching(/request\(\)/) }]);
      expect(JSON.stringify([opened, signals])).not.toContain('s3cret');
    }
  });
});

describe('a connection that is closed', () => {
  it.each(['connection', 'runtime'] as const)(
    'by the %s finishes what is in flight, and defers the rest of its calls',
    async (by) => {
      const made = testConnection({ destination: acme({}, { ...one, pace: { concurrency: 2, timeoutMs: 10_000 } }) });
      const { connection, clock, vendor } = made;
      vendor.script = async () => {
        await clock.sleep(500);
        return yes;
      };
      const delivered = connection.deliver(tracks(5));
      const streamed = collect(connection.stream(tracks(5)));
      await clock.settle();
      expect(vendor.requests).toHaveLength(2);
      const closing = made[by].close();
      const first = codes(await clock.run(delivered));
      expect(first).toEqual(['delivered', 'delivered', ...Array(3).fill('deferred: held_back')]);
      expect(codes((await clock.run(streamed)).map(({ outcome }) => outcome))).toEqual(
        Array(5).fill('deferred: held_back'),
      );
      await clock.run(closing);
      expect(vendor.requests).toHaveLength(2);
      expect(clock.now() - start).toBe(500);
    },
  );

  it('ends the wait for a retry, and starts no other', async () => {
    const { connection, clock, vendor } = testConnection({
      script: () => ({ status: 503 }),
      connection: { retry: { baseMs: 9_000 } },
    });
    const outcomes = connection.deliver(tracks(2));
    await clock.advance(1);
    await connection.close();
    expect(codes(await clock.run(outcomes))).toEqual(Array(2).fill('deferred: vendor_unavailable'));
    expect(clock.now() - start).toBe(1);
    expect(vendor.requests).toHaveLength(1);
    expect(clock.sleepers).toBe(0);
  });

  it('answers later calls at once, without sending', async () => {
    const { connection, runtime, deliver, stream, vendor, clock } = testConnection();
    await connection.close();
    expect(codes(await deliver([...tracks(2), track('a', { lane: 'd' }), lie(null)]))).toEqual([
      ...Array(3).fill('deferred: held_back'),
      'rejected: invalid_value',
    ]);
    const settled = await stream(tracks(300), { window: 10 });
    expect(settled).toHaveLength(300);
    expect(new Set(codes(settled.map(({ outcome }) => outcome)))).toEqual(new Set(['deferred: held_back']));
    await runtime.close();
    expect(vendor.requests).toHaveLength(0);
    expect(clock.now()).toBe(start);
  });

  it('leaves the other connections open', async () => {
    const { connection, runtime, clock } = testConnection();
    const other = open(runtime);
    await connection.close();
    expect(kinds(await clock.run(other.deliver(tracks(2))))).toEqual(['delivered', 'delivered']);
  });

  it('still answers for every event', async () => {
    const { connection, runtime } = (() => {
      const made = createRuntime({
        destinations: [acme({ response: { ...errorTable() } })],
        retry: { attempts: 1 },
      });
      return { connection: open(made), runtime: made };
    })();
    await runtime.close();
    expect(codes(await connection.deliver(tracks(2)))).toEqual(Array(2).fill('deferred: held_back'));
  });
});
