import type { DeadLetter } from '../../../core/queue/index.ts';
import { commits, type LedgerEntry } from '../../../core/testing/simulators/index.ts';
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
  /** What still waits after the last worker was idle. */
  readonly waiting: number;
  /** Confirmed by enqueue, and neither at the vendor nor among the dead letters. */
  readonly lost: number;
  /** Commits beyond the first of an event. */
  readonly duplicates: number;
  /** Of these: the answer to the commit before it got lost (a fault), so that it was sent again knowingly. */
  readonly afterFaults: number;
  /** Of these: a kill in between found the event at the vendor, and not yet settled in the store. */
  readonly afterKills: number;
  /** Of these: the rest, which nothing excuses. */
  readonly unexplained: number;
  /** The most events that one kill found in flight. */
  readonly mostInFlight: number;
  /** Events whose first commit came after that of a later one of their lane, or never because of one. */
  readonly outOfOrder: number;
  /**
   * Events whose outcome is unknown, and on disk as such before their lane went on: the worker had given the request up, and the vendor
   * read it later than those that were sent after it. Nobody can help that.
   */
  readonly overtakenUnknown: number;
  /** Repeats that the vendor refused, because a later event of their lane had been in flight with them. */
  readonly staleDuplicates: number;
}

/** What the simulator of Adjust says to an event that comes after a later one. */
export const late = 'A later event of this device is there already';

export function judge(
  { account, vendor, sent, inFlight, mostInFlight }: Subject,
  { dead, waiting }: { readonly dead: ReadonlyMap<string, DeadLetter>; readonly waiting: number },
): Judgement {
  const { ledger } = vendor;
  const committed = new Map<string, Commit[]>();
  ledger.entries.forEach((entry, place) => {
    if (!entry.committed) return;
    const before = committed.get(entry.id);
    if (before === undefined) committed.set(entry.id, [{ ...entry, place }]);
    else before.push({ ...entry, place });
  });
  const sums = { delivered: 0, lost: 0, duplicates: 0, afterFaults: 0, afterKills: 0, unexplained: 0 };
  const order = { outOfOrder: 0, overtakenUnknown: 0, staleDuplicates: 0 };
  /** Of each lane, the commit that came last so far. */
  const latest = new Map<string, { readonly place: number; readonly unknown: boolean }>();
  for (const { id, key, lane } of sent) {
    const times = committed.get(key) ?? [];
    const [first] = times;
    const letter = dead.get(id);
    if (first !== undefined) sums.delivered += 1;
    else if (letter === undefined) sums.lost += 1;
    times.slice(1).forEach((again, index) => {
      sums.duplicates += 1;
      sums[excuse(times[index] as Commit, again, inFlight.get(id) ?? [])] += 1;
    });
    if (letter?.reason.detail?.includes(late) === true) {
      order[first === undefined ? 'outOfOrder' : 'staleDuplicates'] += 1;
    }
    if (lane === undefined || first === undefined) continue;
    const before = latest.get(lane) ?? { place: -1, unknown: false };
    const unknown = letter?.outcome === 'unknown';
    if (first.place < before.place) order[before.unknown ? 'overtakenUnknown' : 'outOfOrder'] += 1;
    else latest.set(lane, { place: first.place, unknown });
  }
  return {
    slug: account.slug,
    events: sent.length,
    requests: vendor.requests(),
    faults: Object.values(vendor.faults()).reduce((sum, count) => sum + count, 0),
    dead: dead.size,
    waiting,
    mostInFlight,
    ...sums,
    ...order,
  };
}

interface Commit extends LedgerEntry {
  readonly place: number;
}

/** Why an event could come again: its answer was lost on the way, or with the worker that waited for it. */
function excuse(
  before: Commit,
  again: Commit,
  killsInFlight: readonly number[],
): 'afterFaults' | 'afterKills' | 'unexplained' {
  if (before.fault !== undefined && commits(before.fault)) return 'afterFaults';
  return killsInFlight.some((at) => before.at <= at && at <= again.at) ? 'afterKills' : 'unexplained';
}

export const isGood = ({ lost, unexplained, outOfOrder, waiting }: Judgement): boolean =>
  lost + unexplained + outOfOrder + waiting === 0;
