import type { FaultKind } from './faults.ts';

/** One event that reached the vendor in good order. */
export interface LedgerEntry {
  /** The key the event carries through the vendor's own format; the generator makes it the event's messageId. */
  readonly id: string;
  /** Whether the vendor kept it. A fault, or a dry run, may have thrown it away. */
  readonly committed: boolean;
  /** Epoch ms of its arrival. */
  readonly at: number;
  /** The fault its request met. With `committed`, the client was given no answer to rely on. */
  readonly fault: FaultKind | undefined;
}

/** What the vendor knows, whatever its answers said. */
export interface Ledger {
  /** In order of arrival. */
  readonly entries: readonly LedgerEntry[];
  /** Commits, repeats included. */
  committed(): number;
  /** Different ids that were committed. */
  distinct(): number;
  /** Commits beyond the first of an id. */
  duplicates(): number;
  /** Events refused because a later one of the same lane was there before them. */
  orderViolations(): number;
  timesCommitted(id: string): number;
}

export interface LedgerBook extends Ledger {
  write(ids: readonly string[], committed: boolean, at: number, fault?: FaultKind): void;
  violated(): void;
}

export function openLedger(): LedgerBook {
  const entries: LedgerEntry[] = [];
  const commits = new Map<string, number>();
  let committed = 0;
  let violations = 0;
  return {
    entries,
    committed: () => committed,
    distinct: () => commits.size,
    duplicates: () => committed - commits.size,
    orderViolations: () => violations,
    timesCommitted: (id) => commits.get(id) ?? 0,
    write(ids, isCommitted, at, fault) {
      for (const id of ids) {
        entries.push({ id, committed: isCommitted, at, fault });
        if (!isCommitted) continue;
        committed += 1;
        commits.set(id, (commits.get(id) ?? 0) + 1);
      }
    },
    violated: () => void (violations += 1),
  };
}
