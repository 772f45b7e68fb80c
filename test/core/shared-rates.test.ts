// Tests core/runtime/shared-rates.ts: runtimes that share rates and pauses, as processes do.
import { describe, expect, it } from '@jest/globals';
import {
  createRuntime,
  createSharedRateLimiter,
  type Connection,
  type ConnectionOptions,
  type Rate,
  type SharedRateLimiter,
  type Signal,
} from '../../core/index.ts';
import type { SharedRatesOption } from '../../core/runtime/shared-rates.ts';
import { ManualClock } from '../../core/testing/kit/manual-clock.ts';
import { ScriptedVendor, yes, type Script } from '../support/runtime/scripted-vendor.ts';
import { acme, defects, kinds, open, tracks } from '../support/runtime/test-connection.ts';

interface ProcessesOptions {
  readonly count?: number;
  readonly rate?: Rate | undefined;
  readonly paceKey?: () => string;
  readonly script?: Script;
  readonly connection?: ConnectionOptions;
  readonly limiter?: (own: SharedRateLimiter, clock: ManualClock) => SharedRatesOption;
}

/** Runtimes with one vendor, one limiter and one clock. */
function processes({ count = 2, script = () => yes, rate, connection, limiter, paceKey }: ProcessesOptions = {}) {
  let signals = 0;
  const starts: number[] = [];
  const vendor = new ScriptedVendor((request, position) => {
    starts.push(clock.now());
    return script(request, position);
  });
  const clock = new ManualClock({ activity: () => 2 * vendor.total - vendor.open + signals });
  const own = createSharedRateLimiter(clock.now);
  const sharedRates = limiter?.(own, clock) ?? own;
  const pace = { concurrency: 8, timeoutMs: 10_000, ...(rate === undefined ? {} : { rate }) };
  const limits = { maxItems: 1, maxBytes: 10_000, maxAgeMs: 1_000 };
  const destination = acme(paceKey === undefined ? {} : { paceKey }, { limits, pace });
  const emitted: Signal[] = [];
  const runtimes = Array.from({ length: count }, () =>
    createRuntime({
      destinations: [destination],
      dispatcher: () => vendor,
      now: clock.now,
      sleep: clock.sleep,
      random: clock.random,
      sharedRates,
      onSignal(signal) {
        signals += 1;
        emitted.push(signal);
      },
    }),
  );
  const connections = runtimes.map((runtime) => open(runtime, connection));
  return { clock, vendor, runtimes, connections, starts, signals: emitted, limiter: own };
}

const rate: Rate = { permits: 5, perMs: 1_000, cost: 'request' };

const mostInWindow = (starts: readonly number[], perMs: number): number =>
  Math.max(...starts.map((from) => starts.filter((at) => at >= from && at < from + perMs).length));

const deliverAll = (connections: readonly Connection[], count: number, withinMs = 60_000) =>
  Promise.all(connections.map((connection) => connection.deliver(tracks(count), { withinMs })));

describe('runtimes that share rates', () => {
  it.each([
    ['credentials', { paceKey: () => 'the account' }],
    ['settings', {}],
  ])('send no more together than the vendor allows, by the same %s', async (_, parts) => {
    const { clock, connections, starts } = processes({ rate, ...parts });
    const outcomes = await clock.run(deliverAll(connections, 20));
    expect(outcomes.flatMap(kinds)).toEqual(Array(40).fill('delivered'));
    expect(mostInWindow(starts, 1_000)).toBe(5);
    expect(starts.at(-1)! - starts[0]!).toBeLessThan(8_500);
  });

  it('keep the rate that a connection gives itself over all processes', async () => {
    const { clock, connections, starts } = processes({ connection: { id: 'one', pace: { rate } } });
    await clock.run(deliverAll(connections, 10));
    expect(mostInWindow(starts, 1_000)).toBe(5);
  });

  it('pause together when the vendor asks one of them, with a rate or without', async () => {
    for (const shared of [rate, undefined]) {
      const { clock, connections, starts } = processes({
        rate: shared,
        script: (_, position) => (position === 2 ? { status: 429, headers: { 'retry-after': '20' } } : yes),
      });
      const [one, other] = connections as [Connection, Connection];
      await clock.run(one.deliver(tracks(2)));
      const pausedAt = clock.now();
      const refused = one.deliver(tracks(1), { withinMs: 5_000 });
      expect(kinds(await clock.run(refused))).toEqual(['deferred']);
      const before = starts.length;
      const delivery = other.deliver(tracks(3), { withinMs: 60_000 });
      expect(kinds(await clock.run(delivery))).toEqual(Array(3).fill('delivered'));
      expect(starts[before]! - pausedAt).toBeGreaterThanOrEqual(20_000);
    }
  });

  it('send nothing before the limiter is there', async () => {
    let bring: (limiter: SharedRateLimiter) => void = () => undefined;
    const { clock, connections, vendor, limiter } = processes({
      rate,
      limiter: () =>
        new Promise((resolve) => {
          bring = resolve;
        }),
    });
    const delivery = connections[0]!.deliver(tracks(2), { withinMs: 20_000 });
    await clock.advance(3_000);
    expect(vendor.total).toBe(0);
    bring(limiter);
    expect(kinds(await clock.run(delivery))).toEqual(['delivered', 'delivered']);
  });

  it('send nothing while the limiter fails, say so, and go on when it answers', async () => {
    let fails = true;
    const { clock, connections, vendor, signals } = processes({
      rate,
      limiter: (own) => ({
        ...own,
        reserve: (bucket, request) =>
          fails ? Promise.reject(new Error('the store is away')) : own.reserve(bucket, request),
      }),
    });
    const delivery = connections[0]!.deliver(tracks(2), { withinMs: 60_000 });
    await clock.advance(10_000);
    expect(vendor.total).toBe(0);
    expect(defects(signals).length).toBeGreaterThan(2);
    expect(defects(signals).length).toBeLessThan(12);
    expect(new Set(defects(signals))).toEqual(new Set(['pace']));
    fails = false;
    expect(kinds(await clock.run(delivery))).toEqual(['delivered', 'delivered']);
  });

  it('come back in time from a limiter that is silent, ask it again, and close without it', async () => {
    let questions = 0;
    const { clock, connections, vendor, runtimes, signals } = processes({
      rate,
      limiter: (own) => ({
        ...own,
        reserve: () => {
          questions += 1;
          return new Promise(() => undefined);
        },
      }),
    });
    const outcomes = await clock.run(connections[0]!.deliver(tracks(2), { withinMs: 12_000 }));
    expect(kinds(outcomes)).toEqual(['deferred', 'deferred']);
    expect(questions).toBe(3);
    expect(defects(signals)).toEqual(['pace', 'pace']);
    const delivery = connections[1]!.deliver(tracks(2), { withinMs: 60_000 });
    await clock.settle();
    await clock.run(runtimes[1]!.close());
    expect(kinds(await delivery)).toEqual(['deferred', 'deferred']);
    expect(vendor.total).toBe(0);
    expect(clock.sleepers).toBe(0);
  });

  it('have no timer, and ask for nothing, while nothing waits', async () => {
    let questions = 0;
    const { clock, connections } = processes({
      rate,
      limiter: (own) => ({
        ...own,
        reserve: (bucket, request) => {
          questions += 1;
          return own.reserve(bucket, request);
        },
      }),
    });
    expect(clock.sleepers).toBe(0);
    await clock.run(deliverAll(connections, 3));
    const before = questions;
    expect(clock.sleepers).toBe(0);
    await clock.advance(60_000);
    expect(questions).toBe(before);
  });

  it('hear no more of pauses once a connection is closed', async () => {
    let listening = 0;
    const { clock, connections } = processes({
      limiter: (own) => ({
        ...own,
        onPause(bucket, listener) {
          const stop = own.onPause(bucket, listener);
          listening += 1;
          return () => {
            listening -= 1;
            stop();
          };
        },
      }),
    });
    expect(listening).toBe(0);
    await clock.run(deliverAll(connections, 1));
    expect(listening).toBe(2);
    for (const connection of connections) await clock.run(connection.close());
    expect(listening).toBe(0);
  });

  it('refuse what is no limiter', () => {
    for (const wrong of [{}, 'nats://localhost', 7, null])
      expect(() => createRuntime({ destinations: [acme()], sharedRates: wrong as never })).toThrow(
        /sharedRates must be a SharedRateLimiter/,
      );
  });
});
