import type { Outcome } from '../../api/outcome.ts';
import type { PendingBatch, PendingDelivery } from '../batching/pending-delivery.ts';
import { heldBack } from './outcomes.ts';
import type { SendingBatch, SendRun } from './send-run.ts';

/** A part of a batch, and how it continues. */
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
 * Sends the parts of a batch in new requests. In lanes one after another, up to the first deferral. Otherwise side by
 * side, in at most half of the slots but at least two: the single items of one batch must not keep everybody else
 * waiting. Never rejects.
 */
export async function sendParts(send: SendingBatch, parts: readonly (PendingBatch | undefined)[]): Promise<void> {
  const batches = parts.filter((part) => part !== undefined);
  if (batches[0]?.lanes !== undefined) {
    const steps = batches.map((batch) => ({ batch, take: () => send.sendPart(batch) }));
    return takeInOrder(send.run, steps);
  }
  const waiting = batches.values();
  const sendNext = async (): Promise<void> => {
    for (const batch of waiting) await send.sendPart(batch);
  };
  const abreast = Math.max(2, Math.ceil(send.run.context.pace.concurrency / 2));
  await Promise.all(Array.from({ length: abreast }, sendNext));
}

/** Takes the steps of a batch in lanes. After a deferral, the rest is deferred as well. Never rejects. */
export async function takeInOrder(run: SendRun, steps: readonly Step[]): Promise<void> {
  let deferral: Deferral | undefined;
  for (const { batch, take } of steps) {
    if (deferral === undefined && (await lanesArePersisted(run, batch))) {
      await take();
      deferral = deferralOf(batch);
    } else deferBehind(run, batch, endOf(deferral, run.context.clock.now()));
  }
}

type Deferral = Extract<Outcome, { kind: 'deferred' }>;

/** The deferral that blocks the lanes of a batch. */
export const deferralOf = (batch: PendingBatch): Deferral | undefined =>
  batch.items.map(({ settled }) => settled).find((outcome) => outcome?.kind === 'deferred');

/** When the lanes may continue (epoch ms). */
export const endOf = (deferral: Deferral | undefined, now: number): number =>
  deferral?.retryAt === undefined ? now : Date.parse(deferral.retryAt);

/** Whether the host has persisted the outcomes of earlier events of the batch's lanes. */
export async function lanesArePersisted(run: SendRun, { lanes = none }: PendingBatch): Promise<boolean> {
  for (const lane of lanes) if ((await run.persisting(lane)) === false) return false;
  return true;
}

const none: readonly string[] = [];

/** Defers a batch behind a deferred event of its lanes, until the same time (epoch ms). */
export function deferBehind(run: SendRun, batch: PendingBatch, until: number): void {
  for (const delivery of batch.items) run.settle(delivery, heldBack(delivery, until));
}
