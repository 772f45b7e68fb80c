/**
 * Runs the cases in this process. scripts/bench.ts compiles and starts it: measured is plain JavaScript, as it is
 * published.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import path from 'node:path';
import { Command, Option } from 'commander';
import { bigCall } from './cases/big-call.ts';
import { bytes } from './cases/bytes.ts';
import { dates } from './cases/dates.ts';
import { delivered } from './cases/delivered.ts';
import { goesOn } from './cases/goes-on.ts';
import { heap } from './cases/heap.ts';
import { jetstream } from './cases/jetstream.ts';
import { latency } from './cases/latency.ts';
import { observed } from './cases/observed.ts';
import { oneEvent } from './cases/one-event.ts';
import { queue } from './cases/queue.ts';
import { requests } from './cases/requests.ts';
import { rules } from './cases/rules.ts';
import { service } from './cases/service.ts';
import { startUp } from './cases/start-up.ts';
import { tenantsCase } from './cases/tenants.ts';
import { full, quick, type Effort } from './effort.ts';
import { printed, type Row, type Section } from './report.ts';

interface Case {
  readonly title: string;
  readonly run: (effort: Effort) => Promise<readonly Row[]>;
}

const cases: Readonly<Record<string, Case>> = {
  bytes: { title: 'Line -> request bytes, vendor in the process', run: bytes },
  dates: { title: 'Times, by their day of the month', run: dates },
  'goes-on': { title: 'A process that goes on, no collection forced', run: goesOn },
  delivered: { title: 'Line -> delivered, vendor on loopback', run: delivered },
  requests: { title: 'The request layer alone', run: requests },
  latency: { title: '50 ms vendor latency, 1,000 in flight', run: latency },
  'big-call': { title: 'One call of 10,000 events beside calls of 100', run: bigCall },
  heap: { title: 'Heap retained', run: heap },
  'one-event': { title: 'deliver() of one event', run: oneEvent },
  observed: { title: 'Signals, metrics and traces', run: observed },
  rules: { title: 'Subscriptions and mappings', run: rules },
  queue: { title: 'The durable queue, beside the bare package', run: queue },
  jetstream: { title: 'The store on JetStream, beside its bare client and LMDB', run: jetstream },
  service: { title: 'The service by HTTP, beside bare node:http', run: service },
  tenants: { title: 'Very many connections of one vendor', run: tenantsCase },
  'start-up': { title: 'Start-up', run: startUp },
};

interface Flags {
  readonly quick: boolean;
  readonly only: readonly string[];
  readonly out: string;
}

const flags = new Command('bench')
  .description('Measures spillway against hand-written floors. Trust ratios within a run, not times across runs.')
  .option('--quick', 'a few seconds for each case', false)
  .addOption(new Option('--only <case...>', 'only these cases').choices(Object.keys(cases)).default(Object.keys(cases)))
  .option('--out <file>', 'where the results go as JSON', path.join('.bench', 'results.json'))
  .parse()
  .opts<Flags>();

const pinned = process.env['BENCH_PINNED'] === '1';
console.log(
  `Node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}, ` +
    (pinned ? 'pinned to one core' : 'NOT pinned to a core (no taskset): expect more noise'),
);

const sections: Section[] = [];
for (const name of flags.only) {
  const { title, run } = cases[name] as Case;
  const section = { name, title, rows: await run(flags.quick ? quick : full) };
  sections.push(section);
  console.log(`\n${printed(section)}`);
}

await mkdir(path.dirname(flags.out), { recursive: true });
const machine = { node: process.version, cpu: cpus()[0]?.model, cores: cpus().length, pinned };
const result = { startedAt: new Date(performance.timeOrigin).toISOString(), quick: flags.quick, machine, sections };
await writeFile(flags.out, `${JSON.stringify(result, undefined, 2)}\n`);

const aims = sections.flatMap(({ rows }) => rows).flatMap(({ aim }) => aim ?? []);
console.log(
  `\n${aims.filter(({ reached }) => reached).length} of ${aims.length} aims reached; all figures in ${flags.out}`,
);
process.exit();
