import { describe, expect, it } from '@jest/globals';
import { createRetryBudget } from '../../core/policy/retry-budget.ts';

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
