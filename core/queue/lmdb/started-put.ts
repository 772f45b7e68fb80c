import type { PutResult } from '../queue.ts';
import type { RegisteringPut } from './registration.ts';

/** A put that is about to be written, and what of it is new. */
export interface StartedPut extends RegisteringPut {
  /** Ids. */
  readonly accepted: string[];
  /** Positions of accepted events that came with their outcome. */
  readonly settled: number[];
  /** With those that were put before. */
  readonly total: number;
}

export const resultOf = ({ accepted, settled, total }: StartedPut): PutResult => ({
  accepted: accepted.length,
  duplicates: total - accepted.length,
  ...(settled.length === 0 ? {} : { settled }),
});
