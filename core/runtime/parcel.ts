import type { Batch, Delivery } from '../api/delivery.ts';
import type { Note, Reason } from '../api/outcome.ts';

/** A delivery inside the runtime: what vendors see of it is `Delivery`, the rest is how it fares. */
export interface Parcel extends Delivery<unknown> {
  /** Epoch ms; after it, nothing more is tried. */
  readonly deadline: number;
  /** Epoch ms when it was read, for the age of a batch. */
  readonly takenAt: number;
  readonly notes: readonly Note[] | undefined;
  /** Requests that carried it. */
  attempts: number;
  /** An attempt ended without an answer: the vendor may have it already. */
  ambiguous: boolean;
  /** Why the last attempt did not do. */
  reason: Reason | undefined;
  settled: boolean;
}

/** A batch of the runtime's own. */
export interface Crate extends Batch<unknown> {
  readonly items: readonly [Parcel, ...Parcel[]];
}

/** The parcels that are still of one crate, as a smaller one; `undefined` when none is left. */
export function crateOf(parcels: readonly Parcel[]): Crate | undefined {
  const [first, ...rest] = parcels;
  return first === undefined ? undefined : { group: first.group, lane: first.lane, items: [first, ...rest] };
}
