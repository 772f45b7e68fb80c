/** A wait that doubles with each failure in a row: `baseMs` after the first, `capMs` at most (milliseconds). */
export interface Backoff {
  readonly baseMs: number;
  readonly capMs: number;
}

/** The wait after so many failures in a row, one or more, without jitter. */
export const backoffMs = ({ baseMs, capMs }: Backoff, failures: number): number =>
  Math.min(capMs, baseMs * 2 ** Math.min(failures - 1, mostDoublings));

/** Beyond that, a long outage would overflow to Infinity where a host sets no cap. */
const mostDoublings = 30;
