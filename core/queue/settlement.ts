import { ambiguousCodes, type Outcome, type Reason } from '../api/outcome.ts';
import type { DestinationManifest } from '../api/manifest.ts';
import { backoffMs, equalJitter, type Backoff } from '../policy/backoff.ts';
import type { Clock } from '../policy/clock.ts';
import type { Claim, Settlement, FailureHistory } from './queue.ts';

/** How long a queue tries. */
export interface QueuePolicy {
  /** Failed deliveries until an event is given up; throttled ones do not count. */
  readonly attempts: number;
  /** Milliseconds since it was put until an event is given up. */
  readonly maxAgeMs: number;
  /** When an event that the vendor fails on, and not on others, is given up. Default: defaultPoison. */
  readonly poison?: PoisonPolicy | undefined;
}

/** What it takes until an event is to blame for its failures, and becomes a dead letter (`poisonous`). */
export interface PoisonPolicy {
  /** So many answers of the vendor to a request of its own; a lost answer, a timeout and "too fast" are none. */
  readonly answers: number;
  /** Milliseconds from the first of them to the last, at least. */
  readonly overMs: number;
  /** Such events, with those that have half so many answers, are at most this share of those delivered in that time, and may be one. Beyond it, the vendor is to blame: they wait. */
  readonly share: number;
}

export const defaultPoison: PoisonPolicy = { answers: 8, overMs: 3_600_000, share: 0.01 };

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
 * letter, revivable, so that it does not hold its lane. Deferred again and again while others go through, an event is poisonous: a dead
 * letter, too. of an ambiguous claim nothing is `rejected`, and an event whose answer was lost is
 * ambiguous from then on.
 */
export function settlementOf(
  claim: Pick<Claim, 'seq' | 'attempts' | 'acceptedAt' | 'ambiguous' | 'history'>,
  outcome: Outcome,
  { policy, now, paused, alone = false, isToBlame = () => false, random = wholeWait }: SettlementContext,
): Settlement {
  const { seq, attempts, acceptedAt } = claim;
  if (outcome.kind === 'delivered' || outcome.kind === 'skipped') return { kind: 'done', seq, outcome: outcome.kind };
  const { kind, reason } = outcome;
  const doubt = claim.ambiguous === true;
  if (kind === 'suspended' && paused)
    return { kind: 'retry', seq, notBefore: now, attempts, ...kept(doubt, claim.history) };
  if (kind !== 'deferred') return dead({ kind: 'dead', seq, outcome: kind, reason, attempts: attempts + 1 }, doubt);
  const failed = patient.has(reason.code) ? attempts : attempts + 1;
  if (failed >= policy.attempts || now - acceptedAt >= policy.maxAgeMs)
    return dead({ kind: 'dead', seq, outcome: kind, reason, attempts: failed }, doubt);
  const history = historyAfter(claim.history, outcome, alone, now);
  const { answers, overMs } = policy.poison ?? defaultPoison;
  const ripe = history !== claim.history && history !== undefined && history.answers >= answers;
  if (ripe && now - history.since >= overMs && isToBlame(history.since)) {
    const message = `The vendor failed on this event ${history.answers} times by itself, while others went through`;
    const poisonous = { ...reason, code: 'poisonous', message } as const;
    return dead({ kind: 'dead', seq, outcome: kind, reason: poisonous, attempts: failed }, doubt);
  }
  const retryAt = outcome.retryAt === undefined ? now : Date.parse(outcome.retryAt);
  const tries = failed + (history?.throttled ?? 0);
  const cameBack = tries > attempts + (claim.history?.throttled ?? 0);
  const soonest = now + (cameBack ? equalJitter(retryMs(tries), random) : 0);
  const notBefore = retryAt >= soonest ? retryAt : soonest;
  return {
    kind: 'retry',
    seq,
    notBefore,
    attempts: failed,
    ...kept(doubt || ambiguousCodes.has(reason.code), history),
  };
}

export interface SettlementContext {
  readonly policy: QueuePolicy;
  readonly now: number;
  /** The whole connection is. */
  readonly paused: boolean;
  /** The event had its request for itself. */
  readonly alone?: boolean;
  /** Whether others were delivered since (epoch ms), so that this event itself must be why it fails. */
  readonly isToBlame?: (since: number) => boolean;
  /** In [0, 1): spreads the back-off between its half and its whole. Default: the whole. */
  readonly random?: Clock['random'];
}

const wholeWait = (): number => 1;

const kept = (ambiguous: boolean, history: FailureHistory | undefined) => ({
  ...(ambiguous ? { ambiguous: true as const } : {}),
  ...(history === undefined ? {} : { history }),
});

/** The same object where nothing is added. What only waits for its scope says nothing against the event. */
function historyAfter(
  before: FailureHistory | undefined,
  { reason, scope }: Extract<Outcome, { kind: 'deferred' }>,
  alone: boolean,
  now: number,
): FailureHistory | undefined {
  const { throttled, answers, since } = before ?? { throttled: 0, answers: 0, since: 0 };
  if (reason.status === undefined) return before;
  if (reason.code === 'rate_limited') return { throttled: throttled + 1, answers, since };
  if (!alone || scope !== undefined || patient.has(reason.code)) return before;
  return { throttled, answers: answers + 1, since: answers === 0 ? now : since };
}

/** The vendor may have what it, or we, refused later: that is not claimed either way. */
function dead(letter: Extract<Settlement, { kind: 'dead' }>, ambiguous: boolean): Settlement {
  if (!ambiguous) return letter;
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
const retryMs = (failures: number): number => (failures < 2 ? 0 : backoffMs(repeatedRetries, failures - 1));

const repeatedRetries: Backoff = { baseMs: 1_000, capMs: 300_000 };
