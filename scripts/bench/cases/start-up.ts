import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildPackage, builtFile } from '../built-package.ts';
import { childScript, timedNode, type TimedProcess } from '../children/child.ts';
import type { Footprint } from '../children/start-bare.ts';
import type { Effort } from '../effort.ts';
import { atMost, type Row } from '../report.ts';
import { spreadOf } from '../rounds.ts';
import { startSink } from '../sink.ts';
import { linesFor, subjectOf } from '../subjects.ts';

const commandLine = 'core/hosts/cli/main.js';
const bareNode = 'Node';
const connector = 'core and one connector';

interface Program {
  readonly name: string;
  readonly args: readonly string[];
  /** Of the CPU that Node takes to do nothing. */
  readonly mostCpu?: number;
  /** Throws where it did not do what it is measured for. */
  readonly check?: (stdout: string) => void;
}

/** Processes out of the package as it is published, from start to end, beside one of Node that does nothing. */
export async function startUp(effort: Effort): Promise<readonly Row[]> {
  await buildPackage();
  const subject = subjectOf('AdRoll, 100 a request');
  const sink = await startSink(subject);
  const folder = await mkdtemp(path.join(tmpdir(), 'bench-start-up-'));
  const config = path.join(folder, 'config.json');
  const input = path.join(folder, 'events.ndjson');
  await writeFile(config, JSON.stringify({ config: subject.config }));
  await writeFile(input, linesFor(subject, 10).join(''));
  const deliver = ['deliver', 'adroll', '--config', config, '--input', input, '--origin', sink.origin, '--json'];
  const programs: readonly Program[] = [
    { name: bareNode, args: [childScript('start-bare')] },
    {
      name: connector,
      args: [childScript('start-connector'), builtFile('core/index.js'), builtFile('destinations/adroll/index.js')],
      mostCpu: 1.9,
    },
    { name: '--version', args: [builtFile(commandLine), '--version'], mostCpu: 1.5 },
    { name: 'list', args: [builtFile(commandLine), 'list'], mostCpu: 2.7, check: says('adroll') },
    {
      name: 'deliver of 10 events',
      args: [builtFile(commandLine), ...deliver],
      mostCpu: 6,
      check: says('"delivered":10'),
    },
  ];
  const runs: Runs = new Map(programs.map(({ name }) => [name, []]));
  for (let round = 0; round < (effort.quick ? 7 : 21); round += 1)
    for (const { name, args, check } of programs) {
      const run = await timedNode(...args);
      check?.(run.stdout);
      runsOf(runs, name).push(run);
    }
  sink.stop();
  await rm(folder, { recursive: true });
  return rowsOf(programs, runs);
}

/** By the name of the program, one a round. */
type Runs = ReadonlyMap<string, TimedProcess[]>;

function runsOf(runs: Runs, name: string): TimedProcess[] {
  const own = runs.get(name);
  if (own === undefined) throw new Error(`no program "${name}" is measured`);
  return own;
}

function rowsOf(programs: readonly Program[], runs: Runs): readonly Row[] {
  const bare = runsOf(runs, bareNode);
  const rows = programs.map(({ name, mostCpu }): Row => {
    const own = runsOf(runs, name);
    const times = spreadOf(own.map(({ cpuMs }, round) => cpuMs / (bare[round]?.cpuMs ?? Number.NaN))).median;
    const aim = mostCpu === undefined ? {} : { aim: atMost(times, mostCpu, 'x') };
    return { what: name, ...spreadOf(own.map(({ cpuMs }) => cpuMs)), unit: 'CPU ms', ratio: 1 / times, ...aim };
  });
  const rssMb = ({ stdout }: TimedProcess): number => (JSON.parse(stdout) as Footprint).rssMb;
  const more = spreadOf(runsOf(runs, connector).map((run, round) => rssMb(run) - rssMb(bare[round] as TimedProcess)));
  rows.push({ what: bareNode, ...spreadOf(bare.map(rssMb)), unit: 'MB RSS' });
  rows.push({ what: `${connector} on top`, ...more, unit: 'MB RSS', aim: atMost(more.median, 12, ' MB') });
  return rows;
}

const says =
  (text: string) =>
  (stdout: string): void => {
    if (!stdout.includes(text)) throw new Error(`the command line did not say ${text}: ${stdout}`);
  };
