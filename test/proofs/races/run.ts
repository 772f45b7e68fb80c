import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { AnyDestination } from '../../../core/index.ts';
import { openStore, type DeadLetter } from '../../../core/queue/index.ts';
import { createRandom } from '../../../core/testing/simulators/random.ts';
import type { Account } from '../../support/simulators/accounts.ts';
import { spillway, type Ended } from '../kill/child.ts';
import { judge, type Judgement } from '../kill/judge.ts';
import { createSubject } from '../kill/subject.ts';

export interface RaceOptions {
  /** For files and the store; made, and not removed. */
  readonly folder: string;
  /** Of a destination without lanes: those that race have no order among them. */
  readonly account: Account;
  readonly destinations: readonly AnyDestination[];
  readonly rounds: number;
  /** Commands that start in a round: `enqueue` and `work --until-idle` in turns. */
  readonly starts: number;
  /** They start within so many milliseconds. */
  readonly withinMs: number;
  /** Events of each `enqueue`. */
  readonly events: number;
  /** How often the owner is stopped and continued. */
  readonly stops: number;
  /** Default: that of the commands. */
  readonly waitSeconds?: number;
  readonly seed: number;
  readonly log?: (line: string) => void;
}

export interface RaceReport {
  readonly judgement: Judgement;
  /** What did not end as it had to: the command, and what it said. */
  readonly failed: readonly string[];
  /** How long commands took, in milliseconds. */
  readonly medianMs: number;
  readonly longestMs: number;
}

/** Many commands start on one store at once; then its owner is stopped, and others ask for it. */
export async function runRaces(options: RaceOptions): Promise<RaceReport> {
  const { folder, account, rounds, waitSeconds, starts, withinMs, events, stops, log = () => undefined } = options;
  mkdirSync(folder, { recursive: true });
  const store = path.join(folder, 'store');
  const random = createRandom(options.seed);
  const subject = await createSubject(account, { ...options, faultRate: 0 });
  const { slug } = account;
  const config = path.join(folder, 'work.json');
  // On a busy machine an answer is late: it is no matter of the store that the event is sent again then.
  writeFileSync(config, JSON.stringify({ connections: [subject.entry({ pace: { timeoutMs: 10_000 } })] }));
  const common = ['--store', store, '--config', config, '--quiet'];
  const enqueue = (...flags: string[]): string[] => [
    'enqueue',
    slug,
    ...common,
    '--input',
    subject.nextFile(events),
    ...flags,
  ];
  const work = (...flags: string[]): string[] => [
    'work',
    ...common,
    '--origin',
    `${slug}=${subject.vendor.origin}`,
    ...flags,
  ];
  const wait = waitSeconds === undefined ? [] : ['--wait', String(waitSeconds)];
  const failed: string[] = [];
  const times: number[] = [];

  async function run(args: readonly string[], code = 0, says = ''): Promise<void> {
    const since = performance.now();
    const ended: Ended = await spillway(args).ended;
    times.push(performance.now() - since);
    if (ended.code !== code || !ended.stderr.includes(says))
      failed.push(`${args.join(' ')}: ${ended.code}: ${ended.stderr}`);
  }

  async function race(): Promise<void> {
    const commands = Array.from({ length: starts }, (_, n) =>
      n % 2 === 0 ? enqueue(...wait) : work('--until-idle', ...wait),
    );
    await Promise.all(
      commands.map(async (args) => {
        await pause(random.next() * withinMs);
        await run(args);
      }),
    );
  }

  /** While nothing is in flight: what a vendor does not get an answer to would have to be sent again. */
  async function stopOwner(): Promise<void> {
    const owner = spillway(work());
    await run(enqueue('--wait', '20'));
    while (subject.vendor.requests() === 0 || (await waiting()) > 0) await pause(50);
    owner.process.kill('SIGSTOP');
    const named = `process ${owner.process.pid} has the queue store and has not answered`;
    await Promise.all([
      run(['enqueue', slug, ...common, '--input', config, '--wait', '0.5'], 75, named),
      run(work('--until-idle', '--wait', '0.5'), 75, named),
    ]);
    owner.process.kill('SIGCONT');
    await run(enqueue());
    while ((await waiting()) > 0) await pause(50);
    owner.process.kill('SIGTERM');
    const { code, stderr } = await owner.ended;
    if (code !== 143) failed.push(`the owner that was stopped: ${code}: ${stderr}`);
  }

  async function waiting(): Promise<number> {
    const { stdout } = await spillway(['queue', 'status', '--store', store, '--json', '--wait', '20']).ended;
    const status = JSON.parse(stdout) as { readonly connections: readonly { readonly waiting: number }[] };
    return status.connections.reduce((sum, one) => sum + one.waiting, 0);
  }

  try {
    // A store that is not there yet is no race, but a mistake of the command.
    await run(enqueue());
    for (let round = 0; round < rounds; round += 1) {
      await race();
      log(
        `round ${round + 1} of ${rounds}: ${failed.length} failed, the longest took ${Math.max(...times).toFixed(0)} ms`,
      );
    }
    const raced = times.toSorted((a, b) => a - b);
    for (let stop = 0; stop < stops; stop += 1) await stopOwner();
    await run(work('--until-idle'));
    const dead = new Map<string, DeadLetter>();
    const opened = await openStore({ path: store });
    for await (const letter of opened.dead(slug)) dead.set(letter.id, letter);
    const left = (await opened.status(slug)).connections[0]?.waiting ?? 0;
    await opened.close();
    return {
      judgement: judge(subject, { dead, waiting: left }),
      failed,
      medianMs: raced[raced.length >> 1] ?? 0,
      longestMs: raced.at(-1) ?? 0,
    };
  } finally {
    await subject.close();
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));
