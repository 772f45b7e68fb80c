import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Rate } from '../../core/index.ts';
import { createSlidingWindow, type SlidingWindow } from '../../core/policy/sliding-window.ts';

const leave = (bucket: SlidingWindow, items: number, now: number): void => {
  bucket.reserve(items, now);
  bucket.start(items, now);
};

describe('a rate bucket', () => {
  it('lets no window carry more than its permits, wherever the window starts', () => {
    const plan = fc.array(fc.tuple(fc.nat(12), fc.integer({ min: 1, max: 5 })), { minLength: 1, maxLength: 60 });
    const rates: fc.Arbitrary<Rate> = fc.record({
      permits: fc.integer({ min: 5, max: 20 }),
      perMs: fc.constantFrom(1, 2, 10, 1_000),
      cost: fc.constantFrom('item' as const, 'request' as const),
      burst: fc.constantFrom(undefined, 1, 2, 4),
    });
    fc.assert(
      fc.property(rates, plan, (rate, requests) => {
        const bucket = createSlidingWindow(rate);
        const left: { at: number; cost: number }[] = [];
        let now = 0;
        for (const [pause, items] of requests) {
          now += pause;
          const wait = bucket.delayMs(items, now);
          // All of them wait for what has left, and a burst makes them come at a lower rate.
          expect(wait).toBeLessThan((rate.perMs * rate.permits) / (rate.permits - (rate.burst ?? 0)) + 0.01);
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

/** When each of these requests leaves that all wait at 0, rounded to milliseconds. */
function startTimes(rate: Rate, sizes: readonly number[]): number[] {
  const bucket = createSlidingWindow(rate);
  let now = 0;
  return sizes.map((items) => {
    now += bucket.delayMs(items, now);
    leave(bucket, items, now);
    return Math.round(now);
  });
}

describe('F-78 a rate with a burst', () => {
  const rate: Rate = { permits: 270, perMs: 1_000, cost: 'item', burst: 8 };

  it('lets the burst leave at once and the rest one by one, so that a second holds the permits', () => {
    const times = startTimes(rate, Array<number>(1_000).fill(1));
    expect(times.slice(0, 12)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 4, 8, 11, 15]);
    expect(times.filter((at) => at < 1_000)).toHaveLength(269);
    expect(times.at(-1)).toBe(Math.round((992 * 1_000) / 262));
  });

  it('sends large requests at a distance, with room for those that arrive late', () => {
    const times = startTimes(rate, Array<number>(8).fill(90));
    expect(times).toEqual([0, 344, 687, 1_031, 1_374, 1_718, 2_061, 2_405]);
  });

  it.each([80, 100, 54, 9])('holds with requests of %s items, though one of them may be 30 ms late', (items) => {
    const times = startTimes(rate, Array<number>(100).fill(items));
    for (const at of times)
      expect(times.filter((one) => one >= at && one < at + 1_030).length * items).toBeLessThanOrEqual(270);
    expect((items * 99) / ((times.at(-1) as number) / 1_000)).toBeGreaterThan(190);
  });

  it('counts a quota of requests the same, whatever they hold', () => {
    const daily: Rate = { permits: 100, perMs: 86_400_000, cost: 'request', burst: 10 };
    const times = startTimes(daily, Array<number>(200).fill(500));
    expect(times.slice(9, 13)).toEqual([0, 960_000, 1_920_000, 2_880_000]);
    for (const at of times)
      expect(times.filter((one) => one >= at && one < at + daily.perMs).length).toBeLessThanOrEqual(100);
  });

  it('catches up after a pause by its burst alone', () => {
    const bucket = createSlidingWindow(rate);
    for (const at of startTimes(rate, Array<number>(300).fill(1))) leave(bucket, 1, at);
    let atOnce = 0;
    for (; bucket.delayMs(1, 9_000) === 0; atOnce++) leave(bucket, 1, 9_000);
    expect(atOnce).toBe(8);
  });

  it('dates what left late: what follows keeps its distance', () => {
    const bucket = createSlidingWindow(rate);
    bucket.reserve(90, 0);
    expect(bucket.delayMs(90, 400)).toBe(0);
    bucket.start(90, 500);
    expect(Math.round(bucket.delayMs(90, 500))).toBe(344);
  });

  it('lets nothing follow at once where several leave together, because they connected late', () => {
    const bucket = createSlidingWindow(rate);
    let reserved = 0;
    for (let now = 0; now < 200; now += 1) for (; bucket.delayMs(1, now) === 0; reserved += 1) bucket.reserve(1, now);
    expect(reserved).toBe(60);
    for (let n = 0; n < reserved; n += 1) bucket.start(1, 200);
    expect(Math.round(bucket.delayMs(1, 200))).toBe(Math.round((53 * 1_000) / 262));
  });

  it('gives permits back for what does not leave', () => {
    const bucket = createSlidingWindow(rate);
    bucket.reserve(90, 0);
    bucket.change(90, 0);
    expect(bucket.delayMs(90, 0)).toBe(0);
    expect(bucket.isEmpty(0)).toBe(true);
  });

  it('says how long many that wait will take', () => {
    const bucket = createSlidingWindow(rate);
    expect(bucket.behindMs(0, 7, 0)).toBe(0);
    leave(bucket, 90, 0);
    expect(Math.round(bucket.behindMs(2, 180, 0))).toBe(Math.round(((90 + 180 + 1 - 8) * 1_000) / 262));
    expect(bucket.isEmpty(1_020)).toBe(false);
    expect(bucket.isEmpty(1_031)).toBe(true);
  });

  it('is all at once where the burst is all', () => {
    expect(startTimes({ permits: 3, perMs: 1_000, cost: 'request', burst: 3 }, [1, 1, 1, 1])).toEqual([0, 0, 0, 1_000]);
  });
});
