import type { Outcome } from '../../api/outcome.ts';
import type { Call } from '../connection-context.ts';
import { heldBack } from './outcomes.ts';
import type { PendingBatch, PendingDelivery } from '../batching/pending-delivery.ts';

/** Carries a batch to its end. Never rejects. */
export type Carried = (call: Call, batch: PendingBatch) => Promise<void>;

/** A part of a batch, and how it goes on. */
export interface Step {
  readonly batch: PendingBatch;
  /** Resolves when all of it is settled. Never rejects. */
  readonly take: () => Promise<void>;
}

export function halved(deliveries: readonly PendingDelivery[]): (readonly PendingDelivery[])[] {
  const middle = Math.ceil(deliveries.length / 2);
  return [deliveries.slice(0, middle), deliveries.slice(middle)];
}

/**
 * In a lane one after the other and up to the first deferral. Elsewhere side by side, but in no more than half of the slots, two at least: the
 * items of one batch that go on alone must not keep everybody else waiting. Never rejects.
 */
export async function sendParts(
  call: Call,
  parts: readonly (PendingBatch | undefined)[],
  carried: Carried,
): Promise<void> {
  const batches = parts.filter((part) => part !== undefined);
  if (batches[0]?.lane !== undefined)
    return oneByOne(
      call,
      batches.map((batch) => ({ batch, take: () => carried(call, batch) })),
    );
  const waiting = batches.values();
  const send = async (): Promise<void> => {
    for (const batch of waiting) await carried(call, batch);
  };
  await Promise.all(Array.from({ length: Math.max(2, Math.ceil(call.context.pace.concurrency / 2)) }, send));
}

/** Steps of a lane: behind a deferral nothing of it goes on. Never rejects. */
export async function oneByOne(call: Call, steps: readonly Step[]): Promise<void> {
  let stands: Deferral | undefined;
  for (const { batch, take } of steps) {
    if (stands === undefined && (await laneIsKept(call, batch))) {
      await take();
      stands = deferralOf(batch);
    } else standStill(call, batch, timeOf(stands, call.context.clock.now()));
  }
}

/** When the lane may go on (epoch ms). */
export const timeOf = (stands: Deferral | undefined, now: number): number =>
  stands?.retryAt === undefined ? now : Date.parse(stands.retryAt);

type Deferral = Extract<Outcome, { kind: 'deferred' }>;

/** The deferral that a batch of a lane stands still for. */
export const deferralOf = (batch: PendingBatch): Deferral | undefined =>
  batch.items.map(({ settled }) => settled).find((outcome) => outcome?.kind === 'deferred');

/** Whether the host has written down what it was told of earlier events of the lane. */
export const laneIsKept = async (call: Call, { lane }: PendingBatch): Promise<boolean> =>
  lane === undefined || (await call.kept(lane)) !== false;

export function standStill(call: Call, batch: PendingBatch, until: number): void {
  for (const delivery of batch.items) call.settle(delivery, heldBack(delivery, until));
}
