import type { Outcome } from '../api/outcome.ts';
import type { Claim, Settlement } from './queue.ts';
import { settlementOf, type QueuePolicy } from './settlement.ts';
import { isPaused, type Suspended } from './suspension.ts';

/** What becomes of the claims of one slice. */
export interface Sorted {
  readonly settlements: readonly Settlement[];
  /** Claims that are to be as they were: giving them back costs no write. */
  readonly untouched: readonly number[];
}

export interface Surroundings {
  readonly policy: QueuePolicy;
  readonly now: number;
  readonly suspended: Suspended;
  /** Epoch ms: nothing that has to go again does so earlier. */
  readonly earliest: number;
  /** Claims of which an earlier delivery got no answer. Kept up to date here; a restart forgets them. */
  readonly doubtful: Set<number>;
}

/**
 * Applies settlementOf() to each. What nothing happened to is given back instead of written: what a pause or a stop left
 * undone, and what was held back behind an event of its lane that has to wait, as the lane waits with that one.
 */
export function sortOut(
  claims: readonly Claim[],
  outcomes: readonly Outcome[],
  { policy, now, suspended, earliest, doubtful }: Surroundings,
): Sorted {
  const settled = claims.map((claim, index) => {
    const outcome = outcomes[index] as Outcome;
    if (outcome.kind === 'deferred' && outcome.reason.code === 'ambiguous_delivery') doubtful.add(claim.seq);
    const settlement = settlementOf(claim, outcome, { policy, now, paused: isPaused(suspended, outcome) });
    const held = outcome.kind === 'deferred' && outcome.reason.code === 'held_back';
    return { claim, settlement, held };
  });
  const waitingLanes = new Set<string>();
  for (const { claim, settlement, held } of settled) {
    if (settlement.kind === 'again' && !held && settlement.notBefore > now && claim.lane !== undefined)
      waitingLanes.add(claim.lane);
  }
  const settlements: Settlement[] = [];
  const untouched: number[] = [];
  for (const { claim, settlement, held } of settled) {
    if (settlement.kind !== 'again') {
      settlements.push(settlement.kind === 'dead' && doubtful.has(settlement.seq) ? doubted(settlement) : settlement);
      doubtful.delete(settlement.seq);
      continue;
    }
    const behind = held && claim.lane !== undefined && waitingLanes.has(claim.lane);
    const asItWas = settlement.attempts === claim.attempts && (settlement.notBefore <= now || behind);
    if (asItWas) untouched.push(settlement.seq);
    else settlements.push({ ...settlement, notBefore: Math.max(settlement.notBefore, earliest) });
  }
  return { settlements, untouched };
}

/** The vendor may have what it, or we, refused later: that is not claimed either way. */
function doubted(settlement: Extract<Settlement, { kind: 'dead' }>): Settlement {
  const { outcome, reason } = settlement;
  return { ...settlement, outcome: outcome === 'rejected' ? 'unknown' : outcome, reason: { ...reason, ...maybeTaken } };
}

const maybeTaken = {
  code: 'ambiguous_delivery',
  message: 'An earlier delivery got no answer, and none after it went through: the vendor may have the event',
} as const;
