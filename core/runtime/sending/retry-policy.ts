import { backoffMs, fullJitter } from '../../policy/backoff.ts';
import type { BudgetPolicy } from '../../policy/retry-budget.ts';

/** How patient a connection is. */
export interface RetryPolicy {
  /** Attempts that failed for good reasons of the vendor's; throttling (429, Retry-After) does not count. */
  readonly attempts: number;
  /**
   * First back-off, in milliseconds; each further one doubles up to `capMs`, and the wait is a random part of it (full
   * jitter).
   */
  readonly baseMs: number;
  /** Longest back-off, in milliseconds. */
  readonly capMs: number;
  /** No vendor makes us wait longer than this, in milliseconds (ALL-05). */
  readonly retryAfterCapMs: number;
  /**
   * Retries allowed per success, on top of a reserve; `false` = no budget. Keeps an outage from multiplying its load.
   */
  readonly budget: BudgetPolicy | false;
}

/** What holds where neither the host program nor the connection says otherwise. */
export const defaultRetryPolicy: RetryPolicy = {
  attempts: 5,
  baseMs: 500,
  capMs: 30_000,
  retryAfterCapMs: 300_000,
  budget: { ratio: 0.2, reserve: 10 },
};

/** Attempts of a batch so far. */
export interface Tries {
  readonly attempts: number;
  /** Those that used up one of the policy's. */
  failures: number;
  /** Requests in a row that it left in again without its culprits. */
  readonly resends: number;
}

/**
 * The wait before the next attempt: a random part of the doubling back-off, at least 1 ms, and never less than the
 * vendor asked for.
 */
export function waitMs(policy: RetryPolicy, failures: number, random: () => number, askedMs = 0): number {
  const jittered = fullJitter(backoffMs(policy, failures), random);
  return Math.max(1, jittered, Math.min(askedMs, policy.retryAfterCapMs));
}
