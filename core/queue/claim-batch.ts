import type { Outcome } from '../api/outcome.ts';
import type { PoisonTracker } from './poison-tracker.ts';
import type { Claim, FinalSettlement, Settlement } from './queue.ts';
import type { SettlementWriter } from './settlement-writer.ts';
import { settlementOf, type QueuePolicy } from './settlement.ts';
import { isPaused, type Suspended } from './suspension.ts';

/** A slice under way: claims that were taken out together, each written down as it is heard of. */
export interface ClaimBatch {
  /** For deliver(): holds the lane of an event that was not delivered until that is on disk. */
  hear(position: number, outcome: Outcome): Promise<boolean> | undefined;
  /** Most of it is still under way. */
  isBusy(): boolean;
  /** All outcomes are there. Resolves when they are on disk, to whether anything came of any claim. */
  conclude(outcomes: readonly Outcome[], earliest: number): Promise<boolean>;
  /** What was not heard of is given back; what was, is on disk when this resolves. */
  abandon(): Promise<void>;
}

export interface ClaimBatchOptions {
  readonly recorder: SettlementWriter;
  readonly policy: QueuePolicy;
  readonly now: () => number;
  readonly suspended: () => Suspended;
  /** Those of them that are ambiguous, and of which the store does not know that yet. */
  readonly marked: ReadonlySet<number>;
  /** Each of them has a request of its own. */
  readonly alone: boolean;
  readonly blame: PoisonTracker;
  /** So many claims more are settled, or given back. */
  readonly freed: (claims: number) => void;
}

export function openClaimBatch(claims: readonly Claim[], options: ClaimBatchOptions): ClaimBatch {
  const { recorder, policy, now, suspended, marked, alone, blame, freed } = options;
  const heard = claims.map(() => false);
  /** What is being written, and how many of these claims are in it. */
  const writes = new Map<Promise<boolean>, number>();
  let open = claims.length;

  function free(count: number): void {
    open -= count;
    freed(count);
  }

  function write(settlement: Settlement): Promise<boolean> {
    const written = recorder.write(settlement);
    const before = writes.get(written);
    writes.set(written, (before ?? 0) + 1);
    if (before === undefined) {
      void written.then(() => {
        const count = writes.get(written) ?? 0;
        writes.delete(written);
        free(count);
      });
    }
    return written;
  }

  function record(position: number, outcome: Outcome): Promise<boolean> | undefined {
    const settlement = finalSettlementOf(claims[position] as Claim, outcome, {
      policy,
      now: now(),
      suspended: outcome.kind === 'suspended' ? suspended() : [],
      alone,
      blame,
    });
    if (settlement === undefined) return undefined;
    heard[position] = true;
    if (outcome.kind === 'delivered') blame.recordDelivered();
    blame.recordSettled(settlement.seq, settlement.kind === 'dead' && settlement.reason.code === 'poisonous');
    return write(settlement);
  }

  return {
    hear(position, outcome) {
      const written = record(position, outcome);
      return outcome.kind === 'delivered' ? undefined : written;
    },
    isBusy: () => open * 2 > claims.length,
    async conclude(outcomes, earliest) {
      const remaining: RemainingClaim[] = [];
      for (const [position, claim] of claims.entries()) {
        if (heard[position] === true) continue;
        const outcome = outcomes[position] as Outcome;
        if (record(position, outcome) === undefined) remaining.push({ claim, outcome });
      }
      const { settlements, untouched } = returnToQueue(remaining, {
        policy,
        now: now(),
        suspended: suspended(),
        alone,
        blame,
        marked,
        earliest,
      });
      for (const settlement of settlements) {
        const history = settlement.kind === 'retry' ? settlement.history : undefined;
        if (history !== undefined) blame.recordFailure(settlement.seq, history.answers, history.since);
        void write(settlement);
      }
      await Promise.all(writes.keys());
      recorder.giveBack(untouched);
      free(untouched.length);
      return untouched.length < claims.length;
    },
    async abandon() {
      const unheard: Claim[] = [];
      for (const [position, claim] of claims.entries()) {
        if (heard[position] === true) continue;
        if (marked.has(claim.seq)) void write(asMarked(claim, now()));
        else unheard.push(claim);
      }
      recorder.giveBack(unheard.map(({ seq }) => seq));
      free(unheard.length);
      await Promise.all(writes.keys());
    },
  };
}

const asMarked = ({ seq, attempts, history }: Claim, now: number): Settlement => ({
  kind: 'retry',
  seq,
  notBefore: now,
  attempts,
  ambiguous: true,
  ...(history === undefined ? {} : { history }),
});

export interface Surroundings {
  readonly policy: QueuePolicy;
  readonly now: number;
  readonly suspended: Suspended;
  readonly alone: boolean;
  readonly blame: PoisonTracker;
}

/** What came of a claim for good, to be written down at once; `undefined` while it stays in the queue. */
export function finalSettlementOf(
  claim: Claim,
  outcome: Outcome,
  surroundings: Surroundings,
): FinalSettlement | undefined {
  const settlement = settle(claim, outcome, surroundings);
  return settlement.kind === 'retry' ? undefined : settlement;
}

/** A claim of a slice that ended, and the outcome that leaves it in the queue. */
export interface RemainingClaim {
  readonly claim: Claim;
  readonly outcome: Outcome;
}

/** What becomes of the claims that stay. */
export interface Sorted {
  readonly settlements: readonly Settlement[];
  /** Claims that are to be as they were: giving them back costs no write. */
  readonly untouched: readonly number[];
}

/**
 * What nothing happened to is given back instead of written: what a pause or a stop left undone, and what was held back behind
 * an event of its lane that has to wait, as the lane waits with that one. Nothing that has to go again does so before `earliest`
 * (epoch ms).
 */
export function returnToQueue(
  remaining: readonly RemainingClaim[],
  surroundings: Surroundings & { readonly earliest: number; readonly marked: ReadonlySet<number> },
): Sorted {
  const { now, earliest, marked } = surroundings;
  const waitingLanes = new Set<string>();
  const again = remaining.map(({ claim, outcome }) => {
    const settlement = settle(claim, outcome, surroundings);
    const held = outcome.kind === 'deferred' && outcome.reason.code === 'held_back';
    const waits = settlement.kind === 'retry' && settlement.notBefore > now;
    if (waits && !held && claim.lane !== undefined) waitingLanes.add(claim.lane);
    return { claim, settlement, held };
  });
  const settlements: Settlement[] = [];
  const untouched: number[] = [];
  for (const { claim, settlement, held } of again) {
    if (settlement.kind !== 'retry') {
      // It has become too old since it was heard of.
      settlements.push(settlement);
      continue;
    }
    const behind = held && claim.lane !== undefined && waitingLanes.has(claim.lane);
    const news =
      marked.has(claim.seq) ||
      settlement.attempts !== claim.attempts ||
      settlement.ambiguous !== claim.ambiguous ||
      settlement.history !== claim.history;
    if (!news && (settlement.notBefore <= now || behind)) untouched.push(settlement.seq);
    else settlements.push({ ...settlement, notBefore: Math.max(settlement.notBefore, earliest) });
  }
  return { settlements, untouched };
}

const settle = (claim: Claim, outcome: Outcome, surroundings: Surroundings): Settlement => {
  const { policy, now, suspended, alone, blame } = surroundings;
  const isToBlame = (since: number): boolean => blame.isPoisonous(claim.seq, since);
  return settlementOf(claim, outcome, { policy, now, paused: isPaused(suspended, outcome), alone, isToBlame });
};
