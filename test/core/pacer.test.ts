import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Rate } from '../../core/index.ts';
import { createPacer, type SlotRefusal } from '../../core/runtime/sending/pacer.ts';
import { createSlidingWindow, type SlidingWindow } from '../../core/policy/sliding-window.ts';
import { createRetryBudget } from '../../core/policy/retry-budget.ts';
import { defaultRetryPolicy, waitMs } from '../../core/runtime/sending/retry-policy.ts';
import { Suspensions } from '../../core/runtime/sending/suspensions.ts';
import { createManualClock, start } from './manual-clock.ts';

const never = Number.POSITIVE_INFINITY;
const call = {};

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

describe('the pacer', () => {
  const setUp = (concurrency: number, rate?: Rate) => {
    const clock = createManualClock();
    const pacer = createPacer(concurrency, rate === undefined ? [] : [createSlidingWindow(rate)], clock);
    const got: string[] = [];
    const ask = async (
      name: string,
      deadline = never,
      items = 1,
      whose: object = call,
    ): Promise<SlotRefusal | undefined> => {
      const refusal = await new Promise<SlotRefusal | undefined>((onSlot) =>
        pacer.acquire({ size: items, deadline, run: whose, urgent: false, onSlot }),
      );
      got.push(refusal === undefined ? name : `${name} ${refusal.cause}`);
      return refusal;
    };
    return { clock, pacer, got, ask };
  };

  it('hands out slots first come, first served', async () => {
    const { clock, pacer, got, ask } = setUp(2);
    for (const name of ['a', 'b', 'c', 'd']) void ask(name);
    await clock.settle();
    expect(got).toEqual(['a', 'b']);
    pacer.release();
    pacer.release();
    await clock.settle();
    expect(got).toEqual(['a', 'b', 'c', 'd']);
  });

  it('does not let a small request overtake a big one that waits for its permits', async () => {
    const { clock, pacer, got, ask } = setUp(9, { permits: 4, perMs: 1_000, cost: 'item' });
    void ask('three', never, 3);
    void ask('two', never, 2);
    void ask('one', never, 1);
    pacer.started(3);
    await clock.advance(999);
    expect(got).toEqual(['three']);
    await clock.advance(1);
    expect(got).toEqual(['three', 'two', 'one']);
  });

  it('dates permits when the request starts: a window holds them however long connecting takes', async () => {
    const { clock, pacer, got, ask } = setUp(9, { permits: 2, perMs: 1_000, cost: 'item' });
    void ask('slow to connect', never, 2);
    void ask('next', never, 2);
    await clock.advance(3_000);
    expect(got).toEqual(['slow to connect']);
    pacer.started(2);
    await clock.advance(999);
    expect(got).toEqual(['slow to connect']);
    await clock.advance(1);
    expect(got).toEqual(['slow to connect', 'next']);
  });

  it('refuses at the deadline who still waits, however busy the slots', async () => {
    const { clock, got, ask } = setUp(1);
    void ask('a');
    void ask('b', start + 5_000);
    void ask('c', start + 150);
    await clock.advance(250);
    expect(got).toEqual(['a', 'c deadline']);
    await clock.advance(5_000);
    expect(got).toEqual(['a', 'c deadline', 'b deadline']);
  });

  it('refuses at once what could not leave before its deadline, with the time when it could', async () => {
    const { pacer } = setUp(1);
    const told: (SlotRefusal | undefined)[] = [];
    pacer.pauseFor(9_000);
    const onSlot = (refusal: SlotRefusal | undefined): void => void told.push(refusal);
    pacer.acquire({ size: 1, deadline: start + 8_999, run: call, urgent: false, onSlot });
    pacer.acquire({ size: 1, deadline: start, run: call, urgent: false, onSlot });
    expect(told).toEqual([
      { cause: 'throttled', retryAt: start + 9_000 },
      { cause: 'deadline', retryAt: start + 9_000 },
    ]);
  });

  it('tells those who already wait when the vendor asks for a pause they cannot outwait', async () => {
    const { clock, pacer, ask } = setUp(1);
    void ask('a');
    const waiting = ask('b', start + 2_000);
    await clock.advance(10);
    pacer.pauseFor(59_990);
    await clock.advance(100);
    await expect(waiting).resolves.toEqual({ cause: 'throttled', retryAt: start + 60_000 });
  });

  it('never shortens a pause', async () => {
    const { clock, pacer } = setUp(1);
    pacer.pauseFor(5_000);
    pacer.pauseFor(1_000);
    expect(pacer.opensAt()).toBe(start + 5_000);
    await clock.advance(6_000);
    expect(pacer.opensAt()).toBe(start + 6_000);
  });

  it('wakes when the pause is over, also when it slept for a slot before', async () => {
    const { clock, pacer, got, ask } = setUp(1);
    void ask('a');
    void ask('b');
    await clock.advance(50);
    pacer.pauseFor(20);
    pacer.release();
    await clock.advance(19);
    expect(got).toEqual(['a']);
    await clock.advance(1);
    expect(got).toEqual(['a', 'b']);
  });

  it('dismisses one call and keeps the others in their order', async () => {
    const { clock, pacer, got, ask } = setUp(1);
    const other = {};
    void ask('a');
    for (const name of ['b', 'c', 'd', 'e']) void ask(name, never, 1, name < 'd' && name > 'b' ? call : other);
    pacer.dismiss(call);
    for (let n = 0; n < 4; n++) {
      await clock.settle();
      pacer.release();
    }
    await clock.settle();
    expect(got).toEqual(['a', 'c stopped', 'b', 'd', 'e']);
  });

  it('leaves no timer behind', async () => {
    const { clock, pacer, ask } = setUp(1);
    void ask('a');
    void ask('b');
    await clock.settle();
    expect(clock.sleepers).toBe(1);
    pacer.release();
    await clock.settle();
    pacer.release();
    await clock.settle();
    expect(clock.sleepers).toBe(0);
  });
});

describe('the wait before the next attempt', () => {
  it('doubles up to its cap, with full jitter, and is never nothing', () => {
    const policy = { ...defaultRetryPolicy, baseMs: 100, capMs: 1_000 };
    const most = [1, 2, 3, 4, 5, 9, 2_000].map((failures) => waitMs(policy, failures, () => 0.999999));
    expect(most).toEqual([100, 200, 400, 800, 1_000, 1_000, 1_000]);
    expect(waitMs(policy, 1, () => 0)).toBe(1);
  });

  it('is never less than the vendor asked for, up to the cap', () => {
    const policy = { ...defaultRetryPolicy, retryAfterCapMs: 5_000 };
    expect(waitMs(policy, 1, () => 0, 3_000)).toBe(3_000);
    expect(waitMs(policy, 1, () => 0, 9_000)).toBe(5_000);
    expect(waitMs(policy, 1, () => 0, Number.POSITIVE_INFINITY)).toBe(5_000);
  });
});

describe('the retry budget', () => {
  it('saves up no more than a hundred retries', () => {
    const budget = createRetryBudget({ ratio: 1, reserve: 0 });
    for (let n = 0; n < 1_000; n++) budget.earn();
    let spent = 0;
    while (budget.spend()) spent += 1;
    expect(spent).toBe(100);
  });

  it('can be switched off', () => {
    const budget = createRetryBudget(false);
    expect(Array.from({ length: 1_000 }, () => budget.spend())).not.toContain(false);
  });
});

describe('suspensions', () => {
  const reason = (message: string) => ({ code: 'unauthorized', message }) as const;

  it('keep the first reason, and say whether they are news', () => {
    const suspensions = new Suspensions();
    expect(suspensions.any).toBe(false);
    expect([
      suspensions.add(reason('1'), 'a'),
      suspensions.add(reason('2'), 'a'),
      suspensions.add(reason('3')),
    ]).toEqual([true, false, true]);
    expect(suspensions.any).toBe(true);
    expect(suspensions.list()).toEqual([{ reason: reason('3') }, { scope: 'a', reason: reason('1') }]);
  });

  it('concern a delivery by any of its scopes, or all deliveries', () => {
    const suspensions = new Suspensions();
    suspensions.add(reason('b'), 'b');
    expect(suspensions.against(['a', 'b'])).toEqual({ reason: reason('b'), scope: 'b' });
    expect(suspensions.against(['a'])).toBeUndefined();
    expect(suspensions.against(undefined)).toBeUndefined();
    suspensions.add(reason('all'));
    expect(suspensions.against(undefined)).toEqual({ reason: reason('all') });
  });

  it('are lifted one by one or all together', () => {
    const suspensions = new Suspensions();
    suspensions.add(reason('a'), 'a');
    suspensions.add(reason('b'), 'b');
    suspensions.lift('a');
    expect(suspensions.list()).toEqual([{ scope: 'b', reason: reason('b') }]);
    suspensions.add(reason('all'));
    suspensions.lift();
    expect(suspensions.list()).toEqual([]);
  });
});
