import type { Outcome } from '../api/outcome.ts';
import { ambiguousCodes, throttledCodes, uncountedCodes } from '../api/reason-codes.ts';
import type { DestinationManifest } from '../api/manifest.ts';
import { backoffMs, equalJitter } from '../policy/backoff.ts';
import type { Clock } from '../policy/clock.ts';
import type { Claim, Settlement, FailureHistory } from './queue.ts';
import { repeatedRetries } from './waits.ts';

/** How long a queue tries. */
export interface QueuePolicy {
  /** Failed deliveries until an event is given up; throttled ones do not count. */
  readonly attempts: number;
  /** Milliseconds since it was put until an event is given up. */
  readonly maxAgeMs: number;
  /** When to give up an event that the vendor fails on while it accepts others. Default: defaultPoison. */
  readonly poison?: PoisonPolicy | undefined;
}

/** When an event is to blame for its failures, and becomes a dead letter (`poisonous`). All parts must hold. */
export interface PoisonPolicy {
  /**
   * So many failures that the vendor answered, to a request of its own. Lost answers, timeouts and throttling do not
   * count.
   */
  readonly answers: number;
  /** At least so many milliseconds from the first of them to the last. */
  readonly overMs: number;
  /**
   * The most events that may be to blame at a time, as a share of those delivered in the same time: 0.01 is one in a
   * hundred. One is allowed where any was delivered. An event with half of `answers` counts already. If there are more,
   * the vendor is to blame, and they wait.
   */
  readonly share: number;
}

export const defaultPoison: PoisonPolicy = { answers: 8, overMs: 3_600_000, share: 0.01 };

export const dayMs = 86_400_000;

/** Age alone gives an event up, unless a host says otherwise. */
export const defaultQueuePolicy: QueuePolicy = { attempts: Number.POSITIVE_INFINITY, maxAgeMs: dayMs };

/** The same, for as long as this destination accepts events. */
export const policyFor = ({ maxQueueAgeMs = dayMs }: Pick<DestinationManifest, 'maxQueueAgeMs'>): QueuePolicy => ({
  ...defaultQueuePolicy,
  maxAgeMs: maxQueueAgeMs,
});

/**
 * What an outcome does to an event in a queue:
 * - delivered and skipped events are done; rejected and unknown ones are dead letters.
 * - A deferred event is retried at its time, later with every failure, until the policy gives it up. If it fails again
 *   and again while others go through, it is poisonous, and a dead letter.
 * - A suspended event stays as it is while its whole connection is suspended (`paused`). Suspended by scope it is a
 *   dead letter, which can be requeued, so that it does not block its lane.
 * - An ambiguous event is never called rejected. An event whose answer was lost is ambiguous from then on.
 */
export function settlementOf(
  claim: Pick<Claim, 'seq' | 'attempts' | 'acceptedAt' | 'ambiguous' | 'history'>,
  outcome: Outcome,
  { policy, now, paused, alone = false, isPoisonous = () => false, random = wholeWait }: SettlementContext,
): Settlement {
  const { seq, attempts, acceptedAt } = claim;
  if (outcome.kind === 'delivered' || outcome.kind === 'skipped') return { kind: 'done', seq, outcome: outcome.kind };
  const { kind, reason } = outcome;
  const ambiguous = claim.ambiguous === true;
  if (kind === 'suspended' && paused)
    return { kind: 'retry', seq, notBefore: now, attempts, ...memory(ambiguous, claim.history) };
  if (kind !== 'deferred') return dead({ kind: 'dead', seq, outcome: kind, reason, attempts: attempts + 1 }, ambiguous);
  const failed = uncountedCodes.has(reason.code) ? attempts : attempts + 1;
  if (failed >= policy.attempts || now - acceptedAt >= policy.maxAgeMs)
    return dead({ kind: 'dead', seq, outcome: kind, reason, attempts: failed }, ambiguous);
  const history = historyAfter(claim.history, outcome, alone, now);
  const { answers, overMs } = policy.poison ?? defaultPoison;
  const isSuspect = history !== claim.history && history !== undefined && history.answers >= answers;
  if (isSuspect && now - history.since >= overMs && isPoisonous(history.since)) {
    const message = `The vendor failed on this event ${history.answers} times by itself, while others went through`;
    const poisonous = { ...reason, code: 'poisonous', message } as const;
    return dead({ kind: 'dead', seq, outcome: kind, reason: poisonous, attempts: failed }, ambiguous);
  }
  const retryAt = outcome.retryAt === undefined ? now : Date.parse(outcome.retryAt);
  // A vendor's 429 is no attempt, but it lengthens the wait as a failure does. An outcome that adds neither (the event
  // was behind another, or too fast for our own limit) waits until its retryAt alone.
  const tries = failed + (history?.throttled ?? 0);
  const hasFailed = tries > attempts + (claim.history?.throttled ?? 0);
  const soonest = now + (hasFailed ? equalJitter(retryMs(tries), random) : 0);
  const notBefore = retryAt >= soonest ? retryAt : soonest;
  return {
    kind: 'retry',
    seq,
    notBefore,
    attempts: failed,
    ...memory(ambiguous || ambiguousCodes.has(reason.code), history),
  };
}

export interface SettlementContext {
  readonly policy: QueuePolicy;
  /** Epoch ms. */
  readonly now: number;
  /** The whole connection is suspended. */
  readonly paused: boolean;
  /** The event had a request of its own. */
  readonly alone?: boolean;
  /**
   * Whether the event is to blame for failing since then (epoch ms), as others were delivered. Default: it never is.
   */
  readonly isPoisonous?: (since: number) => boolean;
  /** In [0, 1): spreads the back-off between its half and its whole. Default: the whole. */
  readonly random?: Clock['random'];
}

const wholeWait = (): number => 1;

/** What the next claim remembers. */
const memory = (ambiguous: boolean, history: FailureHistory | undefined) => ({
  ...(ambiguous ? { ambiguous: true as const } : {}),
  ...(history === undefined ? {} : { history }),
});

/** The same object where nothing is added. Waiting for a paused scope says nothing against the event. */
function historyAfter(
  before: FailureHistory | undefined,
  { reason, scope }: Extract<Outcome, { kind: 'deferred' }>,
  alone: boolean,
  now: number,
): FailureHistory | undefined {
  const { throttled, answers, since } = before ?? { throttled: 0, answers: 0, since: 0 };
  if (reason.status === undefined) return before;
  if (throttledCodes.has(reason.code)) return { throttled: throttled + 1, answers, since };
  if (!alone || scope !== undefined || uncountedCodes.has(reason.code)) return before;
  return { throttled, answers: answers + 1, since: answers === 0 ? now : since };
}

/** The vendor may have taken an event before it, or we, refused it: the outcome is unknown. */
function dead(letter: Extract<Settlement, { kind: 'dead' }>, ambiguous: boolean): Settlement {
  if (!ambiguous) return letter;
  const { outcome, reason } = letter;
  return { ...letter, outcome: outcome === 'rejected' ? 'unknown' : outcome, reason: { ...reason, ...neverConfirmed } };
}

const neverConfirmed = {
  code: 'ambiguous_delivery',
  message: 'An earlier delivery got no answer, and none after it went through: the vendor may have the event',
} as const;

/** The first failure waits until the outcome's retryAt alone: deliver() has put its own first back-off into that. */
const retryMs = (failures: number): number => (failures < 2 ? 0 : backoffMs(repeatedRetries, failures - 1));
