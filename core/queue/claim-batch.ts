import type { Outcome } from '../api/outcome.ts';
import type { Clock } from '../policy/clock.ts';
import type { PoisonTracker } from './poison-tracker.ts';
import type { Claim, FinalSettlement, Settlement } from './queue.ts';
import type { SettledClaim, SettlementWriter } from './settlement-writer.ts';
import { settlementOf, type QueuePolicy } from './settlement.ts';
import { isPaused, type Suspended } from './suspension.ts';
import { isPaced } from './vendor-health.ts';

/** Claims that were taken out together and are delivered by one call. Each is settled as its outcome comes. */
export interface ClaimBatch {
  /** For deliver(): locks the lane of an event that was not delivered until its settlement is on disk. */
  record(position: number, outcome: Outcome): Promise<boolean> | undefined;
  /** Most of it is still in flight. */
  isBusy(): boolean;
  /** All outcomes are known. Resolves when they are on disk, to whether anything changed for any claim. */
  finish(outcomes: readonly Outcome[], earliest: number): Promise<boolean>;
  /** Returns the claims without an outcome to the queue. Resolves when the outcomes of the others are on disk. */
  abandon(): Promise<void>;
}

export interface ClaimBatchOptions {
  readonly writer: SettlementWriter;
  readonly policy: QueuePolicy;
  readonly now: Clock['now'];
  readonly random: Clock['random'];
  readonly suspended: () => Suspended;
  /** The sequence numbers of claims that are ambiguous, where the store does not know that yet. */
  readonly newlyAmbiguous: ReadonlySet<number>;
  /** Each of them has a request of its own. */
  readonly alone: boolean;
  readonly poison: PoisonTracker;
  /** So many claims more are settled, or returned. */
  readonly onClosed: (claims: number) => void;
}

export function openClaimBatch(claims: readonly Claim[], options: ClaimBatchOptions): ClaimBatch {
  const { writer, policy, now, random, suspended, newlyAmbiguous, alone, poison, onClosed } = options;
  const settled = claims.map(() => false);
  /** Writes in progress, and how many of these claims each settles. */
  const writes = new Map<Promise<boolean>, number>();
  let open = claims.length;

  function close(count: number): void {
    open -= count;
    onClosed(count);
  }

  function write(settlement: Settlement, claim?: SettledClaim): Promise<boolean> {
    const written = writer.write(settlement, claim);
    const before = writes.get(written);
    writes.set(written, (before ?? 0) + 1);
    if (before === undefined) {
      void written.then(() => {
        const count = writes.get(written) ?? 0;
        writes.delete(written);
        close(count);
      });
    }
    return written;
  }

  const contextOf = (suspensions: Suspended): SettleContext => ({
    policy,
    now: now(),
    random,
    suspended: suspensions,
    alone,
    poison,
  });

  /** `undefined` where the event stays in the queue. */
  function settleForGood(position: number, outcome: Outcome): Promise<boolean> | undefined {
    const context = contextOf(outcome.kind === 'suspended' ? suspended() : []);
    const settlement = finalSettlementOf(claims[position] as Claim, outcome, context);
    if (settlement === undefined) return undefined;
    settled[position] = true;
    if (outcome.kind === 'delivered') poison.recordDelivered();
    poison.recordSettled(settlement.seq, settlement.kind === 'dead' && settlement.reason.code === 'poisonous');
    return write(settlement, settledClaimOf(claims[position] as Claim, outcome));
  }

  return {
    record(position, outcome) {
      const written = settleForGood(position, outcome);
      return outcome.kind === 'delivered' ? undefined : written;
    },
    isBusy: () => open * 2 > claims.length,
    async finish(outcomes, earliest) {
      const remaining: RemainingClaim[] = [];
      for (const [position, claim] of claims.entries()) {
        if (settled[position] === true) continue;
        const outcome = outcomes[position] as Outcome;
        if (settleForGood(position, outcome) === undefined) remaining.push({ claim, outcome });
      }
      const context = { ...contextOf(suspended()), newlyAmbiguous, earliest };
      const { settlements, untouched } = returnToQueue(remaining, context);
      for (const settlement of settlements) {
        const history = settlement.kind === 'retry' ? settlement.history : undefined;
        if (history !== undefined) poison.recordFailure(settlement.seq, history.answers, history.since);
        void write(
          settlement,
          settlement.kind === 'retry' ? undefined : claims.find(({ seq }) => seq === settlement.seq),
        );
      }
      await Promise.all(writes.keys());
      writer.release(untouched);
      close(untouched.length);
      return untouched.length < claims.length;
    },
    async abandon() {
      const untouched: number[] = [];
      for (const [position, claim] of claims.entries()) {
        if (settled[position] === true) continue;
        if (newlyAmbiguous.has(claim.seq)) void write(ambiguousRetry(claim, now()));
        else untouched.push(claim.seq);
      }
      writer.release(untouched);
      close(untouched.length);
      await Promise.all(writes.keys());
    },
  };
}

const settledClaimOf = (claim: Claim, outcome: Outcome): SettledClaim =>
  outcome.kind === 'skipped' ? { acceptedAt: claim.acceptedAt, skippedFor: outcome.reason.code } : claim;

const ambiguousRetry = ({ seq, attempts, history }: Claim, now: number): Settlement => ({
  kind: 'retry',
  seq,
  notBefore: now,
  attempts,
  ambiguous: true,
  ...(history === undefined ? {} : { history }),
});

export interface SettleContext {
  readonly policy: QueuePolicy;
  readonly now: number;
  readonly random: Clock['random'];
  readonly suspended: Suspended;
  readonly alone: boolean;
  readonly poison: PoisonTracker;
}

/** The settlement that removes a claim from the queue; `undefined` while it stays there. */
function finalSettlementOf(claim: Claim, outcome: Outcome, context: SettleContext): FinalSettlement | undefined {
  const settlement = settle(claim, outcome, context);
  return settlement.kind === 'retry' ? undefined : settlement;
}

/** A claim of a batch that ended, whose outcome leaves it in the queue. */
export interface RemainingClaim {
  readonly claim: Claim;
  readonly outcome: Outcome;
}

/** What to do with the claims that stay. */
export interface ReturnPlan {
  readonly settlements: readonly Settlement[];
  /** Claims to release as they were, which costs no write. */
  readonly untouched: readonly number[];
}

/**
 * Says which claims to write, and which to release unchanged, which costs no write. Unchanged are those that a pause or
 * a stop left unsent, those that our own pace did not let leave, for which the worker waits, and those behind an event
 * that has to wait, by way of one lane or of several: that event keeps them waiting. No written retry comes before
 * `earliest` (epoch ms).
 */
function returnToQueue(
  remaining: readonly RemainingClaim[],
  context: SettleContext & { readonly earliest: number; readonly newlyAmbiguous: ReadonlySet<number> },
): ReturnPlan {
  const { now, earliest, newlyAmbiguous } = context;
  const settled = remaining.map(({ claim, outcome }) => {
    const settlement = settle(claim, outcome, context);
    const isHeldBack = outcome.kind === 'deferred' && outcome.reason.code === 'held_back';
    const mustWait = settlement.kind === 'retry' && settlement.notBefore > now;
    return { lanes: claim.lanes ?? [], claim, settlement, isHeldBack, mustWait, paced: isPaced(outcome) };
  });
  const waitingLanes = waitingLanesOf(settled);
  const settlements: Settlement[] = [];
  const untouched: number[] = [];
  for (const { lanes, claim, settlement, isHeldBack, mustWait, paced } of settled) {
    if (settlement.kind !== 'retry') {
      // It has become too old since its outcome came.
      settlements.push(settlement);
      continue;
    }
    const waitsWithLane = isHeldBack && lanes.some((lane) => waitingLanes.has(lane));
    const isChanged =
      newlyAmbiguous.has(claim.seq) ||
      settlement.attempts !== claim.attempts ||
      settlement.ambiguous !== claim.ambiguous ||
      settlement.history !== claim.history;
    if (!isChanged && (paced || !mustWait || waitsWithLane)) untouched.push(settlement.seq);
    else settlements.push({ ...settlement, notBefore: Math.max(settlement.notBefore, earliest) });
  }
  return { settlements, untouched };
}

/** The lanes of events that have to wait, and of those that are behind these, however far. */
function waitingLanesOf(
  claims: readonly { readonly lanes: readonly string[]; readonly isHeldBack: boolean; readonly mustWait: boolean }[],
): ReadonlySet<string> {
  const waiting = new Set(claims.flatMap(({ lanes, isHeldBack, mustWait }) => (mustWait && !isHeldBack ? lanes : [])));
  const heldBack = claims.filter(({ isHeldBack }) => isHeldBack);
  for (let before = 0; before < waiting.size;) {
    before = waiting.size;
    for (const { lanes } of heldBack)
      if (lanes.some((lane) => waiting.has(lane))) for (const lane of lanes) waiting.add(lane);
  }
  return waiting;
}

const settle = (claim: Claim, outcome: Outcome, context: SettleContext): Settlement => {
  const { policy, now, random, suspended, alone, poison } = context;
  const isPoisonous = (since: number): boolean => poison.isPoisonous(claim.seq, since);
  const paused = isPaused(suspended, outcome);
  return settlementOf(claim, outcome, { policy, now, random, paused, alone, isPoisonous });
};
