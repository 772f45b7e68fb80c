import type { Outcome } from '../api/outcome.ts';
import type { ReasonCode } from '../api/reason-codes.ts';
import { createCircuitBreaker } from '../policy/circuit-breaker.ts';
import type { Clock } from '../policy/clock.ts';
import { batchHealth, healthOf, type VendorHealth } from './vendor-health.ts';
import { outageProbes } from './waits.ts';

export interface OutageBreakerOptions {
  /** Epoch ms. */
  readonly now: Clock['now'];
  readonly random: Clock['random'];
  /** It opened, or stays open after a probe: nothing but the next probe may leave, at `probeAt` (epoch ms). */
  readonly onOpen: (code: ReasonCode, probeAt: number) => void;
  /** It opened while requests were in flight: no more of them may start. */
  readonly onOpenInFlight: () => void;
  readonly onResumed: () => void;
}

/**
 * Why events are sent: as part of a fresh batch; as a retry, because they failed before; as a probe; or as part of the
 * sample after a good probe.
 */
export type Purpose = 'batch' | 'retry' | 'probe' | 'sample';

/**
 * The circuit breaker for a vendor that cannot be reached, or is too busy for anything. It opens after several failures
 * in a row, or after a batch in which no event got through. Then only probes leave, ever more rarely, until the vendor
 * answers one, and most of a sample as well.
 *
 * A vendor that answers for other events is not down: a retry that fails counts only where no event got through in the
 * last minute, and for ten seconds after a good sample no number of failures in a row opens the breaker.
 */
export interface OutageBreaker {
  /** Epoch ms of the next probe; `undefined` unless it is open. */
  probeAt(): number | undefined;
  /** Probes in a row that failed because of the vendor. */
  failedProbes(): number;
  /** One outcome, as it comes. */
  record(outcome: Outcome, purpose: Purpose): void;
  /** All outcomes of a batch that ended, or of a probe. */
  recordBatch(outcomes: readonly Outcome[], purpose: Purpose): BatchVerdict;
  /**
   * The outcomes of a sample, whose events left one by one. Returns whether another sample is worth its requests: too
   * few got through to go on as usual, but not so few that the vendor counts as down.
   */
  recordSample(outcomes: readonly Outcome[]): boolean;
  /** Counts a failure of our own, so that we back off instead of spinning. */
  recordDefect(): void;
}

export interface BatchVerdict {
  /** The vendor answers. */
  readonly reached: boolean;
  /** It answers again, after it did not. A sample has to say whether it does for other events, too. */
  readonly recovered: boolean;
  /**
   * Epoch ms before which nothing of this batch should be retried, as another event is to be the next probe. 0 = any
   * time.
   */
  readonly earliest: number;
}

type VendorFailure = Extract<VendorHealth, { kind: 'failed' }>;

/**
 * Failed requests in a row that open it. Where half of all requests fail by themselves, this happens one time in 64.
 * Each one more costs a vendor that is down another request.
 */
const failureThreshold = 6;
/**
 * For so long after an event got through, a batch in which none does proves nothing; nor do failures in a row after a
 * good sample.
 */
const graceMs = 10_000;
/** For so long after another event got through, an event that failed before is itself to blame for failing again. */
const retryGraceMs = 60_000;
/**
 * After so many failures in a row among the events of samples, the breaker opens again. Where the vendor lets one event
 * in 50 through, that comes soon: 56 fail in a row about one time in three.
 */
const maxFailedSamples = 56;

const nothingLearnt: BatchVerdict = { reached: false, recovered: false, earliest: 0 };

export function createOutageBreaker({
  now,
  random,
  onOpen,
  onOpenInFlight,
  onResumed,
}: OutageBreakerOptions): OutageBreaker {
  const breaker = createCircuitBreaker(outageProbes, random);
  let failuresInRow = 0;
  let failedProbes = 0;
  /** Failures of samples since an event of one got through. */
  let failedSamples: readonly VendorFailure[] = [];
  /** Outcomes that come in one go belong to one request, and count once. */
  let counted = false;
  /** Epoch ms when the vendor last answered for an event. */
  let reachedAt = Number.NEGATIVE_INFINITY;
  let closedUntil = Number.NEGATIVE_INFINITY;

  function open(code: ReasonCode, earliest?: number): void {
    failuresInRow = 0;
    breaker.open(now(), earliest);
    onOpen(code, breaker.probeAt() ?? 0);
  }

  function close(): void {
    failedProbes = 0;
    breaker.close();
  }

  function countFailure({ code, earliest }: VendorFailure, purpose: Purpose): void {
    if (counted) return;
    counted = true;
    queueMicrotask(() => (counted = false));
    if (purpose === 'retry' && now() - reachedAt < retryGraceMs) return;
    failuresInRow += 1;
    if (failuresInRow < failureThreshold || now() < closedUntil) return;
    open(code, earliest);
    onOpenInFlight();
  }

  /** Retries wait until after the next probe, by half of its wait, so that the probe is another event. */
  function whileOpen(): BatchVerdict {
    return { reached: false, recovered: false, earliest: (breaker.probeAt() ?? 0) + breaker.waitMs() / 2 };
  }

  function recordReached(purpose: Purpose): BatchVerdict {
    const recovered = breaker.state() === 'open';
    if (recovered) onResumed();
    failedSamples = [];
    if (purpose === 'probe') breaker.halfOpen();
    else if (purpose === 'batch') close();
    return { reached: true, recovered, earliest: 0 };
  }

  return {
    probeAt: () => breaker.probeAt(),
    failedProbes: () => failedProbes,
    record(outcome, purpose) {
      const health = healthOf(outcome);
      if (health.kind === 'reached') {
        reachedAt = now();
        failuresInRow = 0;
      } else if (health.kind === 'failed' && purpose !== 'sample' && breaker.state() !== 'open') {
        countFailure(health, purpose);
      }
    },
    recordBatch(outcomes, purpose) {
      // What was in flight when it opened says nothing new.
      if (purpose !== 'probe' && breaker.state() === 'open') return whileOpen();
      const health = batchHealth(outcomes);
      if (health.kind === 'silent') return nothingLearnt;
      if (health.kind === 'reached') return recordReached(purpose);
      const isProof = purpose === 'probe' || (purpose === 'batch' && now() - reachedAt >= graceMs);
      if (!isProof) return nothingLearnt;
      if (purpose === 'probe') failedProbes += 1;
      open(health.code, health.earliest);
      return whileOpen();
    },
    recordSample(outcomes) {
      if (breaker.state() === 'open') return false;
      const failures = outcomes.map(healthOf).filter((health) => health.kind === 'failed');
      const isGood = outcomes.length === 0 ? failedSamples.length === 0 : failures.length * 2 <= outcomes.length;
      if (isGood) {
        close();
        closedUntil = now() + graceMs;
        return false;
      }
      failedSamples = failures.length < outcomes.length ? [] : [...failedSamples, ...failures];
      if (outcomes.length > 0 && failedSamples.length < maxFailedSamples) return true;
      open(failedSamples[0]!.code, Math.min(...failedSamples.map(({ earliest }) => earliest)));
      return false;
    },
    recordDefect: () => open('internal_error'),
  };
}
