import { describe, expect, it } from '@jest/globals';
import type { Rate } from '../../core/index.ts';
import { createSlidingWindow } from '../../core/policy/sliding-window.ts';
import { createPacer, type SlotRefusal } from '../../core/runtime/sending/pacer.ts';
import { ManualClock, start } from '../../core/testing/kit/manual-clock.ts';

const never = Number.POSITIVE_INFINITY;
const call = {};

describe('the pacer', () => {
  const setUp = (concurrency: number, rate?: Rate) => {
    const clock = new ManualClock();
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
