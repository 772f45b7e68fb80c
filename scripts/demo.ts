/**
 * `npm run demo`: the main job, on embedded defaults. Vendor simulators on loopback answer 5 % of requests with a
 * fault; seeded events as Segment and RudderStack SDKs emit them go through every destination that has a demo.json; the
 * end is a table and the conservation law. Needs no account and no service. Exit 1 when a demo.json is wrong, an event
 * is without an outcome, or an outcome disagrees with what the vendor has.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { MultiBar } from 'cli-progress';
import Table from 'cli-table3';
import { Command, InvalidArgumentError } from 'commander';
import { RunStats } from '../core/hosts/cli/run-stats.ts';
import { createRuntime, outcomeKinds, type CdpEvent, type OutcomeKind } from '../core/index.ts';
import { everyFault, generate, type Simulator } from '../core/testing/index.ts';
import { participantsIn, type Participant } from './demo/participants.ts';

interface Settings {
  readonly events: number;
  readonly seed: number;
  readonly faults: number;
  readonly destinations: string;
}

const numberIn =
  (least: number, most: number) =>
  (written: string): number => {
    const value = Number(written);
    if (written.trim() === '' || !(value >= least && value <= most)) {
      throw new InvalidArgumentError(`expected a number from ${least} to ${most}`);
    }
    return value;
  };

const settings = new Command('demo')
  .description('Streams generated events through every destination against simulated vendors.')
  .option('--events <number>', 'events for each destination', numberIn(1, 10_000_000), 20_000)
  .option('--seed <number>', 'of the events and the faults', numberIn(0, 2 ** 31), 1)
  .option('--faults <share>', 'share of requests that meet a fault, 0 to 1', numberIn(0, 1), 0.05)
  .option(
    '--destinations <dir>',
    'where the destination folders are',
    path.join(path.dirname(fileURLToPath(import.meta.url)), '../destinations'),
  )
  .parse()
  .opts<Settings>();

interface Run {
  readonly participant: Participant;
  readonly vendor: Simulator;
  readonly stats: RunStats;
  /** Ledger keys of what is said to be delivered: fewer than events, where the vendor cannot tell all events apart. */
  readonly delivered: ReadonlySet<string>;
  readonly events: number;
  readonly perSecond: number;
}

/** What a vendor granted this account beyond its standard pace, so that the demo does not take minutes. */
const grantedPace = { concurrency: 16, timeoutMs: 5_000 };
const grantedRate = { permits: 10_000, perMs: 1_000, cost: 'item' } as const;

async function run(participant: Participant, onOutcome: () => void): Promise<Run> {
  const { slug, destination } = participant;
  const faults = { rate: settings.faults, weights: { ...everyFault, hang: 0 } };
  const vendor = await participant.start({ seed: settings.seed, faults });
  const stats = new RunStats();
  const rate = destination.manifest.pace.rate === undefined ? {} : { rate: grantedRate };
  const runtime = createRuntime({
    destinations: [destination],
    origins: { [slug]: vendor.origin },
    pace: { [slug]: { ...grantedPace, ...rate } },
    retry: { baseMs: 50 },
    onSignal: (signal) => stats.observe(signal),
  });
  try {
    const opened = runtime.open(slug, participant.settings, participant.options);
    if (opened.kind === 'invalid')
      throw new Error(
        opened.issues
          .map(({ path: at, message }) => `${slug}: demo.json: ${at.replace(/^config\b/, 'settings')}: ${message}`)
          .join('\n'),
      );
    const startedAt = performance.now();
    const events = generate({
      count: settings.events,
      seed: settings.seed,
      mix: participant.events,
      startTime: Date.now() - settings.events * 20,
    });
    const pending = new Map<number, string>();
    const delivered = new Set<string>();
    for await (const { index, outcome } of opened.connection.stream(keyed(events, participant, pending))) {
      stats.count(outcome);
      if (outcome.kind === 'delivered') delivered.add(pending.get(index) ?? '');
      pending.delete(index);
      onOutcome();
    }
    const perSecond = Math.round((settings.events * 1000) / (performance.now() - startedAt));
    return { participant, vendor, stats, delivered, events: settings.events, perSecond };
  } finally {
    await runtime.close();
    await vendor.close();
  }
}

/** Notes each event's ledger key by its place, for as long as it has no outcome. */
function* keyed(
  events: Iterable<CdpEvent>,
  { ledgerKey }: Participant,
  keys: Map<number, string>,
): Generator<CdpEvent> {
  let index = 0;
  for (const event of events) {
    keys.set(index, ledgerKey(event));
    index += 1;
    yield event;
  }
}

/** What is wrong with a folder or its demo.json is for its author, who has no use for a stack. */
function end(error: unknown): never {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
}

const { participants, leftOut } = await participantsIn(settings.destinations).catch(end);
const bars = new MultiBar({ format: '{slug} [{bar}] {percentage}%  {value}/{total}', hideCursor: true, barsize: 40 });
const terminal = process.stderr.isTTY === true;
console.log(
  `${settings.events.toLocaleString('en-US')} events (seed ${settings.seed}) through each of ${participants.map(({ slug }) => slug).join(', ')}; ` +
    `${settings.faults * 100} % of the vendors' answers are faulty.`,
);
for (const why of leftOut) console.log(why);
const runs = await Promise.all(
  participants.map((participant) => {
    const bar = terminal ? bars.create(settings.events, 0, { slug: participant.slug.padEnd(8) }) : undefined;
    return run(participant, () => bar?.increment());
  }),
).catch(end);
bars.stop();

const show = (amount: number | undefined): string => (amount === undefined ? '-' : amount.toLocaleString('en-US'));
const rows: readonly (readonly [name: string, of: (run: Run) => string])[] = [
  ['events in', ({ events }) => show(events)],
  ...outcomeKinds.map((kind): readonly [string, (run: Run) => string] => [
    kind,
    ({ stats }) => show(stats.outcomes[kind]),
  ]),
  ['requests', ({ stats }) => show(stats.requests)],
  ['events per request', ({ stats }) => show(Math.round((carried(stats) / Math.max(1, stats.requests)) * 10) / 10)],
  ['retries', ({ stats }) => show(stats.retries)],
  ['faulty answers', ({ vendor }) => show(Object.values(vendor.faults()).reduce((sum, times) => sum + times, 0))],
  ['events/s', ({ perSecond }) => show(perSecond)],
  ['p50 latency, ms', ({ stats }) => show(stats.latencyMs(50))],
  ['p99 latency, ms', ({ stats }) => show(stats.latencyMs(99))],
];
const unsent: readonly OutcomeKind[] = ['skipped', 'rejected'];
const carried = ({ outcomes }: RunStats): number =>
  outcomeKinds.filter((kind) => !unsent.includes(kind)).reduce((sum, kind) => sum + outcomes[kind], 0);

const table = new Table({
  head: ['', ...runs.map(({ participant }) => participant.slug)],
  style: terminal ? { compact: true } : { compact: true, head: [], border: [] },
  colAligns: ['left', ...runs.map(() => 'right' as const)],
});
for (const [name, of] of rows) table.push([name, ...runs.map(of)]);
console.log(table.toString());

let broken = false;
for (const { participant, events, stats, vendor, delivered } of runs) {
  const sum = outcomeKinds.reduce((total, kind) => total + stats.outcomes[kind], 0);
  const held =
    sum === events &&
    vendor.ledger.orderViolations() === 0 &&
    (participant.recorded || [...delivered].every((key) => vendor.ledger.timesCommitted(key) > 0));
  broken ||= !held;
  const parts = outcomeKinds.map((kind) => `${show(stats.outcomes[kind])} ${kind}`).join(' + ');
  const reasons = [...stats.reasons]
    .sort(([, one], [, other]) => other - one)
    .map(([code, times]) => `${code} ${show(times)}`);
  const vendorHas = participant.recorded
    ? 'answered with a recorded reply, so nobody knows what the vendor would have'
    : `the vendor has ${show(vendor.ledger.distinct())} of them, ${show(vendor.ledger.duplicates())} twice, ` +
      `${show(vendor.ledger.orderViolations())} out of order`;
  console.log(
    `${participant.slug}: in ${show(events)} ${sum === events ? '=' : 'IS NOT'} ${parts}; ${vendorHas}\n` +
      `  not delivered because: ${reasons.join(', ') || 'nothing'}`,
  );
}
process.exitCode = broken ? 1 : 0;
