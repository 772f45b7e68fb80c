import { describe, expect, it } from '@jest/globals';
import { getEventListeners } from 'node:events';
import { onAbort } from '../../core/policy/abort.ts';
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

  it('calls at once what asks after the signal has fired, and lives without a signal', () => {
    const calls: number[] = [];
    onAbort(AbortSignal.abort(), () => calls.push(1))();
    onAbort(undefined, () => calls.push(2))();
    expect(calls).toEqual([1]);
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
