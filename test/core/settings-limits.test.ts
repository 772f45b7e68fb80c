import { describe, expect, it, jest } from '@jest/globals';
import {
  createRuntime,
  type ConnectionOptions,
  type Pace,
  type RuntimeOptions,
  type Signal,
} from '../../core/index.ts';
import { ScriptedVendor } from '../support/runtime/scripted-vendor.ts';
import {
  acme,
  codes,
  defects,
  kinds,
  open,
  testConnection,
  track,
  tracks,
  type TestDestination,
} from '../support/runtime/test-connection.ts';

const one = { limits: { maxItems: 1, maxBytes: 10_000, maxAgeMs: 0 } };
const manifestPace: Pace = { concurrency: 4, timeoutMs: 10_000 };
const perSecond = (permits: number) => ({ permits, perMs: 1_000, cost: 'item' as const });

/** The most requests that were open at once. */
async function mostOpen(
  own: Partial<Pace>,
  connection: ConnectionOptions = {},
  runtime: Partial<RuntimeOptions> = {},
): Promise<number> {
  const destination = acme({ paceFor: () => own }, { ...one, pace: manifestPace });
  const { deliver, vendor } = testConnection({ destination, connection, runtime });
  await deliver(tracks(20));
  return vendor.mostOpen;
}

/** How many events leave within a second at the most, of 20. */
async function inOneSecond(destination: TestDestination, runtime: Partial<RuntimeOptions> = {}): Promise<number> {
  const { connection, clock, vendor } = testConnection({ destination, runtime });
  const outcomes = connection.deliver(tracks(20));
  await clock.advance(999);
  const left = vendor.requests.flatMap(({ ids }) => ids).length;
  expect(kinds(await clock.run(outcomes))).toEqual(Array(20).fill('delivered'));
  return left;
}

describe('paceFor()', () => {
  it('is asked once, with the settings', () => {
    const paceFor = jest.fn(() => ({}));
    testConnection({ destination: acme({ paceFor }) });
    expect(paceFor.mock.calls).toEqual([[{ account: 'a-1' }]]);
  });

  it('lowers the concurrency, and never raises it', async () => {
    expect(await mostOpen({})).toBe(4);
    expect(await mostOpen({ concurrency: 2 })).toBe(2);
    expect(await mostOpen({ concurrency: 9 })).toBe(4);
  });

  it('holds below what the host program grants and the connection asks for, and lets both lower it', async () => {
    const granted = (concurrency: number) => ({ pace: { acme: { concurrency } } });
    expect(await mostOpen({ concurrency: 2 }, { pace: { concurrency: 3 } })).toBe(2);
    expect(await mostOpen({ concurrency: 3 }, { pace: { concurrency: 2 } })).toBe(2);
    expect(await mostOpen({ concurrency: 6 }, {}, granted(8))).toBe(6);
    expect(await mostOpen({ concurrency: 3 }, {}, granted(1))).toBe(1);
  });

  it.each([
    ['shorter', { timeoutMs: 60 }, 60_000],
    ['longer', { timeoutMs: 60_000 }, 60],
  ])('with a timeout that is %s than the manifest’s waits for the shorter of the two', async (_, own, timeoutMs) => {
    const pace = { concurrency: 1, timeoutMs };
    const destination = acme({ paceFor: () => own }, { ...one, pace, replay: 'harmful' });
    const vendor = new ScriptedVendor(() => ({ fault: 'silence' }));
    const connection = open(createRuntime({ destinations: [destination], dispatcher: () => vendor }));
    const startedAt = performance.now();
    expect(codes(await connection.deliver(tracks(1), { withinMs: 30_000 }))).toEqual(['unknown: ambiguous_delivery']);
    expect(performance.now() - startedAt).toBeGreaterThan(50);
  });

  it('adds a rate to that of the manifest, which goes on to hold', async () => {
    const at = (own: Partial<Pace>, rate?: Pace['rate']) =>
      acme({ paceFor: () => own }, { pace: { ...manifestPace, ...(rate && { rate }) } });
    expect(await inOneSecond(at({ rate: perSecond(4) }))).toBe(4);
    expect(await inOneSecond(at({ rate: perSecond(4) }, perSecond(12)))).toBe(4);
    expect(await inOneSecond(at({ rate: perSecond(12) }, perSecond(4)))).toBe(4);
    expect(
      await inOneSecond(at({ rate: perSecond(4) }, perSecond(12)), { pace: { acme: { rate: perSecond(100) } } }),
    ).toBe(4);
  });

  it('with the very rate of the manifest counts no event twice', async () => {
    const parts = { paceFor: () => ({ rate: perSecond(6) }), paceKey: () => 'account' };
    expect(await inOneSecond(acme(parts, { ...one, pace: { ...manifestPace, rate: perSecond(6) } }))).toBe(6);
  });

  it('shares its rate among the connections of an account', async () => {
    const destination = acme({ paceFor: () => ({ rate: perSecond(4) }), paceKey: () => 'account' }, one);
    const { runtime, connection, clock, vendor } = testConnection({ destination });
    const both = [connection, open(runtime, { id: 'other' }, 'a-2')].map((each) => each.deliver(tracks(6)));
    await clock.advance(999);
    expect(vendor.requests).toHaveLength(4);
    await clock.run(Promise.all(both));
  });
});

describe('limitsFor()', () => {
  it('sets a limit that the manifest lacks', async () => {
    const limits = { maxItems: 10, maxAgeMs: 1_000 } as never;
    const { deliver, vendor } = testConnection({
      destination: acme({ limitsFor: () => ({ maxBytes: 30 }) }, { limits }),
    });
    await deliver([track('e0'), track('e1'), track('e2')]);
    expect(vendor.requests.map(({ ids }) => ids.length)).toEqual([2, 1]);
  });
});

describe('what is no limit and no pace', () => {
  it.each<[string, object]>([
    ['limitsFor() returned something invalid at maxItems', { limitsFor: () => ({ maxItems: 0 }) }],
    ['limitsFor() returned something invalid at maxBytes', { limitsFor: () => ({ maxBytes: Number.NaN }) }],
    ['limitsFor() returned something invalid at maxItemBytes', { limitsFor: () => ({ maxItemBytes: 0 }) }],
    ['limitsFor() returned something invalid at requestsPerDay', { limitsFor: () => ({ requestsPerDay: -1 }) }],
    ['limitsFor() returned something invalid', { limitsFor: () => ({ maxItem: 5 }) }],
    ['limitsFor() returned something invalid', { limitsFor: () => undefined }],
    ['paceFor() returned something invalid at concurrency', { paceFor: () => ({ concurrency: 0.5 }) }],
    ['paceFor() returned something invalid at timeoutMs', { paceFor: () => ({ timeoutMs: Number.NaN }) }],
    ['paceFor() returned something invalid at rate at permits', { paceFor: () => ({ rate: perSecond(0) }) }],
    ['paceFor() returned something invalid', { paceFor: async () => Promise.reject(new Error('later')) }],
  ])('opens no connection: %s', (error, parts) => {
    const signals: Signal[] = [];
    const destination = acme(parts as Partial<TestDestination>);
    const runtime = createRuntime({ destinations: [destination], onSignal: (signal) => signals.push(signal) });
    expect(runtime.open('acme', { account: 'a-1' })).toMatchObject({ kind: 'invalid', issues: [{ path: 'config' }] });
    expect(signals).toMatchObject([{ kind: 'defect', error: expect.stringContaining(`: ${error}`) }]);
    expect(defects(signals)).toEqual(['prepare']);
  });

  it('undefined parts say nothing', async () => {
    const nothing = {
      limitsFor: () => ({ maxItems: undefined }),
      paceFor: () => ({ concurrency: undefined, rate: undefined }),
    };
    const { deliver, vendor } = testConnection({ destination: acme(nothing) });
    expect(kinds(await deliver(tracks(10)))).toEqual(Array(10).fill('delivered'));
    expect(vendor.requests.map(({ ids }) => ids.length)).toEqual([10]);
  });
});
