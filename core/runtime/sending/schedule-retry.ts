import type { Reason } from '../../api/outcome.ts';
import { batchOf, type PendingBatch } from '../batching/pending-delivery.ts';
import { deferred } from './outcomes.ts';
import { countFailure, type Tries } from './retry-policy.ts';
import type { Retry, SendRun } from './send-run.ts';
import type { OpenItems } from './settle.ts';

/**
 * Schedules the next attempt of a group. If there may be none, defers all of the group and returns `undefined`. The
 * vendor's pause applies to the group's scope, or to the whole connection if it has none.
 */
export function scheduleRetry(run: SendRun, tries: Tries, group: OpenItems): Retry | undefined {
  const { clock, pacer, scopePauses, budget, emit, slug, id: connection } = run.context;
  const { requestedMs, throttled, scope } = group;
  const batch = batchOf(group.deliveries) as PendingBatch;
  const wait = countFailure(run.policy, tries, group, clock.random);
  const now = clock.elapsed();
  const retryAt = clock.now() + wait;
  if (scope !== undefined) scopePauses.pauseUntil(scope, now + wait);
  else if (throttled || requestedMs > 0) pacer.pauseFor(wait);
  const givenUp = tries.failures >= run.policy.attempts || now + wait > batch.deadline || run.stopped;
  if (givenUp || (!throttled && !budget.spend())) {
    for (const delivery of batch.items)
      run.settle(delivery, deferred(delivery, delivery.reason ?? unavailable, retryAt, scope));
    return undefined;
  }
  const { code } = batch.items[0].reason ?? unavailable;
  emit?.({ kind: 'retry_scheduled', slug, connection, items: batch.items.length, afterMs: wait, code });
  group.waitMs = wait;
  return { batch, waitMs: wait };
}

const unavailable: Reason = { code: 'vendor_unavailable', message: 'The vendor could not take the event' };
