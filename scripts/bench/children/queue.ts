/**
 * Drives queues on disk side by side, each in a new folder each time, and prints what every part of it cost. With the
 * name of one of them, it drives that one alone: for the memory it takes. Garbage is collected on the thread that makes
 * it: helpers that wait for each other on a busy machine waste CPU.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { CdpEvent } from '../../../core/index.ts';
import { takeEveryCore } from '../cores.ts';
import { sweepNursery } from '../rounds.ts';
import { expectAll } from '../runs.ts';
import { bareLmdb } from '../stores/bare-lmdb.ts';
import { durableQueue } from '../stores/durable-queue.ts';
import type { BenchStore, Numbered, StoreKind } from '../stores/store.ts';
import { transactionsOf } from '../stores/transactions.ts';
import { linesFor, subjects, type Subject } from '../subjects.ts';

export interface Cost {
  readonly store: string;
  readonly part: string;
  readonly perSecond: number;
  readonly cpuUs: number;
  /** Transactions of LMDB, each of which waits for its flush. */
  readonly flushes: number;
  readonly seconds: number;
}
export interface QueueCosts {
  readonly events: number;
  /** A list for each round. */
  readonly rounds: readonly (readonly Cost[])[];
  readonly peakMb: number;
  /** Before the first store was opened: the events themselves, and the code. */
  readonly startMb: number;
}

const [countOf = '20000', roundsOf = '3', only] = process.argv.slice(2);
const perCall = 100;
const subject = subjects[0] as Subject;
const events: readonly Numbered[] = linesFor(subject, Number(countOf)).map((line) => {
  const event = JSON.parse(line) as CdpEvent;
  return { id: event.messageId as string, event };
});

/** Calls `step` until it says that there is no more, as many at once as `lines`. */
async function keepGoing(step: () => Promise<boolean>, lines: number): Promise<void> {
  const go = async (): Promise<void> => {
    while (await step());
  };
  await Promise.all(Array.from({ length: lines }, go));
}

async function putAll({ put }: BenchStore, inFlight: number): Promise<void> {
  let next = 0;
  await keepGoing(async () => {
    if (next >= events.length) return false;
    const from = next;
    next += perCall;
    await put(events.slice(from, next));
    return true;
  }, inFlight);
}

async function consumeAll({ consume }: BenchStore, inFlight: number): Promise<void> {
  let done = 0;
  await keepGoing(async () => {
    const taken = await consume(perCall);
    done += taken;
    return taken > 0;
  }, inFlight);
  expectAll(done, events.length);
}

/** A producer and a consumer side by side. */
async function both(store: BenchStore): Promise<void> {
  let done = 0;
  const consumer = keepGoing(async () => {
    const taken = await store.consume(perCall);
    done += taken;
    if (taken === 0) await new Promise((resolve) => void setImmediate(resolve));
    return done < events.length;
  }, 1);
  await Promise.all([putAll(store, 1), consumer]);
}

/** Not measured again. */
const setUp = 'set up';

/** The parts that share a store, in order. */
const parts: readonly (readonly (readonly [string, (store: BenchStore) => Promise<void>])[])[] = [
  [
    ['put, each awaited', (store) => putAll(store, 1)],
    ['claim + settle, each awaited', (store) => consumeAll(store, 1)],
  ],
  [
    ['put, 4 in flight', (store) => putAll(store, 4)],
    ['work() with a vendor in the process', (store) => store.work()],
  ],
  [['put, and claim + settle beside it', both]],
  [
    [setUp, (store) => putAll(store, 4)],
    ['claim + settle, 2 in flight', (store) => consumeAll(store, 2)],
  ],
];

async function drive(kind: StoreKind): Promise<Cost[]> {
  const costs: Cost[] = [];
  for (const sharing of parts) {
    const folder = await mkdtemp(path.join(tmpdir(), 'bench-queue-'));
    const store = await kind.open(folder);
    for (const [part, run] of sharing) {
      sweepNursery();
      const transactions = transactionsOf(folder);
      const cpu = process.cpuUsage();
      const start = performance.now();
      await run(store);
      const seconds = (performance.now() - start) / 1000;
      const { user, system } = process.cpuUsage(cpu);
      const flushes = transactionsOf(folder) - transactions;
      const perSecond = events.length / seconds;
      if (part !== setUp)
        costs.push({ store: kind.name, part, perSecond, cpuUs: (user + system) / events.length, flushes, seconds });
    }
    await store.close();
    await rm(folder, { recursive: true });
  }
  return costs;
}

takeEveryCore();
const kinds = [bareLmdb(subject), durableQueue(subject), durableQueue(subject, { lanes: 500 })].filter(
  ({ name }) => only === undefined || name === only,
);
const startMb = process.memoryUsage().rss / 2 ** 20;
// What counts is the compiled code.
if (only === undefined) for (const kind of kinds) await drive(kind);
const rounds: Cost[][] = [];
for (let round = 0; round < Number(roundsOf); round += 1) {
  const costs: Cost[] = [];
  for (let place = 0; place < kinds.length; place += 1)
    costs.push(...(await drive(kinds[(place + round) % kinds.length] as StoreKind)));
  rounds.push(costs);
}
const peakMb = process.resourceUsage().maxRSS / 1024;
console.log(JSON.stringify({ events: events.length, rounds, peakMb, startMb } satisfies QueueCosts));
process.exit();
