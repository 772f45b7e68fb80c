import type { Reason } from '../../api/outcome.ts';
import { dateOf } from '../../policy/clock.ts';
import type { Call } from '../connection-context.ts';
import { deferred, suspended } from './outcomes.ts';
import { batchOf, type PendingBatch, type PendingDelivery } from '../batching/pending-delivery.ts';
import type { ScopePause } from './scope-pauses.ts';

/** What may leave of a batch, and what has to wait for its scope. */
export interface Sorted {
  readonly leaving: PendingBatch | undefined;
  readonly held: readonly { readonly batch: PendingBatch; readonly hold: ScopePause }[];
}

/**
 * What of a batch may leave now; what is suspended is settled. In a lane all of it waits for one. `cleared` is the scope that
 * let it go just now.
 */
export function filterByScope(call: Call, batch: PendingBatch, cleared: string | undefined): Sorted {
  const { suspensions, scopePauses } = call.context;
  const leaving = suspensions.any ? withoutSuspended(call, batch) : batch;
  if (leaving === undefined || !scopePauses.any) return { leaving, held: noneHeld };
  const free: PendingDelivery[] = [];
  const byScope = new Map<string, { readonly hold: ScopePause; readonly deliveries: PendingDelivery[] }>();
  let longest: ScopePause | undefined;
  for (const delivery of leaving.items) {
    const hold = scopePauses.against(delivery.scopes, cleared);
    if (hold === undefined) {
      free.push(delivery);
      continue;
    }
    if (longest === undefined || hold.until > longest.until) longest = hold;
    const others = byScope.get(hold.scope);
    if (others === undefined) byScope.set(hold.scope, { hold, deliveries: [delivery] });
    else others.deliveries.push(delivery);
  }
  if (longest === undefined) return { leaving, held: noneHeld };
  if (leaving.lane !== undefined) return { leaving: undefined, held: [{ batch: leaving, hold: longest }] };
  const held = [...byScope.values()].map(({ hold, deliveries }) => ({
    batch: batchOf(deliveries) as PendingBatch,
    hold,
  }));
  return { leaving: batchOf(free), held };
}

const noneHeld: Sorted['held'] = [];

function withoutSuspended(call: Call, batch: PendingBatch): PendingBatch | undefined {
  const { suspensions } = call.context;
  const leaving = batch.items.filter((delivery) => {
    const suspension = suspensions.against(delivery.scopes);
    if (suspension !== undefined) call.settle(delivery, suspended(delivery, suspension, call.context));
    return suspension === undefined;
  });
  return leaving.length === batch.items.length ? batch : batchOf(leaving);
}

/**
 * Whether a batch may wait for its scope inside the call. Otherwise it is settled: where the host tries again itself, where its time
 * would be over before, and where too many wait already.
 */
export function mayWait(call: Call, batch: PendingBatch, { scope, until }: ScopePause): boolean {
  const { policy, scopePauses } = call.context;
  const crowd = scopePauses.waiting(scope) + batch.items.length > call.waitingRoom;
  if (!crowd && policy.attempts > 0 && until <= batch.deadline && !call.stopped()) return true;
  putOff(call, batch, scope, dateOf(call.context.clock, until), crowd ? crowded : pause);
  return false;
}

/** Settles what waits for its scope no longer, with the date (epoch ms) when it may come again. */
export function putOff(call: Call, batch: PendingBatch, scope: string, retryAt: number, reason: Reason = pause): void {
  for (const delivery of batch.items)
    call.settle(delivery, deferred(delivery, delivery.reason ?? reason, retryAt, scope));
}

const pause: Reason = { code: 'held_back', message: 'The vendor asked for a pause of what this event belongs to' };
const crowded: Reason = { code: 'held_back', message: 'Too many events wait for what this event belongs to' };
