import type { Outcome, ReasonCode } from '../api/outcome.ts';
import { createStandstill, outageProbes, soundOf, verdictOf } from './probe.ts';

export interface CircuitOptions {
  /** Epoch ms. */
  readonly now: () => number;
  /** It opened, or stays open after a probe: nothing but the next probe may leave, at `at` (epoch ms). */
  readonly held: (code: ReasonCode, at: number) => void;
  /** It opened while requests were under way: they are the last. */
  readonly opened: () => void;
  readonly resumed: () => void;
}

/**
 * Opens when a vendor cannot be reached, or is too busy for anything: after several requests in a row that failed for want of it, or a
 * slice in which none got through. Then only probes leave, ever more rarely, until it answers one.
 */
export interface Circuit {
  /** Epoch ms of the next probe; `undefined` while it is closed. */
  at(): number | undefined;
  /** One outcome of a slice, as it comes. */
  hear(outcome: Outcome): void;
  /** All outcomes of a slice that ended, or of a probe. */
  conclude(outcomes: readonly Outcome[], as: 'slice' | 'probe'): Conclusion;
  /** Something of ours does not work: not so fast. */
  stumble(): void;
}

export interface Conclusion {
  /** The vendor answers. */
  readonly reached: boolean;
  /** Epoch ms before which what has to go again should not: another event is to be the next probe. 0 = any time. */
  readonly earliest: number;
}

/** At half of all requests failing by themselves, one in 64 times. Each of them costs a vendor that is down one request more. */
const mostInARow = 6;

export function createCircuit({ now, held, opened, resumed }: CircuitOptions): Circuit {
  const outage = createStandstill(outageProbes);
  let inARow = 0;
  /** What is told in one go came of one request. */
  let counted = false;

  function fail(code: ReasonCode, earliest?: number): void {
    inARow = 0;
    outage.fail(now(), earliest);
    held(code, outage.at() ?? 0);
  }

  const unreached = (): Conclusion => ({ reached: false, earliest: (outage.at() ?? 0) + outage.waitMs() / 2 });

  return {
    at: () => outage.at(),
    hear(outcome) {
      if (outage.at() !== undefined) return;
      const sound = soundOf(outcome);
      if (sound.kind === 'reached') inARow = 0;
      if (sound.kind !== 'failed' || counted) return;
      counted = true;
      queueMicrotask(() => (counted = false));
      inARow += 1;
      if (inARow < mostInARow) return;
      fail(sound.code, sound.earliest);
      opened();
    },
    conclude(outcomes, as) {
      // Slices that were under way when it opened say nothing new.
      if (as === 'slice' && outage.at() !== undefined) return unreached();
      const verdict = verdictOf(outcomes);
      if (verdict.kind === 'failed') {
        fail(verdict.code, verdict.earliest);
        return unreached();
      }
      const reached = verdict.kind === 'reached';
      if (reached) {
        if (outage.at() !== undefined) resumed();
        if (as === 'probe') outage.pass();
        else outage.clear();
      }
      return { reached, earliest: 0 };
    },
    stumble: () => fail('internal_error'),
  };
}
