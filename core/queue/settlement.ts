import type { Outcome, Reason } from '../api/outcome.ts';
import type { DestinationManifest } from '../api/manifest.ts';
import type { Claim, Settlement } from './queue.ts';

/** How long a queue tries. */
export interface QueuePolicy {
  /** Failed deliveries until an event is given up; throttled ones do not count. */
  readonly attempts: number;
  /** Milliseconds since it was put until an event is given up. */
  readonly maxAgeMs: number;
}

export const day = 86_400_000;

/** Age alone ends the trying, unless a host says otherwise. */
export const defaultQueuePolicy: QueuePolicy = { attempts: Number.POSITIVE_INFINITY, maxAgeMs: day };

/** The same, for as long as this destination is worth the trying. */
export const policyFor = ({ maxQueueAgeMs = day }: Pick<DestinationManifest, 'maxQueueAgeMs'>): QueuePolicy => ({
  ...defaultQueuePolicy,
  maxAgeMs: maxQueueAgeMs,
});

/** Deferrals that say nothing against the event: too fast, or behind another one. */
const patient: ReadonlySet<Reason['code']> = new Set(['rate_limited', 'held_back']);

/**
 * What an outcome does to an event in a queue: delivered and skipped are done; deferred goes again at its time, later with every failure, until it is exhausted; rejected
 * and unknown are dead letters. Suspended stays as it is while all of its connection is (`paused`); suspended by scope it is a dead
 * letter, revivable, so that it does not hold its lane.
 */
export function settlementOf(
  { seq, attempts, acceptedAt }: Pick<Claim, 'seq' | 'attempts' | 'acceptedAt'>,
  outcome: Outcome,
  { policy, now, paused }: { readonly policy: QueuePolicy; readonly now: number; readonly paused: boolean },
): Settlement {
  if (outcome.kind === 'delivered' || outcome.kind === 'skipped') return { kind: 'done', seq, outcome: outcome.kind };
  const { kind, reason } = outcome;
  if (kind === 'suspended' && paused) return { kind: 'again', seq, notBefore: now, attempts };
  if (kind !== 'deferred') return { kind: 'dead', seq, outcome: kind, reason, attempts: attempts + 1 };
  const failed = patient.has(reason.code) ? attempts : attempts + 1;
  if (failed >= policy.attempts || now - acceptedAt >= policy.maxAgeMs)
    return { kind: 'dead', seq, outcome: kind, reason, attempts: failed };
  const retryAt = outcome.retryAt === undefined ? now : Date.parse(outcome.retryAt);
  const soonest = now + (failed > attempts ? backOffMs(failed) : 0);
  return { kind: 'again', seq, notBefore: retryAt >= soonest ? retryAt : soonest, attempts: failed };
}

/**
 * A vendor's own wait starts anew with every delivery. One event that it always fails on would be sent for a day, or for 28, as
 * often as one that failed once: so the second failure waits at least a second, the next twice as long, up to five minutes.
 */
const backOffMs = (failed: number): number => (failed < 2 ? 0 : Math.min(300_000, 1_000 * 2 ** (failed - 2)));
