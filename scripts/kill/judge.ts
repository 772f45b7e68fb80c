import type { DeadLetter } from '../../core/queue/index.ts';
import { commits } from '../../test/vendors/index.ts';
import type { Subject } from './subject.ts';

/** What became of all events of one destination: the vendor's ledger beside the store. */
export interface Judgement {
  readonly slug: string;
  readonly events: number;
  readonly requests: number;
  readonly faults: number;
  /** Different events the vendor has. */
  readonly delivered: number;
  readonly dead: number;
  /** Confirmed by enqueue, and neither at the vendor nor among the dead letters. */
  readonly lost: number;
  /** Commits beyond the first of an event. */
  readonly duplicates: number;
  /** Of these: the vendor had it, and its answer got lost (a fault), so that it was sent again knowingly. */
  readonly afterFaults: number;
  /** Of these: a kill found it in flight, at the vendor and not yet settled in the store. */
  readonly afterKills: number;
  /** Of these: the rest, which nothing excuses. */
  readonly unexplained: number;
  /** The most events that one kill found in flight. */
  readonly mostInFlight: number;
  /** Events of a lane whose first commit came after that of a later one. */
  readonly outOfOrder: number;
  /** Enqueued, and the store has no record of it; or has records of more. */
  readonly unaccounted: number;
}

export function judge(
  { account, vendor, sent, inFlight, mostInFlight }: Subject,
  { dead, records }: { readonly dead: ReadonlyMap<string, DeadLetter>; readonly records: number },
): Judgement {
  const { ledger } = vendor;
  const ambiguous = new Map<string, number>();
  const firstAt = new Map<string, number>();
  ledger.entries.forEach(({ id, committed, fault }, index) => {
    if (!committed) return;
    if (!firstAt.has(id)) firstAt.set(id, index);
    if (fault !== undefined && commits(fault)) ambiguous.set(id, (ambiguous.get(id) ?? 0) + 1);
  });
  const sums = { delivered: 0, lost: 0, duplicates: 0, afterFaults: 0, afterKills: 0, unexplained: 0, outOfOrder: 0 };
  const latest = new Map<string, number>();
  for (const { id, key, lane } of sent) {
    const times = ledger.timesCommitted(key);
    if (times > 0) sums.delivered += 1;
    else if (!dead.has(id)) sums.lost += 1;
    const again = Math.max(0, times - 1);
    const byKill = Math.min(again, inFlight.get(id) ?? 0);
    const byFault = Math.min(again - byKill, ambiguous.get(key) ?? 0);
    sums.duplicates += again;
    sums.afterKills += byKill;
    sums.afterFaults += byFault;
    sums.unexplained += again - byKill - byFault;
    const at = firstAt.get(key);
    if (lane === undefined || at === undefined) continue;
    if (at < (latest.get(lane) ?? -1)) sums.outOfOrder += 1;
    else latest.set(lane, at);
  }
  return {
    slug: account.slug,
    events: sent.length,
    requests: vendor.requests(),
    faults: Object.values(vendor.faults()).reduce((sum, times) => sum + times, 0),
    dead: dead.size,
    mostInFlight,
    unaccounted: Math.abs(sent.length - records),
    ...sums,
  };
}

export const isGood = ({ lost, unexplained, outOfOrder, unaccounted }: Judgement): boolean =>
  lost + unexplained + outOfOrder + unaccounted === 0;
