/** Retries allowed per success, and how many before the first one. */
export interface BudgetPolicy {
  readonly ratio: number;
  readonly reserve: number;
}

/** Keeps an outage from multiplying its own load: retries are paid for with successes. */
export interface RetryBudget {
  /** A request went through. */
  earn(): void;
  /** May one more retry leave? Takes it from the budget. */
  spend(): boolean;
}

/** Successes saved up beyond this many retries are forgotten: a good day must not pay for a storm. */
const savings = 100;

export function createRetryBudget(budget: BudgetPolicy | false): RetryBudget {
  if (budget === false) return { earn: () => undefined, spend: () => true };
  const limit = Math.max(savings, budget.reserve);
  let left = budget.reserve;
  return {
    earn() {
      left = Math.min(limit, left + budget.ratio);
    },
    spend() {
      if (left < 1) return false;
      left -= 1;
      return true;
    },
  };
}
