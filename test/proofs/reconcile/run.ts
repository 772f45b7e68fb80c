import {
  createRuntime,
  outcomeKinds,
  type AnyDestination,
  type CdpEvent,
  type Outcome,
  type Pace,
} from '../../../core/index.ts';
import { everyFault, generate, type FaultPlan, type Mix } from '../../../core/testing/simulators/index.ts';
import { ledgerKey, type Account } from '../../support/simulators/accounts.ts';
import { disagreements, type SentEvent } from './disagreements.ts';

/** What a run through a faulty vendor came to: our outcomes beside the vendor's own ledger. */
export interface Reconciliation {
  readonly slug: string;
  readonly events: number;
  readonly outcomes: Readonly<Record<Outcome['kind'], number>>;
  readonly requests: number;
  readonly faults: number;
  /** Commits in the vendor's ledger, repeats included. */
  readonly committed: number;
  readonly duplicates: number;
  readonly orderViolations: number;
  /** Requests the vendor refused because of what was in them. */
  readonly refused: number;
  /** Events without an outcome. */
  readonly lost: number;
  readonly seconds: number;
  /** Every disagreement between an outcome and the ledger, in words. */
  readonly disagreements: readonly string[];
}

export interface RunOptions {
  readonly account: Account;
  readonly destinations: readonly AnyDestination[];
  readonly count: number;
  readonly seed: number;
  /** Share of requests that meet a fault. */
  readonly faultRate: number;
  /** Default: the account's. */
  readonly mix?: Mix;
}

/** Short patience, because the vendor's is what is tested; long enough for a busy machine to answer in. */
const timeoutMs = 5_000;
const pace: Pace = { concurrency: 32, timeoutMs, rate: { permits: 1_000_000, perMs: 1000, cost: 'item' } };

/** All kinds of faults; the two that cost a whole timeout more rarely, and slow ones beyond the client's patience. */
const faultsAt = (rate: number): FaultPlan => ({
  rate,
  weights: { ...everyFault, slow: 0.02, hang: 0.02 },
  retryAfterSeconds: 0,
  slowMs: timeoutMs * 2,
});

export async function runThroughFaults({
  account,
  destinations,
  count,
  seed,
  faultRate,
  mix = account.mix,
}: RunOptions): Promise<Reconciliation> {
  const vendor = await account.start({ faults: faultsAt(faultRate), seed });
  const { slug } = account;
  const runtime = createRuntime({
    destinations,
    origins: { [slug]: vendor.origin },
    pace: { [slug]: pace },
    // AdRoll Email waits an hour after a 429 that does not say how long.
    retry: { attempts: 8, baseMs: 1, capMs: 50, retryAfterCapMs: 50, budget: false },
  });
  try {
    const opened = runtime.open(slug, account.config);
    if (opened.kind === 'invalid') throw new Error(JSON.stringify(opened.issues));
    const startedAt = Date.now();
    const sent: SentEvent[] = [];
    const outcomes: Outcome[] = [];
    let settled = 0;
    const source = remembered(events(mix, count, seed), account, sent);
    for await (const { index, outcome } of opened.connection.stream(source)) {
      outcomes[index] = outcome;
      settled += 1;
    }
    return {
      slug,
      events: sent.length,
      outcomes: countKinds(outcomes),
      requests: vendor.requests(),
      faults: Object.values(vendor.faults()).reduce((sum, times) => sum + times, 0),
      committed: vendor.ledger.committed(),
      duplicates: vendor.ledger.duplicates(),
      orderViolations: vendor.ledger.orderViolations(),
      refused: vendor.refused().length,
      lost: sent.length - settled,
      seconds: (Date.now() - startedAt) / 1000,
      disagreements: disagreements(sent, outcomes, vendor.ledger),
    };
  } finally {
    await runtime.close();
    await vendor.close();
  }
}

/** Times run up to now, with neighbours out of order: a lane has to sort them. */
const events = (mix: Mix, count: number, seed: number): Iterable<CdpEvent> =>
  generate({ count, seed, mix, startTime: Date.now() - count * 20 - 60_000, stepMs: 20, disorderMs: 2_000 });

function* remembered(source: Iterable<CdpEvent>, account: Account, sent: SentEvent[]): Generator<CdpEvent> {
  for (const event of source) {
    sent.push({ id: event.messageId ?? '', key: ledgerKey(account, event) });
    yield event;
  }
}

function countKinds(outcomes: readonly Outcome[]): Record<Outcome['kind'], number> {
  const counts = Object.fromEntries(outcomeKinds.map((kind) => [kind, 0])) as Record<Outcome['kind'], number>;
  for (const { kind } of outcomes) counts[kind] += 1;
  return counts;
}
