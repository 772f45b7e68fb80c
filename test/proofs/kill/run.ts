import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { AnyDestination } from '../../../core/index.ts';
import type { Failpoint } from '../../../core/queue/failpoint.ts';
import { openStore, type DeadLetter } from '../../../core/queue/index.ts';
import type { Account } from '../../support/simulators/accounts.ts';
import { createRandom } from '../../../core/testing/simulators/random.ts';
import { spillway, type Ended } from './child.ts';
import { judge, type Judgement } from './judge.ts';
import { createSubject, type Subject } from './subject.ts';

export interface KillOptions {
  /** For files and stores; made, and not removed. */
  readonly folder: string;
  readonly accounts: readonly Account[];
  readonly destinations: readonly AnyDestination[];
  /** Kills at random moments, of a worker that serves all destinations. */
  readonly kills: number;
  /** Named moments, each once for each of these destinations (default: all). */
  readonly failpoints: readonly Failpoint[];
  readonly failpointsAt?: readonly string[];
  /** Events that wait for each destination when a worker starts, at least. */
  readonly waiting: number;
  readonly seed: number;
  /** Share of requests that meet a fault. */
  readonly faultRate: number;
  readonly log?: (line: string) => void;
}

export interface KillReport {
  readonly judgements: readonly Judgement[];
  /** Kills that really hit, by moment. */
  readonly killed: ReadonlyMap<string, number>;
  /** Moments that never came. */
  readonly missed: readonly string[];
  readonly seconds: number;
}

const enqueuePoints: ReadonlySet<Failpoint> = new Set(['before put', 'after put before ack']);

/** Kills `spillway enqueue` and `spillway work` over and over, lets the last worker finish, and lays store beside ledgers. */
export async function runKills(options: KillOptions): Promise<KillReport> {
  const { folder, accounts, kills, seed, log = () => undefined } = options;
  const startedAt = performance.now();
  mkdirSync(folder, { recursive: true });
  const store = path.join(folder, 'store');
  const random = createRandom(seed);
  const subjects = await Promise.all(accounts.map((account) => createSubject(account, options)));
  const origins = subjects.flatMap(({ account, vendor }) => ['--origin', `${account.slug}=${vendor.origin}`]);
  const killed = new Map<string, number>();
  const missed: string[] = [];
  /** By destination, as of the last look. */
  const waiting = new Map<string, number>();

  const fileOf = (name: string, some: readonly Subject[], more?: object): string => {
    const file = path.join(folder, `${name}.json`);
    writeFileSync(file, JSON.stringify({ connections: some.map((subject) => subject.entry(more)) }));
    return file;
  };
  const all = fileOf('work', subjects);

  function hit(moment: string, { killed: was }: Ended): void {
    if (was) killed.set(moment, (killed.get(moment) ?? 0) + 1);
    else missed.push(moment);
  }

  /** Until it is confirmed: the same file again and again, as an operator would. */
  async function enqueue(subject: Subject, count: number, failpoint?: Failpoint): Promise<void> {
    const input = subject.nextFile(count);
    const { slug } = subject.account;
    const args = ['enqueue', slug, '--store', store, '--config', all, '--input', input, '--quiet'];
    if (failpoint !== undefined) {
      const moment = `${failpoint} (${slug})`;
      hit(moment, await spillway(args, [failpoint, 2]).ended);
      await look(moment);
    }
    const { code, stderr } = await spillway(args).ended;
    if (code !== 0) throw new Error(`enqueue for ${slug} ended with ${code}: ${stderr}`);
    waiting.set(slug, (waiting.get(slug) ?? 0) + count);
  }

  /** What is in the store after a kill, and of that what the vendors have already. */
  async function look(moment: string): Promise<void> {
    // What had left the worker by then is at the vendors now.
    await pause(50);
    const at = Date.now();
    const opened = await openStore({ path: store });
    try {
      for (const subject of subjects) {
        const { slug } = subject.account;
        const keys = new Map(subject.sent.map(({ id, key }) => [id, key]));
        const left = await opened.peek(slug, Number.MAX_SAFE_INTEGER);
        const found = left.filter(({ id }) => subject.vendor.ledger.timesCommitted(keys.get(id) ?? '') > 0);
        for (const { id } of found) subject.inFlight.set(id, [...(subject.inFlight.get(id) ?? []), at]);
        subject.mostInFlight = Math.max(subject.mostInFlight, found.length);
        waiting.set(slug, left.length);
      }
    } finally {
      await opened.close();
    }
    log(`${moment}: ${[...waiting].map(([slug, count]) => `${slug} ${count} wait`).join(', ')}`);
  }

  async function topUp(subject: Subject): Promise<void> {
    if ((waiting.get(subject.account.slug) ?? 0) < options.waiting / 2) await enqueue(subject, options.waiting);
  }

  const requests = (): number => subjects.reduce((sum, { vendor }) => sum + vendor.requests(), 0);
  const args = (file: string, ...flags: string[]): string[] => [
    'work',
    '--store',
    store,
    '--config',
    file,
    ...origins,
    ...flags,
  ];

  /** One moment for one destination. */
  async function killAt(failpoint: Failpoint, subject: Subject): Promise<void> {
    const { slug } = subject.account;
    if (enqueuePoints.has(failpoint)) return enqueue(subject, 1_100, failpoint);
    await topUp(subject);
    // A lost answer becomes a dead letter here; and what is done is pruned at once.
    const file = fileOf(`work-${slug}`, [subject], { onAmbiguous: 'report' });
    const own = ['--origin', `${slug}=${subject.vendor.origin}`];
    const flags = ['work', '--store', store, '--config', file, ...own, '--keep', '0'];
    const moment = `${failpoint} (${slug})`;
    // Not everything that dies or is pruned comes twice in the time there is.
    const times = failpoint.startsWith('during') ? 1 : 1 + random.below(2);
    const child = spillway(flags, [failpoint, times]);
    const giveUp = setTimeout(() => child.process.kill('SIGTERM'), 90_000);
    hit(moment, await child.ended);
    clearTimeout(giveUp);
    await look(moment);
  }

  async function killAtRandom(round: number): Promise<void> {
    const before = requests();
    const child = spillway(args(all));
    // One in ten dies while it starts.
    const early = random.chance(0.1);
    const since = performance.now();
    while (!early && requests() === before && child.process.exitCode === null && performance.now() - since < 30_000)
      await pause(5);
    await pause(random.next() * (early ? 1_000 : 1_500));
    child.process.kill('SIGKILL');
    hit('at a random moment', await child.ended);
    await look(`kill ${round + 1} of ${kills}`);
    for (const subject of subjects) await topUp(subject);
  }

  try {
    for (const subject of subjects) await enqueue(subject, options.waiting);
    for (let round = 0; round < kills; round += 1) await killAtRandom(round);
    const { failpointsAt = accounts.map(({ slug }) => slug) } = options;
    const named = subjects.filter(({ account }) => failpointsAt.includes(account.slug));
    for (const failpoint of options.failpoints) for (const subject of named) await killAt(failpoint, subject);
    const last = await spillway(args(all, '--until-idle', '--json')).ended;
    if (last.code !== 0 && last.code !== 1) throw new Error(`the last worker ended with ${last.code}: ${last.stderr}`);
    log(last.stderr);
    const judgements = await judged();
    return { judgements, killed, missed, seconds: Math.round((performance.now() - startedAt) / 1000) };
  } finally {
    await Promise.all(subjects.map((subject) => subject.close()));
  }

  async function judged(): Promise<readonly Judgement[]> {
    const opened = await openStore({ path: store });
    try {
      const result: Judgement[] = [];
      for (const subject of subjects) {
        const { slug } = subject.account;
        const dead = new Map<string, DeadLetter>();
        for await (const letter of opened.dead(slug)) dead.set(letter.id, letter);
        const [backlog] = (await opened.status(slug)).connections;
        result.push(judge(subject, { dead, waiting: backlog?.waiting ?? 0 }));
      }
      return result;
    } finally {
      await opened.close();
    }
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));
