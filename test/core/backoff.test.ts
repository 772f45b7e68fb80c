import { describe, expect, it } from '@jest/globals';
import { backoffMs, equalJitter, fullJitter } from '../../core/policy/backoff.ts';

const backoff = { baseMs: 1_000, capMs: 60_000 };

describe('the back-off', () => {
  it('doubles from its base up to its cap, however long an outage lasts', () => {
    const waits = [1, 2, 3, 6, 7, 8, 5_000].map((failures) => backoffMs(backoff, failures));
    expect(waits).toEqual([1_000, 2_000, 4_000, 32_000, 60_000, 60_000, 60_000]);
    expect(backoffMs({ baseMs: 1, capMs: Number.POSITIVE_INFINITY }, 5_000)).toBe(2 ** 30);
  });

  it('inside a call waits any part of it, elsewhere between half and the whole', () => {
    const chances = [0, 0.25, 0.5, 1];
    expect(chances.map((chance) => fullJitter(1_001, () => chance))).toEqual([0, 251, 501, 1_001]);
    expect(chances.map((chance) => equalJitter(1_001, () => chance))).toEqual([501, 626, 751, 1_001]);
    expect(equalJitter(0, () => 0.5)).toBe(0);
  });

  it('is waited in full where chance is no number, instead of for ever', () => {
    expect([fullJitter(1_000, () => Number.NaN), equalJitter(1_000, () => Number.NaN)]).toEqual([1_000, 1_000]);
  });
});
