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

class PaidRetries implements RetryBudget {
  readonly #policy: BudgetPolicy;
  #left: number;

  constructor(policy: BudgetPolicy) {
    this.#policy = policy;
    this.#left = policy.reserve;
  }

  earn(): void {
    const { ratio, reserve } = this.#policy;
    this.#left = Math.min(Math.max(savings, reserve), this.#left + ratio);
  }

  spend(): boolean {
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}

const unlimited: RetryBudget = { earn: () => undefined, spend: () => true };

export const createRetryBudget = (policy: BudgetPolicy | false): RetryBudget =>
  policy === false ? unlimited : new PaidRetries(policy);
