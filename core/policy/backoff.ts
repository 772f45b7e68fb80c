/**
 * A wait that doubles with each failure in a row: `baseMs` after the first, `capMs` at most (milliseconds). It says
 * how long, not whether, to retry: that is the folder's `response.ts`, then the house table (`core/api/answers/house-
 * table.ts`). The numbers are in `core/runtime/sending/retry-policy.ts` (inside a call) and `core/queue/waits.ts` (in
 * the queue).
 */
export interface Backoff {
  readonly baseMs: number;
  readonly capMs: number;
}

/** The wait after so many failures in a row, one or more, without jitter. */
export const backoffMs = ({ baseMs, capMs }: Backoff, failures: number): number =>
  Math.min(capMs, baseMs * 2 ** Math.min(failures - 1, mostDoublings));

/** Any part of a wait: for retries inside a call, where spreading the load counts most. `random` as in Clock. */
export const fullJitter = (ms: number, random: () => number): number => wholeUnless(Math.ceil(random() * ms), ms);

/**
 * Between half of a wait and all of it: for the queue, for probes and for the store, where a very short wait is no use.
 * Those that failed together, as all connections of a vendor do in an outage, do not come back together.
 */
export const equalJitter = (ms: number, random: () => number): number =>
  wholeUnless(Math.ceil(ms / 2 + (random() * ms) / 2), ms);

/** A host's own `random` may return NaN, and a wait that is no number would never end. */
const wholeUnless = (jittered: number, ms: number): number => (jittered >= 0 ? jittered : ms);

/** Beyond that, a long outage would overflow to Infinity where a host sets no cap. */
const mostDoublings = 30;
