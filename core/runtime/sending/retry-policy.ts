import { backoffMs, fullJitter } from '../../policy/backoff.ts';
import type { BudgetPolicy } from '../../policy/retry-budget.ts';

/**
 * How patient a connection is. Whether an answer is retried at all is decided before: by the folder's `response.ts`,
 * then by the house table of `core/api/answers/house-table.ts`.
 */
export interface RetryPolicy {
  /** The most failed attempts. Throttling (429, Retry-After) does not count as a failure. */
  readonly attempts: number;
  /**
   * The first back-off in milliseconds. Each further one doubles up to `capMs`; the wait is a random part of it (full
   * jitter).
   */
  readonly baseMs: number;
  /** The longest back-off, in milliseconds. */
  readonly capMs: number;
  /** The longest wait that a vendor can ask for, in milliseconds (ALL-05). */
  readonly retryAfterCapMs: number;
  /**
   * Retries allowed per success, on top of a reserve; `false` for no budget. Keeps retries from multiplying the load in
   * an outage.
   */
  readonly budget: BudgetPolicy | false;
}

/** Applies unless the host program or the connection says otherwise. */
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
  /** Attempts that count as failures. */
  failures: number;
  /** Consecutive requests that resent the batch without its refused items. */
  readonly resends: number;
}

/** An attempt that may be repeated. */
export interface FailedAttempt {
  /** The vendor said "too fast", not "broken": it counts as no failure. */
  readonly throttled: boolean;
  /** The wait that the vendor asked for, in milliseconds; 0 if it asked for none. */
  readonly requestedMs: number;
}

/** Counts a failed attempt, and returns the wait before the next one, in milliseconds. */
export function countFailure(
  policy: RetryPolicy,
  tries: Pick<Tries, 'attempts' | 'failures'>,
  { throttled, requestedMs }: FailedAttempt,
  random: () => number,
): number {
  if (!throttled) tries.failures += 1;
  return waitMs(policy, throttled ? tries.attempts : tries.failures, random, requestedMs);
}

/**
 * The wait before the next attempt: a random part of the doubling back-off, never less than 1 ms or the wait that the
 * vendor asked for.
 */
export function waitMs(policy: RetryPolicy, failures: number, random: () => number, requestedMs = 0): number {
  const jittered = fullJitter(backoffMs(policy, failures), random);
  return Math.max(1, jittered, Math.min(requestedMs, policy.retryAfterCapMs));
}
