// Tests core/runtime/stream.ts, with a pace that is slower than its source.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { errorTable, decide, type DestinationManifest } from '../../core/index.ts';
import { start } from '../../core/testing/kit/manual-clock.ts';
import { yes, type Script } from '../support/runtime/scripted-vendor.ts';
import {
  acme,
  testConnection,
  codes,
  collect,
  defects,
  kinds,
  open,
  tracks,
} from '../support/runtime/test-connection.ts';

type Rate = NonNullable<DestinationManifest['pace']['rate']>;

const paced = (rate: Rate, maxItems: number, concurrency = 4) =>
  acme(
    {},
    { limits: { maxItems, maxBytes: 100_000, maxAgeMs: 1_000 }, pace: { concurrency, timeoutMs: 10_000, rate } },
  );

const perSecond: Rate = { permits: 1, perMs: 1_000, cost: 'request' };

describe('a stream at a slow pace', () => {
  it('F-14 reads no further than what can leave in time: all of a file is delivered', async () => {
    const { stream, clock, signals } = testConnection({ destination: paced(perSecond, 1) });
    const settled = await stream(tracks(300), { withinMs: 20_000 });
    expect(codes(settled.map(({ outcome }) => outcome))).toEqual(Array(300).fill('delivered'));
    expect((clock.now() - start) / 1_000).toBeCloseTo(299, 0);
    expect(defects(signals)).toEqual([]);
  });

  it.each<[string, Rate, number, number]>([
    ['a window that lets all out at once', { permits: 20, perMs: 15_000, cost: 'request' }, 1, 20_000],
    ['a rate of items', { permits: 10, perMs: 1_000, cost: 'item' }, 5, 10_000],
    ['a rate of requests with many events', perSecond, 10, 10_000],
    ['a window almost as long as the patience', { permits: 5, perMs: 18_000, cost: 'item' }, 1, 20_000],
  ])('F-14 defers nothing with %s', async (_, rate, maxItems, withinMs) => {
    const { stream, clock } = testConnection({ destination: paced(rate, maxItems) });
    const settled = await stream(tracks(200), { withinMs });
    expect(new Set(kinds(settled.map(({ outcome }) => outcome)))).toEqual(new Set(['delivered']));
    const least = (200 / (rate.cost === 'item' ? rate.permits : rate.permits * maxItems) - 1) * rate.perMs;
    expect(clock.now() - start).toBeLessThan(least * 1.2 + 20_000);
  });

  it('F-14 fills its batches, however long they wait for the pace', async () => {
    const { stream, vendor } = testConnection({ destination: paced(perSecond, 10) });
    await stream(tracks(300), { withinMs: 10_000 });
    expect(vendor.requests.map(({ ids }) => ids.length)).toEqual(Array(30).fill(10));
  });

  it('F-14 fills its batches when a window lasts nearly as long as an event may take, too', async () => {
    const { stream, vendor, clock } = testConnection({
      destination: paced({ permits: 1, perMs: 10_000, cost: 'request' }, 10),
    });
    const settled = await stream(tracks(100), { withinMs: 12_000 });
    expect(new Set(kinds(settled.map(({ outcome }) => outcome)))).toEqual(new Set(['delivered']));
    expect(vendor.requests.map(({ ids }) => ids.length)).toEqual(Array(10).fill(10));
    expect(clock.now() - start).toBe(90_000);
  });

  it('F-14 F-17 sends the others while all that is on its way waits for its scope', async () => {
    const means = decide('retry', 'rate_limited', 'slow down', { scope: 'device', afterMs: 5_000 });
    const destination = {
      ...paced({ permits: 1, perMs: 10_000, cost: 'request' }, 10),
      response: { ...errorTable({ rows: [{ status: 429, means }] }) },
    };
    const script: Script = ({ ids }) => (ids[0] === 'e0' ? { status: 429 } : yes);
    const { stream, vendor } = testConnection({ destination, script });
    const settled = await stream(
      tracks(20, (n) => (n < 10 ? { scopes: ['device'] } : {})),
      { withinMs: 12_000 },
    );
    expect(vendor.requests.map(({ ids }) => ids[0])).toEqual(['e0', 'e10']);
    expect(settled.filter(({ outcome }) => outcome.kind === 'delivered').map(({ index }) => index)).toEqual(
      Array.from({ length: 10 }, (_, n) => n + 10),
    );
  });

  it('F-14 waits for company no longer than it may, whoever else uses up the pace', async () => {
    const { connection, clock } = testConnection({ destination: paced(perSecond, 10, 8) });
    const others = connection.deliver(tracks(400), { withinMs: 600_000 });
    await clock.settle();
    expect(await clock.run(collect(connection.stream(tracks(3), { withinMs: 12_000 })))).toHaveLength(3);
    expect(clock.now() - start).toBeLessThanOrEqual(3 * 12_000);
    await clock.run(others);
  });

  it('F-14 keeps to it with groups and lanes, and with many waiting in one', async () => {
    for (const travel of [
      (n: number) => ({ group: `g${n % 3}` }),
      (n: number) => ({ lane: `l${n % 7}`, at: n }),
      (n: number) => ({ lane: `l${n}`, at: n }),
    ]) {
      const { stream } = testConnection({ destination: paced(perSecond, 1) });
      const settled = await stream(tracks(120, travel), { withinMs: 20_000, window: 400 });
      expect(new Set(kinds(settled.map(({ outcome }) => outcome)))).toEqual(new Set(['delivered']));
    }
  });

  it('F-14 two streams of a connection share it', async () => {
    const { connection, clock } = testConnection({
      destination: paced({ permits: 2, perMs: 1_000, cost: 'request' }, 1),
    });
    const settled = await clock.run(
      Promise.all([
        collect(connection.stream(tracks(80), { withinMs: 20_000 })),
        collect(connection.stream(tracks(80), { withinMs: 20_000 })),
      ]),
    );
    expect(new Set(kinds(settled.flat().map(({ outcome }) => outcome)))).toEqual(new Set(['delivered']));
  });

  it('F-14 does not wait a day: what a quota does not let leave in time is deferred at once', async () => {
    const daily: Rate = { permits: 10, perMs: 86_400_000, cost: 'request' };
    const { stream, clock } = testConnection({ destination: paced(daily, 5) });
    const settled = await stream(tracks(200), { withinMs: 20_000 });
    const told = codes(settled.toSorted((a, b) => a.index - b.index).map(({ outcome }) => outcome));
    expect(told.filter((code) => code === 'delivered')).toHaveLength(50);
    expect(told.filter((code) => code === 'deferred: rate_limited')).toHaveLength(150);
    expect(clock.now() - start).toBeLessThan(20_000);
  });

  it('F-14 a call of deliver() has its deadline from the call', async () => {
    const { deliver, clock } = testConnection({ destination: paced(perSecond, 1) });
    const outcomes = await deliver(tracks(30), { withinMs: 10_000 });
    expect(kinds(outcomes).filter((kind) => kind === 'delivered').length).toBeGreaterThanOrEqual(10);
    expect(kinds(outcomes)).toContain('deferred');
    expect(clock.now() - start).toBeLessThanOrEqual(10_000);
  });

  it('F-14 never stands still, whatever the rate, groups, lanes and patience', async () => {
    const runs = fc.record({
      permits: fc.integer({ min: 1, max: 12 }),
      perMs: fc.constantFrom(50, 1_000, 30_000, 86_400_000),
      cost: fc.constantFrom('item' as const, 'request' as const),
      maxItems: fc.integer({ min: 1, max: 6 }),
      concurrency: fc.integer({ min: 1, max: 5 }),
      count: fc.integer({ min: 0, max: 60 }),
      spread: fc.integer({ min: 1, max: 8 }),
      laned: fc.boolean(),
      window: fc.integer({ min: 1, max: 60 }),
      withinMs: fc.constantFrom(0, 100, 2_000, 60_000),
      stopAt: fc.option(fc.integer({ min: 0, max: 5_000 }), { freq: 2 }),
    });
    await fc.assert(
      fc.asyncProperty(runs, async ({ permits, perMs, cost, maxItems, concurrency, count, spread, ...rest }) => {
        const { laned, window, withinMs, stopAt } = rest;
        const made = testConnection({ destination: paced({ permits, perMs, cost }, maxItems, concurrency) });
        made.vendor.script = async () => {
          await made.clock.sleep(20);
          return yes;
        };
        const stop = new AbortController();
        const unstop = stopAt === null ? () => undefined : made.clock.after(stopAt, () => stop.abort());
        const events = tracks(count, (n) => (laned ? { lane: `l${n % spread}`, at: n } : { group: `g${n % spread}` }));
        const settled = await made.clock.run(
          collect(open(made.runtime).stream(events, { window, withinMs, signal: stop.signal })),
        );
        if (stopAt === null) expect(settled).toHaveLength(count);
        expect(new Set(settled.map(({ index }) => index)).size).toBe(settled.length);
        expect(defects(made.signals)).toEqual([]);
        unstop();
        expect(made.clock.sleepers).toBe(0);
      }),
      { numRuns: 80 },
    );
  }, 60_000);
});
