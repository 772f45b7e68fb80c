import { backoffMs, equalJitter, type Backoff } from './backoff.ts';
import type { Clock } from './clock.ts';

/**
 * `closed`: everything may pass. `open`: nothing but one probe, at its time. `half-open`: the probe succeeded; what
 * passes now decides whether the breaker closes or opens again.
 */
export type CircuitState = 'closed' | 'open' | 'half-open';

/** Decides when to try again what has failed. Whoever owns it decides what counts as a failure, and what a probe is. */
export interface CircuitBreaker {
  state(): CircuitState;
  /** Epoch ms of the next probe; `undefined` unless it is open. */
  probeAt(): number | undefined;
  /** How long it waits between the last failure and the next probe, in milliseconds; 0 before the first failure. */
  waitMs(): number;
  /**
   * Opens it, or keeps it open for longer than last time: the next probe comes no earlier than `earliest` (epoch ms).
   */
  open(now: number, earliest?: number): void;
  /** The probe succeeded. Opened again from here, it waits longer than last time. */
  halfOpen(): void;
  close(): void;
}

export function createCircuitBreaker(backoff: Backoff, random: Clock['random']): CircuitBreaker {
  let state: CircuitState = 'closed';
  let failures = 0;
  let waitMs = 0;
  let probeAt = 0;
  return {
    state: () => state,
    probeAt: () => (state === 'open' ? probeAt : undefined),
    waitMs: () => waitMs,
    open(now, earliest = now) {
      state = 'open';
      failures += 1;
      waitMs = equalJitter(backoffMs(backoff, failures), random);
      probeAt = Math.max(now + waitMs, earliest);
    },
    halfOpen() {
      if (state === 'open') state = 'half-open';
    },
    close() {
      state = 'closed';
      failures = 0;
      waitMs = 0;
    },
  };
}
