import type { Reason } from '../api/outcome.ts';
import type { Call } from './line.ts';
import { deferred } from './outcomes.ts';
import { crateOf, type Crate } from './parcel.ts';
import { waitMs, type Tries } from './retry-policy.ts';
import type { Group } from './verdict.ts';

/** What asked to be tried again, and when that may be, in milliseconds from now. */
export interface Unfinished {
  readonly again: Crate;
  readonly waitMs: number;
}

/**
 * How long to wait before the next attempt; or, where there may be none, a deferral for all that is left. Meanwhile the vendor's
 * pause holds the group's scope, or the whole connection where it has none.
 */
export function patience(call: Call, tries: Tries, group: Group): Unfinished | undefined {
  const { policy, clock, pacer, scopeHolds, budget, emit, slug, id: connection } = call.line;
  const { askedMs, throttled, scope } = group;
  const again = crateOf(group.parcels) as Crate;
  if (!throttled) tries.failures += 1;
  const wait = waitMs(policy, throttled ? tries.attempts : tries.failures, clock.random, askedMs);
  const now = clock.elapsed();
  const retryAt = clock.now() + wait;
  if (scope !== undefined) scopeHolds.hold(scope, now + wait);
  else if (throttled || askedMs > 0) pacer.holdFor(wait);
  const givenUp = tries.failures >= policy.attempts || now + wait > again.deadline || call.stopped();
  if (givenUp || (!throttled && !budget.spend())) {
    for (const parcel of again.items)
      call.settle(parcel, deferred(parcel, parcel.reason ?? unavailable, retryAt, scope));
    return undefined;
  }
  const { code } = again.items[0].reason ?? unavailable;
  emit?.({ kind: 'retry_scheduled', slug, connection, items: again.items.length, afterMs: wait, code });
  return { again, waitMs: wait };
}

const unavailable: Reason = { code: 'vendor_unavailable', message: 'The vendor could not take the event' };
