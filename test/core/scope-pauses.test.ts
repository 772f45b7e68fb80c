import { describe, expect, it } from '@jest/globals';
import { errorTable, decide, type RetryDecision } from '../../core/index.ts';
import { ScopePauses } from '../../core/runtime/sending/scope-pauses.ts';
import { ManualClock, start } from '../../core/testing/kit/manual-clock.ts';
import { yes, type ScriptedReply, type Script, type Seen } from '../support/runtime/scripted-vendor.ts';
import { acme, testConnection, codes, defects, kinds, track, tracks } from '../support/runtime/test-connection.ts';

const lone = { limits: { maxItems: 1, maxBytes: 10_000, maxAgeMs: 1_000 } };
const hundred = { limits: { maxItems: 100, maxBytes: 100_000, maxAgeMs: 1_000 } };
const inMs = (ms: number): string => new Date(start + ms).toISOString();

/** The device an event names: `d7-12` is the twelfth of device 7. */
const deviceOf = (id: string): string => `device:${id.slice(1).split('-')[0]}`;
const event = (device: number, n: number, lane = false) =>
  track(`d${device}-${n}`, { scopes: [deviceOf(`d${device}`)], ...(lane ? { lane: `d${device}` } : {}) });

/** A vendor that throttles by device: a 429 of a whole request is about the device of each of its items. */
const byDevice = (limits: object = lone) =>
  acme(
    {
      response: {
        ...errorTable(),
        readReply({ response: { status, headers, body } }, { items }) {
          if (status === 429) {
            const afterMs = Number(headers['retry-after']) * 1_000;
            return items.map(({ scopes }) =>
              decide('retry', 'rate_limited', 'this device is too fast', { status, afterMs, scope: scopes?.[0] ?? '' }),
            );
          }
          if (status !== 200 || body === '') return undefined;
          const decisions = JSON.parse(body) as (RetryDecision | undefined)[];
          return decisions.map((decision) => decision ?? { kind: 'accept' });
        },
      },
    },
    limits,
  );

const busy = (seconds: number): ScriptedReply => ({ status: 429, headers: { 'retry-after': String(seconds) } });
const accepted = ({ ids }: Seen): ScriptedReply => ({ status: 200, body: ids.map(() => null) });
/** Throttles one device, for ever. */
const hot =
  (device: number, seconds: number): Script =>
  (seen) =>
    seen.ids.some((id) => deviceOf(id) === `device:${device}`) ? busy(seconds) : accepted(seen);

describe('F-17 a vendor that throttles one device', () => {
  it.each([
    ['in lanes', true],
    ['without lanes', false],
  ])('F-17 goes on with 49 others %s: 3,000 events, of which it takes 2,940 within 10 s', async (_, lane) => {
    const { connection, clock, vendor } = testConnection({ destination: byDevice(), script: hot(7, 2) });
    const events = Array.from({ length: 3_000 }, (__, n) => event(n % 50, n, lane));
    const settled = new Map<number, string>();
    const all = connection.deliver(events, {
      withinMs: 30_000,
      settled: (position, { kind }) => void settled.set(position, kind),
    });
    for (let turn = 0; turn < 10; turn++) await clock.settle();
    await clock.advance(10_000);
    expect([...settled.values()].filter((kind) => kind === 'delivered')).toHaveLength(2_940);
    const asked = vendor.requests.filter(({ ids }) => ids.some((id) => id.startsWith('d7-'))).length;
    expect(asked).toBeLessThanOrEqual(10);
    const outcomes = await clock.run(all);
    expect(outcomes.filter(({ kind }) => kind === 'deferred')).toHaveLength(60);
  });

  it('F-17 takes no slot, no permit and no place of the others while it waits', async () => {
    const pace = { concurrency: 2, timeoutMs: 10_000, rate: { permits: 10, perMs: 1_000, cost: 'item' as const } };
    const { connection, clock, vendor } = testConnection({
      destination: byDevice({ ...lone, pace }),
      script: hot(500, 20),
    });
    const first = connection.deliver([event(500, 0)], { withinMs: 30_000 });
    await clock.settle();
    const waiting = connection.deliver(
      Array.from({ length: 500 }, (_, n) => event(500, n + 1)),
      { withinMs: 30_000 },
    );
    await clock.settle();
    const others = await clock.run(connection.deliver(tracks(100)));
    expect([...new Set(codes(others))]).toEqual(['delivered']);
    expect(clock.now() - start).toBeLessThanOrEqual(10_200);
    expect(vendor.requests).toHaveLength(101);
    await clock.run(Promise.all([first, waiting]));
  });

  it('F-17 leaves the others of the same request their own answers, and each scope its own time', async () => {
    const script: Script = (seen, position) =>
      position > 0
        ? accepted(seen)
        : {
            status: 200,
            body: seen.ids.map((id) =>
              id === 'e'
                ? null
                : {
                    kind: 'retry',
                    reason: { code: 'rate_limited', message: 'too fast' },
                    afterMs: id.startsWith('d1') ? 2_000 : 5_000,
                    scope: deviceOf(id),
                  },
            ),
          };
    const { connection, clock, vendor } = testConnection({ destination: byDevice(hundred), script });
    const outcomes = connection.deliver([event(1, 0), event(2, 0), track('e'), event(1, 1), event(2, 1)]);
    await clock.advance(1_999);
    expect(vendor.requests).toHaveLength(1);
    await clock.advance(1);
    expect(vendor.requests.at(-1)?.ids).toEqual(['d1-0', 'd1-1']);
    await clock.advance(2_999);
    expect(vendor.requests).toHaveLength(2);
    expect(kinds(await clock.run(outcomes))).toEqual(Array(5).fill('delivered'));
    expect(vendor.requests.at(-1)?.ids).toEqual(['d2-0', 'd2-1']);
  });

  it('F-17 sends what waited one by one first, and faster with every yes', async () => {
    let open = false;
    const { connection, clock, vendor } = testConnection({
      destination: byDevice(),
      script: (seen) => (open ? accepted(seen) : busy(5)),
    });
    const outcomes = connection.deliver(Array.from({ length: 100 }, (_, n) => event(1, n)));
    await clock.advance(4_999);
    expect(vendor.requests.length).toBeLessThanOrEqual(4);
    const before = vendor.requests.length;
    await clock.advance(1);
    expect(vendor.requests.length - before).toBe(1);
    open = true;
    expect(kinds(await clock.run(outcomes))).toEqual(Array(100).fill('delivered'));
    expect(clock.now() - start).toBeLessThanOrEqual(10_100);
    expect(vendor.mostOpen).toBeLessThanOrEqual(4);
  });

  it('F-17 keeps the order of a lane that waits', async () => {
    let open = false;
    const { connection, clock, vendor } = testConnection({
      destination: byDevice(),
      script: (seen) => (open ? accepted(seen) : busy(3)),
    });
    const outcomes = connection.deliver(Array.from({ length: 20 }, (_, n) => event(1, n, true)));
    await clock.advance(2_000);
    open = true;
    expect(kinds(await clock.run(outcomes))).toEqual(Array(20).fill('delivered'));
    expect(vendor.requests.slice(1).flatMap(({ ids }) => ids)).toEqual(Array.from({ length: 20 }, (_, n) => `d1-${n}`));
  });

  it('F-17 keeps the whole batch of a lane waiting for one event in it, so that nobody overtakes', async () => {
    const { connection, clock, vendor } = testConnection({
      destination: byDevice(hundred),
      script: (seen, position) => (position === 0 ? busy(3) : accepted(seen)),
    });
    const first = connection.deliver([event(1, 0)]);
    await clock.settle();
    const inOneLane = [2, 1, 3].map((device, at) =>
      track(`d${device}-1`, { scopes: [deviceOf(`d${device}`)], lane: 'a person', at }),
    );
    const outcomes = connection.deliver(inOneLane);
    await clock.advance(2_999);
    expect(vendor.requests.map(({ ids }) => ids)).toEqual([['d1-0']]);
    expect(kinds(await clock.run(outcomes))).toEqual(Array(3).fill('delivered'));
    expect(kinds(await first)).toEqual(['delivered']);
    expect(vendor.requests.flatMap(({ ids }) => ids)).toEqual(['d1-0', 'd1-0', 'd2-1', 'd1-1', 'd3-1']);
  });

  it('F-17 is obeyed up to the cap of Retry-After; an event that cannot wait so long is returned with its scope', async () => {
    const { deliver } = testConnection({
      destination: byDevice(),
      script: hot(1, 999_999),
      connection: { retry: { retryAfterCapMs: 60_000 } },
    });
    const outcomes = await deliver([event(1, 0), event(1, 1), event(2, 0)]);
    const late = { kind: 'deferred', retryAt: inMs(60_000), scope: 'device:1' };
    expect(outcomes).toMatchObject([late, late, { kind: 'delivered' }]);
    // The one that never left is not told the answer of the other, and is no failure of the vendor's.
    expect(new Set(codes(outcomes.slice(0, 2)))).toEqual(new Set(['deferred: rate_limited']));
    expect(codes(await deliver([event(1, 3)]))).toEqual(['deferred: held_back']);
  });

  it('F-17 has nothing of its scope waiting in the call of a host that tries again itself', async () => {
    const { deliver, vendor, clock } = testConnection({ destination: byDevice(), script: hot(1, 5) });
    const events = [event(1, 0), event(2, 0), event(1, 1), event(2, 1)];
    const first = await deliver(events, { once: true });
    expect(kinds(first)).toEqual(['deferred', 'delivered', 'deferred', 'delivered']);
    for (const outcome of [first[0], first[2]])
      expect(outcome).toMatchObject({ scope: 'device:1', retryAt: inMs(5_000) });
    const before = vendor.requests.length;
    expect(codes(await deliver([event(1, 2)], { once: true }))).toEqual(['deferred: held_back']);
    expect(vendor.requests).toHaveLength(before);
    expect(clock.now()).toBe(start);
  });

  it('F-17 has no more of a scope waiting than a lane may hold: the rest of a stream goes on', async () => {
    const { connection, clock } = testConnection({ destination: byDevice(), script: hot(1, 30) });
    const events = Array.from({ length: 2_000 }, (_, n) => event(n % 2, n));
    const counts = new Map<string, number>();
    const read = (async () => {
      for await (const { outcome } of connection.stream(events, { window: 80, withinMs: 60_000 })) {
        const what = outcome.kind === 'deferred' ? `${outcome.kind} ${outcome.scope ?? ''}` : outcome.kind;
        counts.set(what, (counts.get(what) ?? 0) + 1);
      }
    })();
    await clock.advance(5_000);
    expect(counts.get('delivered')).toBe(1_000);
    expect(counts.get('deferred device:1')).toBeGreaterThanOrEqual(980);
    await clock.run(read);
    expect([...counts.values()].reduce((sum, count) => sum + count)).toBe(2_000);
  });

  it.each([true, false])(
    'F-17 does not stop a stream when so many devices wait that they fill its window (lanes: %s)',
    async (lane) => {
      const script: Script = (seen) => (seen.ids.some((id) => id.startsWith('d9')) ? busy(30) : accepted(seen));
      const { connection, clock } = testConnection({ destination: byDevice(), script });
      const events = Array.from({ length: 1_000 }, (_, n) => event(n % 10 === 0 ? 1_000 + n : 90 + (n % 10), n, lane));
      let delivered = 0;
      let read = 0;
      const all = (async () => {
        for await (const { outcome } of connection.stream(events, { window: 80, withinMs: 60_000 })) {
          read += 1;
          if (outcome.kind === 'delivered') delivered += 1;
        }
      })();
      await clock.advance(20_000);
      expect(delivered).toBeGreaterThanOrEqual(95);
      await clock.run(all);
      expect({ delivered, read }).toEqual({ delivered: 100, read: 1_000 });
    },
  );

  it.each<[string, (b: ReturnType<typeof testConnection>, stop: AbortController) => unknown]>([
    ['is stopped', (_, stop) => stop.abort()],
    ['has its connection closed', ({ connection }) => connection.close()],
  ])('F-17 leaves nothing behind in a call that %s', async (_, end) => {
    const made = testConnection({ destination: byDevice(), script: hot(1, 20) });
    const { connection, clock } = made;
    const stop = new AbortController();
    const outcomes = connection.deliver(
      Array.from({ length: 10 }, (__, n) => event(1, n)),
      { signal: stop.signal },
    );
    await clock.advance(1_000);
    void end(made, stop);
    const settled = await clock.run(outcomes);
    expect(settled).toMatchObject(Array(10).fill({ kind: 'deferred', scope: 'device:1', retryAt: inMs(20_000) }));
    expect(clock.now()).toBe(start + 1_000);
  });

  it('F-17 settles what waits as soon as the connection is suspended', async () => {
    const script: Script = (seen) => (seen.ids[0] === 'bad' ? { status: 401 } : hot(1, 20)(seen, 0));
    const { connection, clock } = testConnection({ destination: byDevice(), script });
    const waiting = connection.deliver(Array.from({ length: 3 }, (_, n) => event(1, n)));
    await clock.advance(1_000);
    await clock.run(connection.deliver([track('bad')]));
    expect(kinds(await clock.run(waiting))).toEqual(Array(3).fill('suspended'));
    expect(clock.now()).toBe(start + 1_000);
  });

  it('F-17 that names a scope its item does not declare holds all, and is told as a defect', async () => {
    const readReply = () => [decide('retry', 'rate_limited', 'too fast', { afterMs: 5_000, scope: 'device:9' })];
    let asked = 0;
    const destination = acme(
      {
        response: {
          ...errorTable(),
          readReply: () => (asked++ === 0 ? readReply() : [{ kind: 'accept' }]),
        },
      },
      lone,
    );
    const { connection, clock, signals, vendor } = testConnection({ destination });
    const first = connection.deliver([event(1, 0)]);
    await clock.settle();
    const second = connection.deliver([event(2, 0)]);
    await clock.advance(4_999);
    expect(vendor.requests).toHaveLength(1);
    expect(kinds(await clock.run(Promise.all([first, second]).then((both) => both.flat())))).toEqual([
      'delivered',
      'delivered',
    ]);
    expect(defects(signals)).toEqual(['response']);
  });
});

describe('F-17 an event put off', () => {
  const putOff = (afterMs: number | undefined) => {
    const extra = { scope: 'device:1', ...(afterMs === undefined ? {} : { afterMs }) };
    return acme(
      {
        response: {
          ...errorTable({
            rows: [{ status: 409, means: decide('defer', 'vendor_unavailable', 'not this one, not now', extra) }],
          }),
        },
      },
      lone,
    );
  };
  const script: Script = ({ ids }) => (ids[0] === 'd1-0' ? { status: 409 } : yes);

  it.each([
    ['the time the vendor names', 7_000, 7_000],
    ['no more than the cap', 9_999_999, 300_000],
    ['the normal back-off where it names none', undefined, 250],
    ['the normal back-off where it names nonsense', Number.NaN, 250],
  ])('F-17 comes back at once, with %s, and holds nothing but its lane', async (_, afterMs, ms) => {
    const { deliver, clock, vendor } = testConnection({ destination: putOff(afterMs), script });
    const outcomes = await deliver([event(1, 0), event(1, 1), event(2, 0)]);
    expect(outcomes).toMatchObject([
      { kind: 'deferred', reason: { code: 'vendor_unavailable', status: 409 }, retryAt: inMs(ms), scope: 'device:1' },
      { kind: 'delivered' },
      { kind: 'delivered' },
    ]);
    expect(vendor.requests).toHaveLength(3);
    expect(clock.now()).toBe(start);
    const laned = await deliver([event(1, 0, true), event(1, 1, true), event(2, 0, true)]);
    expect(codes(laned)).toEqual(['deferred: vendor_unavailable', 'deferred: held_back', 'delivered']);
  });

  it('F-17 keeps what comes after it in the same request of its lane from overtaking it', async () => {
    const readReply = ({ response }: { response: { body: string } }) => JSON.parse(response.body) as RetryDecision[];
    const destination = acme({ response: { ...errorTable(), readReply } });
    const no = (kind: string) => ({ kind, reason: { code: 'vendor_rejected', message: 'no' } });
    const body = [{ kind: 'accept' }, no('defer'), no('retry'), no('isolate'), no('split')];
    const { deliver, vendor } = testConnection({ destination, script: () => ({ status: 200, body }) });
    const outcomes = await deliver(tracks(5, () => ({ lane: 'd' })));
    expect(codes(outcomes)).toEqual([
      'delivered',
      'deferred: vendor_rejected',
      'deferred: held_back',
      'deferred: held_back',
      'deferred: held_back',
    ]);
    expect(vendor.requests).toHaveLength(1);
  });
});

describe('scopes that are held', () => {
  it('F-17 are forgotten once their time is over, however many there were', async () => {
    const clock = new ManualClock();
    const holds = new ScopePauses(clock);
    for (let n = 0; n < 1_000; n++) {
      holds.pauseUntil(`device:${n}`, clock.now() + 10);
      await clock.advance(11);
    }
    expect(holds.any).toBe(true);
    let known = 0;
    for (let n = 0; n < 1_000; n++) if (holds.against([`device:${n}`], undefined) !== undefined) known += 1;
    expect(known).toBe(0);
    expect(holds.any).toBe(false);
    expect(clock.sleepers).toBe(0);
  });
});
