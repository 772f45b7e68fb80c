import { batchOf, type PendingBatch, type PendingDelivery } from '../batching/pending-delivery.ts';
import { suspended } from './outcomes.ts';
import type { ScopePause } from './scope-pauses.ts';
import type { SendRun } from './send-run.ts';

/** What may leave of a batch, and what has to wait for its scope. */
export interface FilteredBatch {
  readonly leaving: PendingBatch | undefined;
  readonly paused: readonly { readonly batch: PendingBatch; readonly pause: ScopePause }[];
}

/**
 * Settles what is suspended of a batch, and parts what may leave now from what waits for its scope. In a lane all of it
 * waits for one. `cleared` is the scope that let it go just now.
 */
export function filterByScope(run: SendRun, batch: PendingBatch, cleared: string | undefined): FilteredBatch {
  const { suspensions, scopePauses } = run.context;
  const leaving = suspensions.any ? withoutSuspended(run, batch) : batch;
  if (leaving === undefined || !scopePauses.any) return { leaving, paused: none };
  const free: PendingDelivery[] = [];
  const byScope = new Map<string, { readonly pause: ScopePause; readonly deliveries: PendingDelivery[] }>();
  let longest: ScopePause | undefined;
  for (const delivery of leaving.items) {
    const pause = scopePauses.against(delivery.scopes, cleared);
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
  if (leaving.lane !== undefined) return { leaving: undefined, paused: [{ batch: leaving, pause: longest }] };
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
