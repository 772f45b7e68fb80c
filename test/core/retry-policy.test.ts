import { describe, expect, it } from '@jest/globals';
import { defaultRetryPolicy, waitMs } from '../../core/runtime/sending/retry-policy.ts';

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
