import type { Outcome, Reason } from '../api/outcome.ts';
import { throttledCodes, vendorFailureCodes } from '../api/reason-codes.ts';
import { isPaceRefusal } from '../runtime/sending/outcomes.ts';

/** What an outcome, or those of a batch, say about the vendor. */
export type VendorHealth =
  /** It answered, for at least one event. */
  | { readonly kind: 'reached' }
  /**
   * It answered for none, and at least one failed because of the vendor or the network. `earliest`: it should not be
   * asked again before (epoch ms).
   */
  | { readonly kind: 'failed'; readonly code: Reason['code']; readonly earliest: number }
  /** Nothing: it was not asked. */
  | { readonly kind: 'silent' };

const reached: VendorHealth = { kind: 'reached' };
const silent: VendorHealth = { kind: 'silent' };

/** An outcome of a paused or suspended scope says nothing about the vendor as a whole. */
export function healthOf(outcome: Outcome): VendorHealth {
  if (outcome.kind === 'delivered') return reached;
  if ('scope' in outcome && outcome.scope !== undefined) return silent;
  if (isPaced(outcome)) return silent;
  const { code, status } = outcome.reason;
  if (outcome.kind !== 'deferred' && outcome.kind !== 'unknown') return status === undefined ? silent : reached;
  if (!vendorFailureCodes.has(code)) return silent;
  return { kind: 'failed', code, earliest: (outcome.kind === 'deferred' && epochOf(outcome.retryAt)) || 0 };
}

/** Our own pace did not let it leave: nobody was asked, and all the others would fare the same until its retryAt. */
export const isPaced = (outcome: Outcome): boolean => outcome.kind === 'deferred' && isPaceRefusal(outcome.reason);

/** Epoch ms when our own pace lets the next event leave; 0 where it held none of these back. */
export function pacedUntilOf(outcomes: readonly Outcome[]): number {
  const times = outcomes.flatMap((outcome) =>
    outcome.kind === 'deferred' && isPaced(outcome) ? [epochOf(outcome.retryAt)] : [],
  );
  return times.length === 0 ? 0 : Math.min(...times);
}

export function batchHealth(outcomes: readonly Outcome[]): VendorHealth {
  let failed: Extract<VendorHealth, { kind: 'failed' }> | undefined;
  for (const outcome of outcomes) {
    const health = healthOf(outcome);
    if (health.kind === 'reached') return health;
    if (health.kind === 'silent') continue;
    if (failed === undefined) failed = health;
    else if (health.earliest < failed.earliest) failed = { ...failed, earliest: health.earliest };
  }
  return failed ?? silent;
}

/** The latest time (epoch ms) until which the vendor asked everybody, not a scope, to wait; 0 where it did not ask. */
export function retryAfterOf(outcomes: readonly Outcome[]): number {
  let until = 0;
  for (const outcome of outcomes) {
    if (outcome.kind !== 'deferred' || !throttledCodes.has(outcome.reason.code) || outcome.scope !== undefined)
      continue;
    if (outcome.reason.status !== undefined) until = Math.max(until, epochOf(outcome.retryAt));
  }
  return until;
}

const epochOf = (time: string | undefined): number => (time === undefined ? 0 : Date.parse(time));
