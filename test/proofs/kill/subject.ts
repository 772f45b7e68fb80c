import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createRuntime, type AnyDestination, type CdpEvent, type Connection } from '../../../core/index.ts';
import { ledgerKey, type Account } from '../../support/simulators/accounts.ts';
import { everyFault, generate, type Simulator } from '../../../core/testing/simulators/index.ts';

/** One event that was enqueued, by all its names. */
export interface Sent {
  readonly id: string;
  /** In the vendor's ledger. */
  readonly key: string;
  readonly lane: string | undefined;
}

/** One destination under fire: its simulator, what was enqueued for it, and what every kill found. */
export interface Subject {
  readonly account: Account;
  readonly vendor: Simulator;
  readonly sent: Sent[];
  /** By id: when (epoch ms) a kill had left it in the vendor's ledger and still waiting in the store. */
  readonly inFlight: Map<string, number[]>;
  /** The most of them that one kill found. */
  mostInFlight: number;
  readonly connection: Connection;
  /** The next events, which it remembers. */
  next(count: number): readonly CdpEvent[];
  /** The same, in a file for enqueue. */
  nextFile(count: number): string;
  /** An entry of a work file. */
  entry(options?: object): object;
  close(): Promise<void>;
}

const timeoutMs = 1_000;

/** Short patience, and small requests: a kill shall find something in flight. */
const options = {
  retry: { attempts: 6, baseMs: 1, capMs: 20, retryAfterCapMs: 20, budget: false },
  pace: { timeoutMs },
};

export async function createSubject(
  account: Account,
  { folder, seed, faultRate, retryAfterSeconds = 0, destinations }: SubjectOptions,
): Promise<Subject> {
  mkdirSync(folder, { recursive: true });
  const vendor = await account.start({
    faults: {
      rate: faultRate,
      weights: { ...everyFault, slow: 0.02, hang: 0.02 },
      retryAfterSeconds,
      slowMs: timeoutMs * 2,
    },
    seed,
    latencyMs: 15,
  });
  const runtime = createRuntime({ destinations });
  const connection = opened(runtime, account);
  // One stream of events, taken a piece at a time: ids and, at AdRoll Email, addresses never come twice.
  const events = generate({
    count: 10_000_000,
    seed,
    mix: account.mix,
    startTime: Date.now() - 86_400_000,
    stepMs: 20,
    phones: 60,
  });
  const sent: Sent[] = [];
  let files = 0;
  function next(count: number): readonly CdpEvent[] {
    const some: CdpEvent[] = [];
    while (some.length < count) {
      const { value: event } = events.next() as { readonly value: CdpEvent };
      const route = connection.routeOf(event);
      if (route.kind !== 'payload') continue;
      sent.push({ id: event.messageId ?? '', key: ledgerKey(account, event), lane: route.lanes?.[0] });
      some.push(event);
    }
    return some;
  }
  return {
    account,
    vendor,
    connection,
    sent,
    inFlight: new Map(),
    mostInFlight: 0,
    next,
    nextFile(count) {
      files += 1;
      const file = path.join(folder, `${account.slug}-${files}.ndjson`);
      writeFileSync(
        file,
        next(count)
          .map((event) => `${JSON.stringify(event)}\n`)
          .join(''),
      );
      return file;
    },
    entry: (more = {}) => ({
      id: account.slug,
      destination: account.slug,
      config: account.config,
      options: { ...options, ...more, ...smallRequests[account.slug] },
    }),
    async close() {
      await runtime.close();
      await vendor.close();
    },
  };
}

export interface SubjectOptions {
  readonly folder: string;
  readonly seed: number;
  readonly faultRate: number;
  /** What a vendor asks for with a 429. Default: 0. */
  readonly retryAfterSeconds?: number;
  readonly destinations: readonly AnyDestination[];
}

const smallRequests: Readonly<Record<string, object>> = {
  adroll: { limits: { maxItems: 5 } },
  rokt: { limits: { maxItems: 5 } },
  'adroll-email': { limits: { maxItems: 20 } },
};

function opened(runtime: ReturnType<typeof createRuntime>, { slug, config }: Account): Connection {
  const result = runtime.open(slug, config);
  if (result.kind === 'invalid') throw new Error(JSON.stringify(result.issues));
  return result.connection;
}
