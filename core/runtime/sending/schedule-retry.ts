import type { Reason } from '../../api/outcome.ts';
import type { Call } from '../connection-context.ts';
import { deferred } from './outcomes.ts';
import { batchOf, type PendingBatch } from '../batching/pending-delivery.ts';
import { waitMs, type Tries } from './retry-policy.ts';
import type { Group } from './decisions.ts';

/** What asked to be tried again, and when that may be, in milliseconds from now. */
export interface Unfinished {
  readonly again: PendingBatch;
  readonly waitMs: number;
}

/**
 * How long to wait before the next attempt; or, where there may be none, a deferral for all that is left. Meanwhile the vendor's
 * pause holds the group's scope, or the whole connection where it has none.
 */
export function scheduleRetry(call: Call, tries: Tries, group: Group): Unfinished | undefined {
  const { policy, clock, pacer, scopePauses, budget, emit, slug, id: connection } = call.context;
  const { askedMs, throttled, scope } = group;
  const again = batchOf(group.deliveries) as PendingBatch;
  if (!throttled) tries.failures += 1;
  const wait = waitMs(policy, throttled ? tries.attempts : tries.failures, clock.random, askedMs);
  const now = clock.elapsed();
  const retryAt = clock.now() + wait;
  if (scope !== undefined) scopePauses.pauseUntil(scope, now + wait);
  else if (throttled || askedMs > 0) pacer.pauseFor(wait);
  const givenUp = tries.failures >= policy.attempts || now + wait > again.deadline || call.stopped();
  if (givenUp || (!throttled && !budget.spend())) {
    for (const delivery of again.items)
      call.settle(delivery, deferred(delivery, delivery.reason ?? unavailable, retryAt, scope));
    return undefined;
  }
  const { code } = again.items[0].reason ?? unavailable;
  emit?.({ kind: 'retry_scheduled', slug, connection, items: again.items.length, afterMs: wait, code });
  return { again, waitMs: wait };
}

const unavailable: Reason = { code: 'vendor_unavailable', message: 'The vendor could not take the event' };
