// Tests core/queue/outage-breaker.ts and core/queue/prober.ts, through a worker.
import { describe, expect, it } from '@jest/globals';
import { runOutage } from '../proofs/outage/run.ts';

describe.each([
  ['answers 503', 20_000, { status: 503 }],
  ['refuses connections', 6_000, { fault: 'refused' }],
  ['breaks connections', 6_000, { fault: 'reset' }],
] as const)('a vendor that %s for an hour, before a full queue', (_, events, answer) => {
  it('gets little more than the probes, and then all of it, at its pace, the oldest of each key first', async () => {
    const numbers = await runOutage({ events, keys: 500, answer });
    expect(numbers.probesNeeded).toBe(64);
    expect(numbers.during).toBeLessThanOrEqual(1.2 * numbers.probesNeeded);
    expect(numbers.untilCircuitOpened).toBeGreaterThan(0);
    expect(numbers.busiestSecond).toBeLessThanOrEqual(numbers.permits);
    expect(numbers.mostOpen).toBeLessThanOrEqual(numbers.concurrency);
    expect(numbers.firstAfterMs).toBeLessThanOrEqual(60_000);
    expect(numbers).toMatchObject({ delivered: events, outOfOrder: 0, twice: 0, left: 0 });
  }, 60_000);
});

it('F-08 where a copy does harm, an hour of 502 costs no more events than requests, and none is sent twice', async () => {
  const events = 6_000;
  const numbers = await runOutage({ events, keys: 500, answer: { status: 502 }, replay: 'harmful' });
  expect(numbers.during).toBeLessThanOrEqual(1.2 * numbers.probesNeeded);
  expect(numbers).toMatchObject({ unknown: numbers.during, delivered: events - numbers.during, twice: 0, left: 0 });
}, 60_000);

it('a vendor with many sockets gets the probes, the requests that left before its first bad answer, and five more', async () => {
  const { during, beforeFirstFailure, probesNeeded } = await runOutage({ events: 6_000, keys: 500, sockets: 32 });
  expect(beforeFirstFailure).toBe(32);
  expect(during - beforeFirstFailure).toBeLessThanOrEqual(probesNeeded + 5);
}, 60_000);
