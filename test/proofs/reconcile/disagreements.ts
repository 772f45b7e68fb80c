import type { Outcome } from '../../../core/index.ts';
import type { Ledger } from '../../../core/testing/simulators/index.ts';

/** An event by its two names: ours, and the vendor's in its ledger. */
export interface SentEvent {
  readonly id: string;
  /** Several events have the same one where the vendor cannot tell them apart. */
  readonly key: string;
}

/** What all events of one key came to. */
interface Shared {
  /** Events that may have left. */
  events: number;
  delivered: number;
  doubtful: number;
}

/**
 * Event by event: what we say of it against what the vendor knows of it. Events that share a key answer for its commits
 * together: each may have been sent once, and one that was not delivered is no liar when another one was.
 */
export function disagreements(sent: readonly SentEvent[], outcomes: readonly Outcome[], ledger: Ledger): string[] {
  const found: string[] = [];
  const ambiguousCommits = new Map<string, number>();
  for (const { id, committed, fault } of ledger.entries) {
    if (committed && fault !== undefined) ambiguousCommits.set(id, (ambiguousCommits.get(id) ?? 0) + 1);
  }
  const byKey = new Map<string, Shared>();
  sent.forEach(({ key }, index) => {
    const shared = byKey.get(key) ?? { events: 0, delivered: 0, doubtful: 0 };
    const outcome = outcomes[index];
    if (outcome?.kind !== 'skipped') shared.events += 1;
    if (outcome?.kind === 'delivered') shared.delivered += 1;
    if (outcome !== undefined && admitsDoubt(outcome)) shared.doubtful += 1;
    byKey.set(key, shared);
  });
  const judged = new Set<string>();
  sent.forEach(({ id, key }, index) => {
    const outcome = outcomes[index];
    const commits = ledger.timesCommitted(key);
    const shared = byKey.get(key);
    if (outcome === undefined) return void found.push(`${id} has no outcome`);
    if (outcome.eventId !== id) found.push(`${id} got the outcome of ${outcome.eventId}`);
    if (outcome.kind === 'delivered' && commits === 0)
      found.push(`${id} is delivered, and the vendor does not have it`);
    if (shared?.delivered === 0 && shared.doubtful === 0 && commits > 0) {
      found.push(`${id} is ${outcome.kind}, and the vendor has it`);
    }
    if (judged.has(key)) return;
    judged.add(key);
    if (commits > Math.max(1, shared?.events ?? 0) + (ambiguousCommits.get(key) ?? 0)) {
      found.push(`${id} was sent again after a clear answer`);
    }
  });
  return found;
}

const admitsDoubt = (outcome: Outcome): boolean =>
  outcome.kind === 'unknown' || (outcome.kind === 'deferred' && outcome.reason.code === 'ambiguous_delivery');
