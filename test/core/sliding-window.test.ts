import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Rate } from '../../core/index.ts';
import { createSlidingWindow, type SlidingWindow } from '../../core/policy/sliding-window.ts';

const leave = (bucket: SlidingWindow, items: number, now: number): void => {
  bucket.reserve(items);
  bucket.start(items, now);
};

describe('a rate bucket', () => {
  it('lets no window carry more than its permits, wherever the window starts', () => {
    const plan = fc.array(fc.tuple(fc.nat(12), fc.integer({ min: 1, max: 5 })), { minLength: 1, maxLength: 60 });
    const rates: fc.Arbitrary<Rate> = fc.record({
      permits: fc.integer({ min: 5, max: 20 }),
      perMs: fc.constantFrom(1, 2, 10, 1_000),
      cost: fc.constantFrom('item' as const, 'request' as const),
    });
    fc.assert(
      fc.property(rates, plan, (rate, requests) => {
        const bucket = createSlidingWindow(rate);
        const left: { at: number; cost: number }[] = [];
        let now = 0;
        for (const [pause, items] of requests) {
          now += pause;
          const wait = bucket.delayMs(items, now);
          expect(wait).toBeLessThanOrEqual(rate.perMs);
          now += wait;
          expect(bucket.delayMs(items, now)).toBe(0);
          leave(bucket, items, now);
          left.push({ at: now, cost: rate.cost === 'item' ? items : 1 });
        }
        for (const { at } of left) {
          const window = left.filter((one) => one.at >= at && one.at < at + rate.perMs);
          expect(window.reduce((sum, { cost }) => sum + cost, 0)).toBeLessThanOrEqual(rate.permits);
        }
      }),
    );
  });

  it('makes nothing wait that may leave already', () => {
    const bucket = createSlidingWindow({ permits: 3, perMs: 1_000, cost: 'item' });
    leave(bucket, 1, 0);
    leave(bucket, 2, 500);
    expect(bucket.delayMs(1, 600)).toBe(400);
    expect(bucket.delayMs(2, 600)).toBe(900);
    expect(bucket.delayMs(1, 1_000)).toBe(0);
  });

  it('lets a request through that alone is over the permits, once nothing else is in the window', () => {
    const bucket = createSlidingWindow({ permits: 3, perMs: 1_000, cost: 'item' });
    expect(bucket.delayMs(5, 0)).toBe(0);
    leave(bucket, 5, 0);
    expect(bucket.delayMs(5, 10)).toBe(990);
  });

  it('only waits longer when the clock goes back', () => {
    const bucket = createSlidingWindow({ permits: 1, perMs: 1_000, cost: 'request' });
    leave(bucket, 1, 5_000);
    expect(bucket.delayMs(1, 4_000)).toBe(2_000);
  });
});
