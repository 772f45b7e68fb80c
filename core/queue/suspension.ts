import type { Outcome, Reason } from '../api/outcome.ts';
import type { Connection } from '../runtime/connection.ts';

/** What connection.suspended() returns. */
export type Suspended = ReturnType<Connection['suspended']>;

/** Why nothing at all may leave; `undefined` where something may. */
export const wholeSuspension = (suspended: Suspended): Reason | undefined =>
  suspended.find(({ scope }) => scope === undefined)?.reason;

/**
 * Whether an outcome comes from a suspension of the whole connection. A suspended scope is named by its outcomes. The
 * suspension may have ended since, so an outcome without a scope counts as one of a scope only where such a scope is
 * suspended for the same reason.
 */
export function isPaused(suspended: Suspended, outcome: Outcome): boolean {
  if (outcome.kind !== 'suspended' || outcome.scope !== undefined) return false;
  if (wholeSuspension(suspended) !== undefined) return true;
  return !suspended.some(({ reason }) => reason.code === outcome.reason.code);
}
