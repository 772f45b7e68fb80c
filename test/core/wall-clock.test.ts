// Tests core/policy/clock.ts and core/runtime/host-clock.ts, through connections on the system’s clocks.
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { createRuntime, type AnyDestination, type ConnectionOptions } from '../../core/index.ts';
import { inTurn, ScriptedVendor, yes, type Script } from '../support/runtime/scripted-vendor.ts';
import { acme, collect, kinds, open, track, tracks, type TrackOptions } from '../support/runtime/test-connection.ts';

const hour = 3_600_000;
const one = { limits: { maxItems: 1, maxBytes: 10_000, maxAgeMs: 100 } };

/** The clock on the wall, which a test sets; everything else of the system goes on as it does. */
const wall = { byMs: 0 };
const real = Date.now.bind(Date);

/** A connection on the clocks of the system. */
function onSystemClock(script: Script, destination: AnyDestination = acme({}, one), options?: ConnectionOptions) {
  wall.byMs = 0;
  jest.spyOn(Date, 'now').mockImplementation(() => real() + wall.byMs);
  const vendor = new ScriptedVendor(script);
  const runtime = createRuntime({ destinations: [destination], dispatcher: () => vendor });
  return { vendor, connection: open(runtime, options) };
}

/** Sets the clock once the vendor was asked, and has had the time to answer. */
async function setInMidFlight(vendor: ScriptedVendor, byMs: number): Promise<void> {
  while (vendor.total === 0) await pause(2);
  await pause(40);
  wall.byMs = byMs;
}

const tookMs = async (run: () => Promise<unknown>): Promise<number> => {
  const startedAt = performance.now();
  await run();
  return performance.now() - startedAt;
};

describe.each([
  ['back', -hour],
  ['ahead', hour],
])('the clock is set %s by an hour in mid-flight', (_, byMs) => {
  afterEach(() => void jest.restoreAllMocks());

  it('F-13 a pause that the vendor asked for is as long as it was', async () => {
    const { connection, vendor } = onSystemClock(inTurn({ status: 429, headers: { 'retry-after': '1' } }));
    const took = await tookMs(async () => {
      const outcomes = connection.deliver(tracks(5), { withinMs: 10_000 });
      await setInMidFlight(vendor, byMs);
      expect(kinds(await outcomes)).toEqual(Array(5).fill('delivered'));
    });
    expect(took).toBeGreaterThan(900);
    expect(took).toBeLessThan(5_000);
  });

  it('F-13 the pace goes on as it was', async () => {
    const rate = { permits: 2, perMs: 200, cost: 'request' as const };
    const { connection, vendor } = onSystemClock(
      () => yes,
      acme({}, { ...one, pace: { concurrency: 4, timeoutMs: 10_000, rate } }),
    );
    const took = await tookMs(async () => {
      const outcomes = connection.deliver(tracks(8), { withinMs: 10_000 });
      await setInMidFlight(vendor, byMs);
      expect(kinds(await outcomes)).toEqual(Array(8).fill('delivered'));
    });
    expect(took).toBeGreaterThan(550);
    expect(took).toBeLessThan(5_000);
  });

  it('F-13 what is in flight has the time that it had', async () => {
    const { connection, vendor } = onSystemClock(
      async () => {
        await pause(600);
        return yes;
      },
      acme({}, { ...one, replay: 'harmful' }),
    );
    const outcomes = connection.deliver(tracks(2), { withinMs: 10_000 });
    await setInMidFlight(vendor, byMs);
    expect(kinds(await outcomes)).toEqual(['delivered', 'delivered']);
  });

  it('F-13 what gets no answer ends in its time, whoever sends it', async () => {
    const silent = acme({}, { ...one, pace: { concurrency: 4, timeoutMs: 400 } });
    const { request: _request, ...parts } = acme({}, one);
    const hanging = { ...parts, send: () => new Promise<never>(() => undefined) } as unknown as AnyDestination;
    for (const destination of [silent, hanging]) {
      const { connection, vendor } = onSystemClock(() => ({ fault: 'silence' }), destination);
      const took = await tookMs(async () => {
        const outcomes = connection.deliver(tracks(1), { withinMs: 400 });
        if (destination === silent) await setInMidFlight(vendor, byMs);
        else await pause(20).then(() => (wall.byMs = byMs));
        expect(kinds(await outcomes)).toEqual(['deferred']);
      });
      expect(took).toBeGreaterThan(350);
      expect(took).toBeLessThan(3_000);
    }
  });

  it('F-13 a stream sends what waits for company at its age', async () => {
    const { connection, vendor } = onSystemClock(
      () => yes,
      acme({}, { limits: { maxItems: 10, maxBytes: 10_000, maxAgeMs: 300 } }),
    );
    async function* source() {
      yield track('first');
      wall.byMs = byMs;
      yield track('second');
      const asked = tookMs(async () => {
        while (vendor.total === 0) await pause(5);
      });
      expect(await asked).toBeGreaterThan(150);
      yield track('third');
    }
    const took = await tookMs(async () => {
      const settled = await collect(connection.stream(source(), { withinMs: 5_000 }));
      expect(kinds(settled.map(({ outcome }) => outcome))).toEqual(Array(3).fill('delivered'));
    });
    expect(took).toBeLessThan(3_000);
  });

  it('F-13 a lane behind a deferred event goes on when that may, and dates are those of the wall', async () => {
    const { connection, vendor } = onSystemClock(inTurn({ status: 503 }), acme({}, one), {
      retry: { attempts: 1, baseMs: 1_000 },
    });
    const lane: TrackOptions = { lane: 'a' };
    async function* source() {
      yield track('first', { ...lane, at: 1 });
      await setInMidFlight(vendor, byMs);
      await pause(1_300);
      yield track('second', { ...lane, at: 2 });
    }
    const settled = await collect(connection.stream(source(), { withinMs: 5_000 }));
    const [first, second] = settled.toSorted((a, b) => a.index - b.index).map(({ outcome }) => outcome);
    expect([first?.kind, second?.kind]).toEqual(['deferred', 'delivered']);
    const retryAt = Date.parse((first as { retryAt: string }).retryAt);
    expect(Math.min(Math.abs(retryAt - real()), Math.abs(retryAt - real() - byMs))).toBeLessThan(10_000);
  });
});
