import type { Outcome } from '../api/outcome.ts';
import type { Call } from './line.ts';
import { heldBack } from './outcomes.ts';
import type { Crate, Parcel } from './parcel.ts';

/** Carries a batch to its end. Never rejects. */
export type Carried = (call: Call, crate: Crate) => Promise<void>;

/** A part of a batch, and how it goes on. */
export interface Step {
  readonly crate: Crate;
  /** Resolves when all of it is settled. Never rejects. */
  readonly take: () => Promise<void>;
}

export function halved(parcels: readonly Parcel[]): (readonly Parcel[])[] {
  const middle = Math.ceil(parcels.length / 2);
  return [parcels.slice(0, middle), parcels.slice(middle)];
}

/**
 * In a lane one after the other and up to the first deferral. Elsewhere side by side, but in no more than half of the slots, two at least: the
 * items of one batch that go on alone must not keep everybody else waiting. Never rejects.
 */
export async function sendParts(call: Call, parts: readonly (Crate | undefined)[], carried: Carried): Promise<void> {
  const crates = parts.filter((part) => part !== undefined);
  if (crates[0]?.lane !== undefined)
    return oneByOne(
      call,
      crates.map((crate) => ({ crate, take: () => carried(call, crate) })),
    );
  const waiting = crates.values();
  const send = async (): Promise<void> => {
    for (const crate of waiting) await carried(call, crate);
  };
  await Promise.all(Array.from({ length: Math.max(2, Math.ceil(call.line.pace.concurrency / 2)) }, send));
}

/** Steps of a lane: behind a deferral nothing of it goes on. Never rejects. */
export async function oneByOne(call: Call, steps: readonly Step[]): Promise<void> {
  let stands: Deferral | undefined;
  for (const { crate, take } of steps) {
    if (stands === undefined && (await laneIsKept(call, crate))) {
      await take();
      stands = deferralOf(crate);
    } else standStill(call, crate, timeOf(stands, call.line.clock.now()));
  }
}

/** When the lane may go on (epoch ms). */
export const timeOf = (stands: Deferral | undefined, now: number): number =>
  stands?.retryAt === undefined ? now : Date.parse(stands.retryAt);

type Deferral = Extract<Outcome, { kind: 'deferred' }>;

/** The deferral that a batch of a lane stands still for. */
export const deferralOf = (crate: Crate): Deferral | undefined =>
  crate.items.map(({ settled }) => settled).find((outcome) => outcome?.kind === 'deferred');

/** Whether the host has written down what it was told of earlier events of the lane. */
export const laneIsKept = async (call: Call, { lane }: Crate): Promise<boolean> =>
  lane === undefined || (await call.kept(lane)) !== false;

export function standStill(call: Call, crate: Crate, until: number): void {
  for (const parcel of crate.items) call.settle(parcel, heldBack(parcel, until));
}
