import { ambiguousCodes, type Outcome, type Reason } from '../api/outcome.ts';
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
 * letter, revivable, so that it does not hold its lane. Of a doubtful claim nothing is `rejected`, and an event whose answer was lost is
 * doubtful from then on.
 */
export function settlementOf(
  claim: Pick<Claim, 'seq' | 'attempts' | 'acceptedAt' | 'doubtful'>,
  outcome: Outcome,
  { policy, now, paused }: { readonly policy: QueuePolicy; readonly now: number; readonly paused: boolean },
): Settlement {
  const { seq, attempts, acceptedAt } = claim;
  if (outcome.kind === 'delivered' || outcome.kind === 'skipped') return { kind: 'done', seq, outcome: outcome.kind };
  const { kind, reason } = outcome;
  const doubt = claim.doubtful === true;
  if (kind === 'suspended' && paused)
    return { kind: 'again', seq, notBefore: now, attempts, ...(doubt ? { doubtful: true } : {}) };
  if (kind !== 'deferred') return dead({ kind: 'dead', seq, outcome: kind, reason, attempts: attempts + 1 }, doubt);
  const failed = patient.has(reason.code) ? attempts : attempts + 1;
  if (failed >= policy.attempts || now - acceptedAt >= policy.maxAgeMs)
    return dead({ kind: 'dead', seq, outcome: kind, reason, attempts: failed }, doubt);
  const retryAt = outcome.retryAt === undefined ? now : Date.parse(outcome.retryAt);
  const soonest = now + (failed > attempts ? backOffMs(failed) : 0);
  const doubtful = doubt || ambiguousCodes.has(reason.code) ? { doubtful: true as const } : {};
  return { kind: 'again', seq, notBefore: retryAt >= soonest ? retryAt : soonest, attempts: failed, ...doubtful };
}

/** The vendor may have what it, or we, refused later: that is not claimed either way. */
function dead(letter: Extract<Settlement, { kind: 'dead' }>, doubtful: boolean): Settlement {
  if (!doubtful) return letter;
  const { outcome, reason } = letter;
  return { ...letter, outcome: outcome === 'rejected' ? 'unknown' : outcome, reason: { ...reason, ...maybeTaken } };
}

const maybeTaken = {
  code: 'ambiguous_delivery',
  message: 'An earlier delivery got no answer, and none after it went through: the vendor may have the event',
} as const;

/**
 * A vendor's own wait starts anew with every delivery. One event that it always fails on would be sent for a day, or for 28, as
 * often as one that failed once: so the second failure waits at least a second, the next twice as long, up to five minutes.
 */
const backOffMs = (failed: number): number => (failed < 2 ? 0 : Math.min(300_000, 1_000 * 2 ** (failed - 2)));
