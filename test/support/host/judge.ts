import { commits, type Ledger, type LedgerEntry } from '../../../core/testing/simulators/index.ts';
import type { FinalRecord, HostLog } from './host-log.ts';
import type { Known } from './script.ts';

export interface Case {
  readonly known: readonly Known[];
  readonly poison: ReadonlySet<string>;
  readonly hostLog: HostLog;
  readonly ledger: Ledger;
  /** A second copy does harm: never twice, whatever went wrong. */
  readonly harmful: boolean;
  /** Keys of what the vendor itself found wrong, though the folder let it pass. */
  readonly refusedByVendor: ReadonlySet<string>;
  /** Keys of what came in requests that failed for the credentials' sake, or a poisonous neighbour's: the ledger holds nothing of that. */
  readonly hidden: ReadonlySet<string>;
}

/** Faults whose answer is a refusal, so that a good event may be refused. */
const noes: ReadonlySet<string> = new Set(['error-inside-2xx', 'firewall-403']);

/** A fault that hides no answer from a client that reads what HTTP has. */
const readable = 'gzip-answer';

/** What the vendor knows of a key, over all its requests. */
interface Account {
  commits: number;
  /** Of these, the ones whose answer its client could not rely on. */
  unsure: number;
  refusedByFault: boolean;
  faults: number;
  /** Place of the first commit in the ledger. */
  first: number;
}

/** Every event whose end the vendor's ledger, its own right, and the faults do not bear out, in words. */
export function judge({ known, poison, hostLog, ledger, harmful, refusedByVendor, hidden }: Case): string[] {
  const accounts = accountsOf(ledger);
  const sharing = new Map<string, { events: number; delivered: number; doubtful: number }>();
  known.forEach(({ key }, index) => {
    const state = hostLog.get(index)?.state;
    const shared = sharing.get(key) ?? { events: 0, delivered: 0, doubtful: 0 };
    if (state !== 'skipped') shared.events += 1;
    if (state === 'delivered') shared.delivered += 1;
    if (state === 'unknown' || state === 'given up') shared.doubtful += 1;
    sharing.set(key, shared);
  });
  const found: string[] = hostLog.twice.map((index) => `${known[index]?.id} was let go twice`);
  const seen = new Set<string>();
  known.forEach((one, index) => {
    const { id, key } = one;
    const record = hostLog.get(index);
    if (record === undefined) return void found.push(`${id} was never let go`);
    const account = accounts.get(key) ?? nothing;
    const shared = sharing.get(key) ?? { events: 0, delivered: 0, doubtful: 0 };
    const circumstances: Circumstances = {
      poisonous: poison.has(key),
      refusedByVendor: refusedByVendor.has(key),
      unseen: hidden.has(key),
      revived: hostLog.wasRequeued(index),
      otherwiseThere: shared.delivered + shared.doubtful > 0,
    };
    for (const wrong of wrongs(one, record, account, circumstances))
      found.push(`${id} (${one.kind}) ${wrong}${because(record)}`);
    if (seen.has(key)) return;
    seen.add(key);
    const most = Math.max(1, shared.events) + (harmful ? 0 : account.unsure);
    if (account.commits > most)
      found.push(`${id} (${one.kind}) is ${account.commits} times in the ledger, without excuse`);
  });
  return [...found, ...disorder(known, hostLog, accounts)];
}

interface Circumstances {
  readonly poisonous: boolean;
  readonly refusedByVendor: boolean;
  readonly unseen: boolean;
  /** It was a dead letter before: others of its lane may have gone before it, and so the vendor may not want it any more. */
  readonly revived: boolean;
  /** Another event of the same key was delivered, or may have been. */
  readonly otherwiseThere: boolean;
}

function* wrongs(
  { skip, refuse }: Known,
  { state }: FinalRecord,
  { commits: times, refusedByFault, faults }: Account,
  { poisonous, refusedByVendor, unseen, revived, otherwiseThere }: Circumstances,
): Generator<string> {
  // Of what the vendor did not want anyway its ledger holds nothing, whatever fault its request met.
  const excused = skip || refuse || poisonous || refusedByVendor || unseen || revived;
  if (poisonous && times > 0) yield 'is poisonous, and in the ledger';
  switch (state) {
    case 'delivered':
      if (times === 0) yield 'was acknowledged as delivered, and the vendor does not have it';
      return;
    case 'skipped':
      if (!skip) yield 'was acknowledged as skipped, without right';
      if (times > 0 && !otherwiseThere) yield 'was acknowledged as skipped, and the vendor has it';
      return;
    case 'rejected':
      if (!refuse && !refusedByFault && !refusedByVendor && !unseen && !revived)
        yield 'is a dead letter (rejected), and nobody refused it';
      if (times > 0 && !otherwiseThere) yield 'is a dead letter (rejected), and the vendor has it';
      return;
    case 'unknown':
      if (faults + times === 0 && !excused) yield 'is a dead letter (unknown), and no request of it met a fault';
      return;
    case 'given up':
      if (!poisonous) yield 'was given up, and is not poisonous';
  }
}

const because = ({ reason }: FinalRecord): string =>
  reason === undefined
    ? ''
    : `: ${reason.code}${reason.status === undefined ? '' : ` ${reason.status}`}, ${reason.message}`;

const nothing: Account = { commits: 0, unsure: 0, refusedByFault: false, faults: 0, first: -1 };

function accountsOf({ entries }: Ledger): ReadonlyMap<string, Account> {
  const accounts = new Map<string, Account>();
  entries.forEach((entry: LedgerEntry, place) => {
    let account = accounts.get(entry.id);
    if (account === undefined) accounts.set(entry.id, (account = { ...nothing }));
    const { fault } = entry;
    if (entry.committed) {
      account.commits += 1;
      if (account.first === -1) account.first = place;
      if (fault !== undefined && commits(fault) && fault !== readable) account.unsure += 1;
    }
    if (fault === undefined) return;
    account.faults += 1;
    if (noes.has(fault)) account.refusedByFault = true;
  });
  return accounts;
}

/**
 * First commits of a lane stand in the ledger in the order of the input. What is unknown may have come at any time, and what was
 * suspended with its scope lets others of its lane go first.
 */
function disorder(known: readonly Known[], hostLog: HostLog, accounts: ReadonlyMap<string, Account>): string[] {
  const found: string[] = [];
  const latest = new Map<string, { readonly first: number; readonly id: string }>();
  known.forEach(({ id, key, lane }, index) => {
    const first = accounts.get(key)?.first ?? -1;
    if (lane === undefined || first === -1 || hostLog.get(index)?.state === 'unknown' || hostLog.wasScoped(index))
      return;
    const before = latest.get(lane);
    if (before !== undefined && first < before.first) found.push(`${id} overtook ${before.id} of its lane`);
    else latest.set(lane, { first, id });
  });
  return found;
}
