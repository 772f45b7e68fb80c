import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { AnyDestination, ConnectionOptions } from '../../../core/index.ts';
import { toQueued, type DeadLetter } from '../../../core/queue/index.ts';
import { openJetStreamStore, type SharedDeliveryStore } from '../../../core/queue/jetstream/index.ts';
import { commits } from '../../../core/testing/simulators/index.ts';
import { createRandom } from '../../../core/testing/simulators/random.ts';
import type { Account } from '../../support/simulators/accounts.ts';
import { judge, late, type Judgement } from '../kill/judge.ts';
import { createSubject, type Subject } from '../kill/subject.ts';
import { repository } from '../repository.ts';
import { startBrokers } from './brokers.ts';
import { disturbedAt, doubledIn, turnsIn, type Disturbance, type WorkerOptions } from './notes.ts';

export interface ClusterOptions {
  /** For notes; made, and not removed. */
  readonly folder: string;
  readonly accounts: readonly Account[];
  readonly destinations: readonly AnyDestination[];
  readonly workers: number;
  /** 1, or 3 that keep three copies. */
  readonly nodes: number;
  /** Of workers and brokers, at random. */
  readonly kills: number;
  /** How long (ms) a broker is cut off, each time; between the kills. */
  readonly cuts?: readonly number[];
  /** Most time between two of them (ms). */
  readonly calmMs: number;
  /** See JetStreamOptions. One broker in six is away for longer than that. */
  readonly leaseMs: number;
  /** Events a second, of each destination. */
  readonly perSecond: number;
  readonly seed: number;
  /** Share of requests that meet a fault. */
  readonly faultRate: number;
  readonly log?: (line: string) => void;
}

export interface ClusterReport {
  readonly judgements: readonly SharedJudgement[];
  readonly disturbances: readonly Disturbance[];
  /** Worker processes that ended by themselves, or not in order when they were told to. */
  readonly crashed: number;
  /** Puts that failed and were repeated. */
  readonly repeatedPuts: number;
  readonly uncut: string | undefined;
  readonly seconds: number;
}

export interface SharedJudgement extends Judgement {
  /** Times that two living processes had one event out. */
  readonly doubled: number;
  /** Of the stale duplicates: those of which no fault and no kill explains why they were sent again. */
  readonly staleUnexplained: number;
  /** Dead letters that say `rejected` of an event that the vendor has. */
  readonly falselyRejected: number;
}

const here = fileURLToPath(import.meta.url);
const isSource = here.endsWith('.ts');
const program = [
  ...(isSource ? ['--import', 'tsx'] : []),
  path.join(path.dirname(here), `worker.${isSource ? 'ts' : 'js'}`),
];

interface WorkerProcess {
  /** Its number, from 0. */
  readonly number: number;
  readonly child: ChildProcess;
  readonly exit: Promise<unknown>;
}

/** Longest wait for what is left, when nothing is killed any more (ms). */
const drainMs = 240_000;
const mostInPut = 150;

/** Kills workers and brokers over and over, lets the workers finish, and lays store beside ledgers. */
export async function runCluster(options: ClusterOptions): Promise<ClusterReport> {
  const { folder, accounts, seed, log = () => undefined } = options;
  const startedAt = performance.now();
  mkdirSync(folder, { recursive: true });
  const random = createRandom(seed);
  const brokers = await startBrokers(options.nodes);
  const url = `nats://${brokers.hosts}?stream=proof&replicas=${options.nodes}`;
  const subjects = await Promise.all(
    accounts.map((account) => createSubject(account, { ...options, retryAfterSeconds: 1 })),
  );
  const disturbances: Disturbance[] = [];
  const files: string[] = [];
  const workers: WorkerProcess[] = [];
  let crashed = 0;
  let repeatedPuts = 0;
  let isOver = false;

  function startWorker(): void {
    const number = files.length;
    const file = path.join(folder, `worker-${number}.notes`);
    files.push(file);
    const entries = subjects.map((subject) => ({
      destination: subject.account.slug,
      origin: subject.vendor.origin,
      config: subject.account.config,
      options: (subject.entry() as { readonly options: ConnectionOptions }).options,
    }));
    const argument = JSON.stringify({ url, leaseMs: options.leaseMs, file, entries } satisfies WorkerOptions);
    const child = spawn(process.execPath, [...program, argument], {
      cwd: repository,
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => log(`worker ${number}: ${text.trimEnd()}`));
    workers.push({ number, child, exit: once(child, 'exit') });
    child.once('exit', (code) => {
      if (code !== null && (code !== 0 || !isOver)) crashed += 1;
    });
  }

  async function killWorker(): Promise<Disturbance> {
    const [one] = workers.splice(random.below(workers.length), 1);
    const from = Date.now();
    one?.child.kill('SIGKILL');
    await one?.exit;
    const to = Date.now();
    await sleep(random.next() * 1_000);
    startWorker();
    return { what: 'worker', from, to, process: one?.number ?? -1 };
  }

  /** The same again and again, until it is confirmed. */
  async function put(store: SharedDeliveryStore, subject: Subject, count: number): Promise<void> {
    const { account, connection } = subject;
    const events = subject.next(count).map((event) => toQueued(connection, event, event.messageId ?? ''));
    for (;;) {
      try {
        await store.put([{ connection: account.slug, events }]);
        return;
      } catch (error) {
        repeatedPuts += 1;
        log(`put for ${account.slug}: ${(error as Error).message}`);
        await sleep(500);
      }
    }
  }

  async function produce(store: SharedDeliveryStore, subject: Subject): Promise<void> {
    const chance = createRandom(seed + subjects.indexOf(subject));
    while (!isOver) {
      const count = 1 + chance.below(mostInPut);
      await put(store, subject, count);
      await sleep((count / options.perSecond) * 1_000);
    }
  }

  async function disturb(): Promise<void> {
    const { kills, cuts = [], calmMs } = options;
    for (let done = 0; done < kills; done += 1) {
      await sleep(random.next() * calmMs);
      const isWorker = random.chance(0.6);
      const one = await (isWorker
        ? killWorker()
        : brokers.kill(random.chance(1 / 6) ? 1.2 * options.leaseMs : random.next() * 2_000));
      disturbances.push(one);
      log(`kill ${done + 1} of ${kills}: ${one.what}${one.process === undefined ? '' : ` ${one.process}`}`);
      const cut = brokers.uncut === undefined ? cuts[Math.floor(((done + 1) * cuts.length) / kills) - 1] : undefined;
      const isDue = Math.floor(((done + 1) * cuts.length) / kills) > Math.floor((done * cuts.length) / kills);
      if (cut === undefined || !isDue) continue;
      log(`a broker is cut off for ${cut} ms`);
      await sleep(3_000);
      disturbances.push(await brokers.cut(cut));
    }
  }

  const store = await openJetStreamStore({ url, leaseMs: options.leaseMs });
  try {
    for (let count = 0; count < options.workers; count += 1) startWorker();
    const producing = subjects.map((subject) => produce(store, subject));
    while (!files.every((file) => existsSync(file))) await sleep(100);
    await disturb();
    isOver = true;
    await Promise.all(producing);
    const waiting = await drain(store, subjects, log);
    const exits = workers.map(({ child, exit }) => (child.kill('SIGTERM'), exit));
    await Promise.all(exits);
    const turns = turnsIn(files);
    const judgements = [];
    for (const subject of subjects) {
      const { slug } = subject.account;
      const dead = new Map<string, DeadLetter>();
      for await (const letter of store.dead(slug)) dead.set(letter.id, letter);
      const more = { doubled: 0, staleUnexplained: 0, falselyRejected: 0 };
      const faulty = committedIn(subject);
      for (const { id, key } of subject.sent) {
        const own = turns.get(`${slug} ${id}`) ?? [];
        const times = disturbedAt(own, disturbances);
        subject.inFlight.set(id, [...times]);
        const doubled = doubledIn(own, disturbances);
        const letter = dead.get(id);
        const isExplained = times.length > 0 || faulty.get(key) === true;
        const isStale = letter?.reason.detail?.includes(late) === true && faulty.has(key);
        const isFalse = letter?.outcome === 'rejected' && faulty.has(key);
        more.doubled += doubled;
        more.staleUnexplained += isStale && !isExplained ? 1 : 0;
        more.falselyRejected += isFalse ? 1 : 0;
        const twice = subject.vendor.ledger.timesCommitted(key) > 1;
        if (doubled > 0 || isFalse || ((isStale || twice) && !isExplained))
          log(
            `look at ${slug} ${id}: ${JSON.stringify({ own, times, outcome: letter?.outcome, code: letter?.reason.code })}`,
          );
      }
      judgements.push({ ...judge(subject, { dead, waiting: waiting.get(slug) ?? 0 }), ...more });
    }
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    return { judgements, disturbances, crashed, repeatedPuts, uncut: brokers.uncut, seconds };
  } finally {
    isOver = true;
    for (const { child } of workers) child.kill('SIGKILL');
    await store.close();
    await Promise.all(subjects.map((subject) => subject.close()));
    await brokers.remove();
  }
}

/** By key, what the vendor has, and whether the answer to any of it was lost. */
function committedIn({ vendor }: Subject): ReadonlyMap<string, boolean> {
  const all = new Map<string, boolean>();
  for (const { id, committed, fault } of vendor.ledger.entries)
    if (committed) all.set(id, all.get(id) === true || (fault !== undefined && commits(fault)));
  return all;
}

/** Resolves when nothing waits, or after a long time, to what waits by then. */
async function drain(
  store: SharedDeliveryStore,
  subjects: readonly Subject[],
  log: (line: string) => void,
): Promise<ReadonlyMap<string, number>> {
  const end = performance.now() + drainMs;
  let waiting = new Map(subjects.map(({ account }) => [account.slug, Number.NaN]));
  for (;;) {
    // A cluster that has lost a node may have no word for some time.
    const { connections } = await store.status().catch(() => ({ connections: [] }));
    if (connections.length > 0) waiting = new Map(connections.map((one) => [one.connection, one.waiting]));
    const left = [...waiting.values()].reduce((sum, count) => sum + count, 0);
    if (left === 0 || performance.now() > end) return waiting;
    log([...waiting].map(([connection, count]) => `${connection} ${count} wait`).join(', '));
    await sleep(1_000);
  }
}
