import type { Backoff } from '../policy/backoff.ts';

/**
 * An event in the queue, from its second failure on. deliver() starts its own back-off anew with every delivery, so
 * without this an event that always fails would be sent as often as one that failed once.
 */
export const repeatedRetries: Backoff = { baseMs: 1_000, capMs: 300_000 };

/** A probe of a vendor that cannot be reached: an outage may end at any moment. */
export const outageProbes: Backoff = { baseMs: 1_000, capMs: 60_000 };

/** A probe of a suspended connection, which waits for a human, so probes are rare. */
export const suspensionProbes: Backoff = { baseMs: 60_000, capMs: 3_600_000 };

/** A write that the store refused: a disk may have space again at any moment. */
export const storeRetries: Backoff = { baseMs: 1_000, capMs: 60_000 };

/** A damaged record that could not be set aside: it delays nothing meanwhile, so one pace will do. */
export const quarantineRetryMs = 60_000;

/** An event that never failed is a better probe than one that did: it leaves this long after that one at the latest. */
export const freshProbeMs = 1_000;

/** Between two looks at events that wait: what is due without a time, or may not leave yet, must not make us spin. */
export const shortestWaitMs = 10;
