import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createRuntime, outcomeKinds, type CdpEvent } from '../../core/index.ts';
import { start } from '../../core/testing/kit/manual-clock.ts';
import { inTurn, yes, type ScriptedReply, type Script, type LateReply } from '../support/runtime/scripted-vendor.ts';
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

const one = { limits: { maxItems: 1, maxBytes: 10_000, maxAgeMs: 1_000 } };
const lie = (value: unknown): CdpEvent => value as CdpEvent;
const inMs = (ms: number): string => new Date(start + ms).toISOString();
/** Answers after a while, on the clock of the test. */
const slow =
  (on: { clock?: { sleep(ms: number): Promise<void> } }, ms: number, answer: LateReply = yes): Script =>
  async () => {
    await on.clock?.sleep(ms);
    return answer;
  };

function nested(depth: number): object {
  let value: object = {};
  for (let level = 0; level < depth; level++) value = { next: value };
  return value;
}
function cyclic(): object {
  const value: Record<string, unknown> = {};
  value['self'] = value;
  value['list'] = [value, value];
  return value;
}
const throwing = (): object =>
  new Proxy(
    {},
    {
      get: () => {
        throw new Error('no');
      },
      ownKeys: () => {
        throw new Error('no');
      },
      has: () => {
        throw new Error('no');
      },
      getPrototypeOf: () => {
        throw new Error('no');
      },
    },
  );
const getter = {
  get messageId(): string {
    throw new Error('no');
  },
};
const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

describe('deliver', () => {
  it('answers an empty call', async () => {
    expect(await testConnection().deliver([])).toEqual([]);
  });

  it('gives each position its own outcome, whatever the ids', async () => {
    const { deliver } = testConnection();
    const events = [track('same'), track(''), track('same'), lie({ type: 'track', event: 'x' })];
    expect((await deliver(events)).map(({ kind, eventId }) => `${kind} ${eventId}`)).toEqual([
      'delivered same',
      'delivered ',
      'delivered same',
      'delivered ',
    ]);
  });

  it('keeps a second copy from a vendor it would harm', async () => {
    const { deliver, vendor } = testConnection({ destination: acme({}, { replay: 'harmful' }) });
    const outcomes = await deliver([track('a'), track('a'), track(''), track('')]);
    expect(codes(outcomes)).toEqual(['delivered', 'skipped: duplicate_event', 'delivered', 'delivered']);
    expect(vendor.requests.flatMap(({ ids }) => ids)).toEqual(['a', '', '']);
  });

  it.each<[string, () => unknown, string]>([
    ['null', () => null, 'rejected: invalid_value'],
    ['undefined', () => undefined, 'rejected: invalid_value'],
    ['a number', () => Number.NaN, 'rejected: invalid_value'],
    ['a function', () => () => 1, 'rejected: invalid_value'],
    ['a list', () => [], 'rejected: invalid_value'],
    ['a symbol', () => Symbol('x'), 'rejected: invalid_value'],
    ['an object that throws when touched', throwing, 'rejected: internal_error'],
    ['a revoked proxy', revoked, 'rejected: internal_error'],
    ['an object whose id throws', () => getter, 'rejected: internal_error'],
    ['10,000 levels deep', () => ({ ...track('a'), properties: nested(10_000) }), 'rejected: invalid_value'],
    [
      'a list 10,000 levels deep',
      () => ({ ...track('a'), properties: { a: JSON.parse(`${'['.repeat(10_000)}${']'.repeat(10_000)}`) as unknown } }),
      'rejected: invalid_value',
    ],
    ['cyclic', () => ({ ...track('a'), context: cyclic() }), 'rejected: invalid_value'],
    [
      '10 MB long',
      () => ({ ...track('a'), properties: { pad: 'x'.repeat(10_000_000) } }),
      'rejected: payload_too_large',
    ],
    [
      'with a 10 MB key',
      () => ({ ...track('a'), properties: { ['x'.repeat(10_000_000)]: 1 } }),
      'rejected: payload_too_large',
    ],
    ['with a bigint', () => ({ ...track('a'), properties: { n: 1n } }), 'rejected: invalid_value'],
    ['with a function inside', () => ({ ...track('a'), properties: { f: () => 1 } }), 'rejected: invalid_value'],
    ['with NaN inside', () => ({ ...track('a'), properties: { n: Number.NaN } }), 'delivered'],
    ['with an id that is a number', () => ({ ...track('a'), messageId: 5 }), 'delivered'],
    ['with an id that is an object', () => ({ ...track('a'), messageId: {} }), 'rejected: invalid_value'],
    ['of a type nobody knows', () => ({ ...track('a'), type: 'constructor' }), 'rejected: invalid_value'],
    ['without a name', () => ({ ...track('a'), event: ' ' }), 'rejected: missing_field'],
  ])('survives an event that is %s, and delivers its neighbours', async (_, make, wanted) => {
    const { deliver, signals } = testConnection();
    const outcomes = await deliver([track('before'), lie(make()), track('after')]);
    expect(codes(outcomes)).toEqual(['delivered', wanted, 'delivered']);
    expect(defects(signals)).not.toContain('conservation_broken');
  });

  it('rejects a payload over the byte limit without sending it', async () => {
    const { deliver, vendor } = testConnection();
    const outcomes = await deliver([track('big', { pad: 'x'.repeat(10_000) }), track('small')]);
    expect(codes(outcomes)).toEqual(['rejected: payload_too_large', 'delivered']);
    expect(vendor.requests.flatMap(({ ids }) => ids)).toEqual(['small']);
  });

  it('rejects an event that alone is larger than the vendor takes of one, without sending it', async () => {
    // {"id":"e0","pad":"é…"} is 20 bytes and two for each é
    const events = [track('e0', { pad: 'é'.repeat(15) }), track('e1', { pad: 'é'.repeat(16) }), track('e2')];
    const limits = { maxItems: 10, maxBytes: 10_000, maxItemBytes: 50, maxAgeMs: 1_000 };
    const { deliver, vendor } = testConnection({ destination: acme({}, { limits }) });
    const outcomes = await deliver(events);
    expect(codes(outcomes)).toEqual(['delivered', 'rejected: payload_too_large', 'delivered']);
    expect(outcomes[1]).toMatchObject({
      eventId: 'e1',
      reason: { message: 'The payload is larger than the 50 bytes that one event may have' },
    });
    expect(vendor.requests.map(({ ids }) => ids)).toEqual([['e0', 'e2']]);
  });

  it('takes a lower bound of one event from the settings and from the connection, never a higher one', async () => {
    const limits = { maxItems: 10, maxBytes: 10_000, maxItemBytes: 50, maxAgeMs: 1_000 };
    const rejected = async (own: object, options: object, ofVendor: object = limits) => {
      const destination = acme({ limitsFor: () => own }, { limits: ofVendor as typeof limits });
      const { deliver } = testConnection({ destination, connection: { limits: options } });
      const events = [10, 25, 60].map((pad) => track(`p${pad}`, { pad: 'x'.repeat(pad) }));
      return (await deliver(events)).filter(({ kind }) => kind === 'rejected').length;
    };
    expect(await rejected({}, {})).toBe(1);
    expect(await rejected({ maxItemBytes: 40 }, {})).toBe(2);
    expect(await rejected({}, { maxItemBytes: 25 })).toBe(3);
    expect(await rejected({ maxItemBytes: 1_000 }, {})).toBe(1);
    const { maxItemBytes: _, ...without } = limits;
    expect(await rejected({}, {}, without)).toBe(0);
    expect(await rejected({}, { maxItemBytes: 40 }, without)).toBe(2);
    const runtime = createRuntime({ destinations: [acme({}, { limits })] });
    expect(runtime.open('acme', { account: 'a-1' }, { limits: { maxItemBytes: 51 } })).toMatchObject({
      kind: 'invalid',
      issues: [{ path: 'options.limits.maxItemBytes' }],
    });
  });

  it('counts the bytes of the frame and of characters outside ASCII', async () => {
    const limits = { maxItems: 10, maxBytes: 60, maxAgeMs: 1_000 };
    const frame = () => ({ open: '«', separator: '·', close: '»' });
    const { deliver, vendor } = testConnection({ destination: acme({ frame }, { limits }) });
    // {"id":"e0","pad":"é…"} is 20 bytes and two for each é
    const fits = track('e0', { pad: 'é'.repeat(18) });
    const over = track('e1', { pad: 'é'.repeat(19) });
    expect(kinds(await deliver([fits, over, track('e2'), track('e3'), track('e4'), track('e5')]))).toEqual([
      'delivered',
      'rejected',
      ...Array(4).fill('delivered'),
    ]);
    for (const { sentBody } of vendor.requests) expect(sentBody.length).toBeLessThanOrEqual(60);
  });

  it('ends at its deadline while it waits for a slot', async () => {
    const on: { clock?: { sleep(ms: number): Promise<void> } } = {};
    const destination = acme({}, { ...one, pace: { concurrency: 1, timeoutMs: 60_000 } });
    const { connection, clock } = testConnection({ destination, script: (...it) => slow(on, 400)(...it) });
    on.clock = clock;
    const blocker = connection.deliver([track('slow')]);
    await clock.settle();
    const waiting = connection.deliver(tracks(50), { withinMs: 150 });
    await clock.advance(250);
    expect(codes(await clock.run(waiting))).toEqual(Array(50).fill('deferred: timeout'));
    expect(clock.now() - start).toBeLessThanOrEqual(250);
    expect(kinds(await clock.run(blocker))).toEqual(['delivered']);
  });

  it('defers at once what the pace does not let leave in time, and says when it would', async () => {
    const pace = { concurrency: 4, timeoutMs: 10_000, rate: { permits: 2, perMs: 60_000, cost: 'request' as const } };
    const { deliver, clock } = testConnection({ destination: acme({}, { ...one, pace }) });
    const outcomes = await deliver(tracks(4));
    expect(codes(outcomes)).toEqual(['delivered', 'delivered', 'deferred: rate_limited', 'deferred: rate_limited']);
    expect(outcomes[3]).toMatchObject({ retryAt: inMs(60_000) });
    expect(clock.now()).toBe(start);
  });

  it('defers everything when it has no time at all, without sending or deep recursion', async () => {
    const { deliver, vendor } = testConnection({ destination: acme({}, one) });
    const events = tracks(30_000, (n) => ({ lane: `device ${n}` }));
    const outcomes = await deliver(events, { withinMs: 0 });
    expect(new Set(codes(outcomes))).toEqual(new Set(['deferred: timeout']));
    expect(vendor.requests).toHaveLength(0);
  });

  it('shares pace and slots with the other calls of its connection', async () => {
    const pace = { concurrency: 2, timeoutMs: 10_000, rate: { permits: 10, perMs: 1_000, cost: 'item' as const } };
    const limits = { maxItems: 3, maxBytes: 10_000, maxAgeMs: 1_000 };
    const { connection, clock, vendor } = testConnection({ destination: acme({}, { pace, limits }) });
    const sent: { at: number; items: number }[] = [];
    vendor.script = ({ ids }) => {
      sent.push({ at: clock.now(), items: ids.length });
      return yes;
    };
    const calls = [tracks(20), tracks(20), tracks(20)].map((events) => connection.deliver(events));
    expect((await clock.run(Promise.all(calls))).flatMap(kinds)).toEqual(Array(60).fill('delivered'));
    expect(vendor.mostOpen).toBeLessThanOrEqual(2);
    for (const { at } of sent) {
      const window = sent.filter((other) => other.at > at - 1_000 && other.at <= at);
      expect(window.reduce((sum, { items }) => sum + items, 0)).toBeLessThanOrEqual(10);
    }
  });

  it('shares the rate of a credential with other connections', async () => {
    const pace = { concurrency: 4, timeoutMs: 10_000, rate: { permits: 3, perMs: 1_000, cost: 'request' as const } };
    const destination = acme({ paceKey: ({ account }) => account }, { ...one, pace });
    const { runtime, clock, vendor } = testConnection({ destination });
    const [first, second, stranger] = [open(runtime), open(runtime), open(runtime, {}, 'another account')];
    const calls = Promise.all([first?.deliver(tracks(3)), second?.deliver(tracks(3)), stranger?.deliver(tracks(3))]);
    await clock.settle();
    expect(vendor.requests).toHaveLength(6);
    await clock.run(calls);
    expect(vendor.requests).toHaveLength(9);
    expect(clock.now() - start).toBeGreaterThanOrEqual(1_000);
  });

  it('counts a request into the rate from when it starts, however long connecting takes', async () => {
    const pace = { concurrency: 4, timeoutMs: 10_000, rate: { permits: 2, perMs: 1_000, cost: 'request' as const } };
    const { connection, clock, vendor } = testConnection({ destination: acme({}, { ...one, pace }) });
    const started: number[] = [];
    // Slow to connect at first.
    vendor.untilConnected = async () => {
      if (clock.now() - start < 1_000) await clock.sleep(3_000);
      started.push(clock.now() - start);
    };
    const outcomes = connection.deliver(tracks(3));
    await clock.advance(3_999);
    expect(started).toEqual([3_000, 3_000]);
    expect(vendor.requests).toHaveLength(2);
    expect(kinds(await clock.run(outcomes))).toEqual(Array(3).fill('delivered'));
    expect(started).toEqual([3_000, 3_000, 4_000]);
  });

  it('counts what another connection of the credential has not started yet', async () => {
    const pace = { concurrency: 4, timeoutMs: 10_000, rate: { permits: 2, perMs: 1_000, cost: 'request' as const } };
    const destination = acme({ paceKey: ({ account }) => account }, { ...one, pace });
    const { runtime, connection, clock, vendor } = testConnection({ destination });
    const started: number[] = [];
    vendor.untilConnected = async () => {
      if (clock.now() - start < 1_000) await clock.sleep(2_500);
      started.push(clock.now() - start);
    };
    const calls = Promise.all([connection.deliver(tracks(2)), open(runtime).deliver(tracks(2))]);
    await clock.advance(3_499);
    expect(started).toEqual([2_500, 2_500]);
    await clock.run(calls);
    expect(started).toHaveLength(4);
    for (const at of started.slice(2)) expect(at).toBeGreaterThanOrEqual(3_500);
  });

  it.each([Number.NaN, -1, Number.NEGATIVE_INFINITY])(
    'takes %p ms for no wish at all: the default',
    async (withinMs) => {
      const { connection, clock } = testConnection({
        script: () => ({ status: 429, headers: { 'retry-after': '31' } }),
      });
      const patient = connection.deliver([track('a')], { withinMs });
      expect(codes(await clock.run(patient))).toEqual(['deferred: rate_limited']);
      const other = testConnection({ script: inTurn({ status: 429, headers: { 'retry-after': '29' } }) });
      expect(kinds(await other.deliver([track('a')], { withinMs }))).toEqual(['delivered']);
    },
  );

  it('sends nothing when it is stopped before it begins', async () => {
    const { deliver, vendor } = testConnection();
    const outcomes = await deliver([...tracks(3), lie(null)], { signal: AbortSignal.abort() });
    expect(codes(outcomes)).toEqual([...Array(3).fill('deferred: held_back'), 'rejected: invalid_value']);
    expect(vendor.requests).toHaveLength(0);
  });

  it('stopped during a pause says when the vendor may be asked again', async () => {
    const busy: ScriptedReply = { status: 429, headers: { 'retry-after': '20' } };
    const { connection, clock } = testConnection({ destination: acme({}, one), script: () => busy });
    const stop = new AbortController();
    const outcomes = connection.deliver(tracks(10), { signal: stop.signal });
    await clock.advance(5_000);
    stop.abort();
    for (const outcome of await clock.run(outcomes)) {
      expect(outcome).toMatchObject({ kind: 'deferred', retryAt: inMs(20_000) });
    }
    expect(clock.now() - start).toBe(5_000);
  });

  it('asked to send once, leaves every repetition to its caller, and says from when', async () => {
    const busy: ScriptedReply = { status: 429, headers: { 'retry-after': '7' } };
    const answers: ScriptedReply[] = [{ status: 503 }, { fault: 'reset' }, busy, { status: 413 }];
    const { deliver, vendor, clock } = testConnection({ script: () => answers.shift() ?? yes });
    const once = { once: true };
    expect(await deliver(tracks(2), once)).toEqual([
      expect.objectContaining({ kind: 'deferred', retryAt: inMs(250) }),
      expect.objectContaining({ kind: 'deferred', retryAt: inMs(250) }),
    ]);
    expect(codes(await deliver([track('a')], once))).toEqual(['deferred: ambiguous_delivery']);
    expect(codes(await deliver([track('a')], once))).toEqual(['deferred: rate_limited']);
    expect(vendor.total).toBe(3);
    expect(clock.now()).toBe(start);
    // Halves of what was too large are not repetitions.
    expect(kinds(await deliver(tracks(2), once))).toEqual(['delivered', 'delivered']);
    expect(vendor.total).toBe(6);
  });

  it('stopped in one call leaves the other calls alone', async () => {
    const { connection, clock } = testConnection({
      destination: acme({}, { ...one, pace: { concurrency: 1, timeoutMs: 10_000 } }),
    });
    const stop = new AbortController();
    const first = connection.deliver(tracks(20), { signal: stop.signal });
    const second = connection.deliver(tracks(20));
    stop.abort();
    const [stopped, whole] = await clock.run(Promise.all([first, second]));
    expect(new Set(kinds(stopped))).toEqual(new Set(['delivered', 'deferred']));
    expect(kinds(whole)).toEqual(Array(20).fill('delivered'));
  });

  it('keeps one outcome per event whenever it is stopped, whatever the vendor does', async () => {
    const answers: readonly ScriptedReply[] = [
      yes,
      { status: 400 },
      { status: 401 },
      { status: 413 },
      { status: 429, headers: { 'retry-after': '1' } },
      { status: 503 },
      { fault: 'reset' },
      { fault: 'refused' },
    ];
    const runs = fc.record({
      script: fc.array(fc.constantFrom(...answers), { maxLength: 30 }),
      lanes: fc.integer({ min: 0, max: 4 }),
      count: fc.integer({ min: 0, max: 40 }),
      stopAt: fc.option(fc.integer({ min: 0, max: 3_000 })),
      withinMs: fc.constantFrom(0, 300, 5_000, 60_000),
      maxItems: fc.constantFrom(1, 4),
      concurrency: fc.constantFrom(1, 3),
      replay: fc.constantFrom('harmful' as const, 'tolerated' as const),
    });
    await fc.assert(
      fc.asyncProperty(runs, async ({ script, lanes, count, stopAt, withinMs, maxItems, concurrency, replay }) => {
        const limits = { ...one.limits, maxItems };
        const destination = acme({}, { limits, replay, pace: { concurrency, timeoutMs: 10_000 } });
        const { connection, clock, vendor, signals } = testConnection({ destination });
        vendor.untilConnected = () => clock.sleep(50);
        vendor.script = inTurn(...script);
        const stop = new AbortController();
        if (stopAt !== null) void clock.sleep(stopAt).then(() => stop.abort());
        const events = tracks(count, (n) => (lanes === 0 ? {} : { lane: `l${n % lanes}`, at: n }));
        const outcomes = await clock.run(connection.deliver(events, { withinMs, signal: stop.signal }));
        expect(outcomes.map(({ eventId }) => eventId)).toEqual(events.map(({ messageId }) => messageId));
        for (const { kind } of outcomes) expect(outcomeKinds).toContain(kind);
        expect(defects(signals)).toEqual([]);
        expect(vendor.open).toBe(0);
        expect(vendor.mostOpen).toBeLessThanOrEqual(concurrency);
        await clock.run(connection.close());
      }),
      { numRuns: 150 },
    );
  });

  it('calls delivered only what the vendor accepted, and rejected or suspended only what the vendor cannot have', async () => {
    const answers: readonly ScriptedReply[] = [
      yes,
      { status: 400 },
      { status: 503 },
      { fault: 'reset' },
      { fault: 'refused' },
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...answers), { maxLength: 20 }),
        fc.boolean(),
        async (script, commits) => {
          const committed = new Set<string>();
          const { deliver } = testConnection({
            destination: acme({}, { limits: { ...one.limits, maxItems: 3 } }),
            connection: { retry: { attempts: 3 } },
            script: (request, position) => {
              const answer = script[position] ?? yes;
              const kept = 'fault' in answer ? answer.fault === 'reset' && commits : answer.status === 200;
              if (kept) for (const id of request.ids) committed.add(id);
              return answer;
            },
          });
          for (const outcome of await deliver(tracks(9))) {
            if (outcome.kind === 'delivered') expect(committed).toContain(outcome.eventId);
            else if (committed.has(outcome.eventId) && outcome.kind === 'deferred') {
              expect(outcome.reason.code).toBe('ambiguous_delivery');
            }
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it('takes 20,000 events of one device in reverse order without slowing down', async () => {
    const { deliver, vendor } = testConnection({
      destination: acme({}, { limits: { maxItems: 1_000, maxBytes: 1_000_000, maxAgeMs: 1_000 } }),
    });
    const startedAt = performance.now();
    const outcomes = await deliver(tracks(20_000, (n) => ({ lane: 'device', at: -n })));
    expect(new Set(kinds(outcomes))).toEqual(new Set(['delivered']));
    expect(vendor.requests[0]?.ids[0]).toBe('e19999');
    expect(performance.now() - startedAt).toBeLessThan(4_000);
  });
});
