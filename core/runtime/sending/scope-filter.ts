import { batchOf, type PendingBatch, type PendingDelivery } from '../batching/pending-delivery.ts';
import { suspended } from './outcomes.ts';
import type { ScopePause } from './scope-pauses.ts';
import type { SendRun } from './send-run.ts';

/** The part of a batch that may be sent, and the parts that wait for their scopes. */
export interface FilteredBatch {
  readonly leaving: PendingBatch | undefined;
  readonly paused: readonly { readonly batch: PendingBatch; readonly pause: ScopePause }[];
}

/**
 * Settles the suspended items of a batch, and separates those that may be sent now from those that wait for their
 * scopes. In lanes the whole batch waits if one item does. `cleared` is the scope that has just released the batch.
 */
export function filterByScope(run: SendRun, batch: PendingBatch, clearedScope: string | undefined): FilteredBatch {
  const { suspensions, scopePauses } = run.context;
  const leaving = suspensions.any ? withoutSuspended(run, batch) : batch;
  if (leaving === undefined || !scopePauses.any) return { leaving, paused: none };
  const free: PendingDelivery[] = [];
  const byScope = new Map<string, { readonly pause: ScopePause; readonly deliveries: PendingDelivery[] }>();
  let longest: ScopePause | undefined;
  for (const delivery of leaving.items) {
    const pause = scopePauses.against(delivery.scopes, clearedScope);
    if (pause === undefined) {
      free.push(delivery);
      continue;
    }
    if (longest === undefined || pause.until > longest.until) longest = pause;
    const others = byScope.get(pause.scope);
    if (others === undefined) byScope.set(pause.scope, { pause, deliveries: [delivery] });
    else others.deliveries.push(delivery);
  }
  if (longest === undefined) return { leaving, paused: none };
  if (leaving.lanes !== undefined) return { leaving: undefined, paused: [{ batch: leaving, pause: longest }] };
  const paused = [...byScope.values()].map(({ pause, deliveries }) => ({
    batch: batchOf(deliveries) as PendingBatch,
    pause,
  }));
  return { leaving: batchOf(free), paused };
}

const none: FilteredBatch['paused'] = [];

function withoutSuspended(run: SendRun, batch: PendingBatch): PendingBatch | undefined {
  const { suspensions } = run.context;
  const leaving = batch.items.filter((delivery) => {
    const suspension = suspensions.against(delivery.scopes);
    if (suspension !== undefined) run.settle(delivery, suspended(delivery, suspension, run.context));
    return suspension === undefined;
  });
  return leaving.length === batch.items.length ? batch : batchOf(leaving);
}
