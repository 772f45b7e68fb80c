// Tests core/policy/shared-limiter.ts.
import { describe, expect, it } from '@jest/globals';
import { createSharedRateLimiter } from '../../core/queue/index.ts';

function budgetAt(start = 1_000_000) {
  let now = start;
  return {
    budget: createSharedRateLimiter(() => now),
    advance: (ms: number) => {
      now += ms;
    },
  };
}

describe('a rate budget', () => {
  it('lets leases follow one another at the rate, whoever asks', async () => {
    const { budget, advance } = budgetAt();
    const waits = [];
    for (let n = 0; n < 4; n += 1) waits.push(await budget.lease('a', 27, 270));
    expect(waits).toEqual([0, 100, 200, 300]);
    advance(400);
    expect(await budget.lease('a', 27, 270)).toBe(0);
    advance(60_000);
    // An idle minute saves nothing up.
    expect([await budget.lease('a', 270, 270), await budget.lease('a', 1, 270)]).toEqual([0, 1_000]);
  });

  it('never lets more through in a second than the rate and one lease', async () => {
    const { budget, advance } = budgetAt(0);
    const leases: number[] = [];
    for (let tick = 0; tick < 400; tick += 1) {
      if (tick % 7 !== 0) leases.push(tick * 10 + (await budget.lease('a', 9, 270)));
      advance(10);
    }
    for (const from of leases)
      expect(leases.filter((at) => at >= from && at < from + 1_000).length * 9).toBeLessThanOrEqual(279);
    expect(leases.at(-1)).toBeGreaterThan(4_000);
  });

  it('holds a bucket, and no other, and tells those who wait already', async () => {
    const { budget, advance } = budgetAt();
    await budget.pause('a', 5_000);
    await budget.pause('a', 1_000);
    expect(await budget.lease('a', 1, 10)).toBe(5_000);
    expect(await budget.lease('b', 1, 10)).toBe(0);
    advance(2_000);
    expect(await budget.lease('a', 0, 10)).toBe(3_000);
    advance(3_000);
    expect(await budget.lease('a', 0, 10)).toBe(0);
    expect(await budget.lease('a', 1, 10)).toBe(100);
  });
});
