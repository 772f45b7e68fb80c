import type { Outcome, Reason } from '../api/outcome.ts';
import type { Connection } from '../runtime/connection.ts';

/** What connection.suspended() returns. */
export type Suspended = ReturnType<Connection['suspended']>;

/** Why nothing at all may leave; `undefined` when something may. */
export const wholeSuspension = (suspended: Suspended): Reason | undefined =>
  suspended.find(({ scope }) => scope === undefined)?.reason;

/**
 * Did this outcome come of a suspension of the whole connection? One of a scope says so; without that, the suspension may have been
 * lifted since, so it counts as one of a scope only where such a scope is known.
 */
export function isPaused(suspended: Suspended, outcome: Outcome): boolean {
  if (outcome.kind !== 'suspended' || outcome.scope !== undefined) return false;
  if (wholeSuspension(suspended) !== undefined) return true;
  return !suspended.some(({ reason }) => reason.code === outcome.reason.code);
}
