import { describe, expect, it } from '@jest/globals';
import type { Rate } from '../../core/api/manifest.ts';
import { createWindowLeases } from '../../core/policy/window-leases.ts';
import { ManualClock, start } from '../../core/testing/kit/manual-clock.ts';
import { acme, testConnection, kinds, open, tracks } from '../support/runtime/test-connection.ts';

const rate: Rate = { permits: 2, perMs: 1_000, cost: 'request' };

describe('rate buckets', () => {
  it('F-15 are gone with their last connection when nothing left of late', () => {
    const clock = new ManualClock();
    const leases = createWindowLeases(clock);
    const given = Array.from({ length: 5_000 }, (_, n) => [
      leases.shared(`account ${n}`, rate),
      leases.shared(`account ${n}`, rate),
      leases.own(`settings ${n % 100}`, rate),
    ]);
    expect(leases.size()).toBe(10_000);
    for (const [one] of given) one?.release();
    expect(leases.size()).toBe(10_000);
    for (const lease of given.flat()) lease.release();
    expect(leases.size()).toBe(0);
  });

  it('F-15 stay as long as something that left counts, and go then, however many there were', async () => {
    const clock = new ManualClock();
    const leases = createWindowLeases(clock);
    const given = Array.from({ length: 1_000 }, (_, n) => leases.shared(`account ${n}`, rate));
    for (const { window } of given) {
      window.reserve(1, clock.elapsed());
      window.start(1, clock.elapsed());
    }
    for (const lease of given) lease.release();
    expect(leases.size()).toBe(1_000);
    await clock.advance(1_000);
    // Each connection that is opened or closed clears away two; nothing has to happen for a timer to do so, too.
    for (let n = 0; n < 500; n++) leases.shared('another', rate).release();
    expect(leases.size()).toBe(0);
  });

  it('F-15 are the same ones when a connection is closed and opened again', async () => {
    const clock = new ManualClock();
    const leases = createWindowLeases(clock);
    for (const kind of ['shared', 'own'] as const) {
      const first = leases[kind]('a', rate);
      first.window.reserve(1, clock.elapsed());
      const second = leases[kind]('a', rate);
      first.release();
      first.release();
      expect(second.window === first.window).toBe(kind === 'shared');
      second.release();
      expect(leases[kind]('a', rate).window).toBe(first.window);
    }
  });

  it.each([
    ['credentials', () => 'the account'],
    ['settings', undefined],
  ])('F-15 hold a vendor’s limit over a connection that is closed and opened again, by its %s', async (_, paceKey) => {
    const destination = acme(paceKey === undefined ? {} : { paceKey }, {
      limits: { maxItems: 1, maxBytes: 10_000, maxAgeMs: 1_000 },
      pace: { concurrency: 4, timeoutMs: 10_000, rate: { permits: 3, perMs: 60_000, cost: 'request' } },
    });
    const { runtime, connection, clock } = testConnection({ destination });
    expect(kinds(await clock.run(connection.deliver(tracks(3), { withinMs: 10_000 })))).toEqual(
      Array(3).fill('delivered'),
    );
    await clock.run(connection.close());
    const again = open(runtime);
    expect(kinds(await clock.run(again.deliver(tracks(3), { withinMs: 10_000 })))).toEqual(Array(3).fill('deferred'));
    await clock.advance(start + 60_000 - clock.now());
    expect(kinds(await clock.run(again.deliver(tracks(3), { withinMs: 10_000 })))).toEqual(Array(3).fill('delivered'));
  });
});
