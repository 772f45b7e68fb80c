import { describe, expect, it } from '@jest/globals';
import { getEventListeners } from 'node:events';
import { onAbort } from '../../core/policy/abort.ts';
import { systemClock } from '../../core/policy/clock.ts';
import { ManualClock } from '../../core/testing/index.ts';
import { testConnection, tracks } from '../support/runtime/test-connection.ts';

const waiting = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

describe('onAbort', () => {
  it('F-32 hangs one listener on a signal, however many wait, and takes it down with the last', () => {
    const { signal } = new AbortController();
    const offs = Array.from({ length: 50 }, () => onAbort(signal, () => undefined));
    expect(waiting(signal)).toBe(1);
    offs.slice(1).forEach((off) => off());
    expect(waiting(signal)).toBe(1);
    offs[0]?.();
    offs[0]?.();
    expect(waiting(signal)).toBe(0);
  });

  it('calls everything that waits once, in the order of asking, and nothing that has stopped', () => {
    const abort = new AbortController();
    const calls: string[] = [];
    const same = (): void => void calls.push('same');
    onAbort(abort.signal, () => {
      calls.push('first');
      offLater();
    });
    onAbort(abort.signal, same);
    onAbort(abort.signal, same);
    onAbort(abort.signal, () => calls.push('stopped'))();
    const offLater = onAbort(abort.signal, () => calls.push('stopped meanwhile'));
    abort.abort();
    expect(calls).toEqual(['first', 'same', 'same']);
  });

  it('F-32 calls all that waits though one of them throws, and then throws what they threw', () => {
    // A signal of Node reports what its listeners throw to the process; this one shows it.
    let fire = (): void => undefined;
    const signal = { aborted: false, addEventListener: (_: string, call: () => void) => (fire = call) };
    const calls: string[] = [];
    const failing = (name: string) => () => {
      calls.push(name);
      throw new Error(name);
    };
    const [first, second] = [failing('a'), failing('b')];
    const wait = (listener: () => void) => onAbort(signal as unknown as AbortSignal, listener);
    for (const listener of [first, () => calls.push('c'), () => calls.push('d')]) wait(listener);
    expect(fire).toThrow('a');
    for (const listener of [first, second, () => calls.push('e')]) wait(listener);
    expect(fire).toThrow(expect.objectContaining({ errors: [new Error('a'), new Error('b')] }));
    expect(calls).toEqual(['a', 'c', 'd', 'a', 'b', 'e']);
  });

  it('calls at once what asks after the signal has fired, and lives without a signal', () => {
    const calls: number[] = [];
    onAbort(AbortSignal.abort(), () => calls.push(1))();
    onAbort(undefined, () => calls.push(2))();
    expect(calls).toEqual([1]);
  });
});

describe('a sleep', () => {
  it.each([
    ['the system', systemClock],
    ['a test', new ManualClock()],
  ])('F-32 on the clock of %s shares one listener of its signal with others, and ends with it', async (_, clock) => {
    const stop = new AbortController();
    const sleeps = Array.from({ length: 20 }, () => clock.sleep(3_600_000, stop.signal));
    expect(waiting(stop.signal)).toBe(1);
    stop.abort();
    await Promise.all([...sleeps, clock.sleep(3_600_000, stop.signal)]);
    expect(waiting(stop.signal)).toBe(0);
  });
});

describe('one signal for many calls', () => {
  it('F-32 is not warned of, and stops them all', async () => {
    const { connection, clock } = testConnection({ script: () => ({ status: 503 }) });
    const stop = new AbortController();
    const calls = Array.from({ length: 30 }, () => connection.deliver(tracks(1), { signal: stop.signal }));
    expect(waiting(stop.signal)).toBe(1);
    stop.abort();
    const outcomes = await clock.run(Promise.all(calls));
    expect(new Set(outcomes.flat().map(({ kind }) => kind))).toEqual(new Set(['deferred']));
    expect(waiting(stop.signal)).toBe(0);
  });
});
