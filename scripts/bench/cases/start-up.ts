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
    { name: 'Node', args: [childScript('start-bare')] },
    {
      name: 'core and one connector',
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
  const runs: TimedProcess[][] = programs.map(() => []);
  for (let round = 0; round < (effort.quick ? 7 : 21); round += 1)
    for (const [index, { args, check }] of programs.entries()) {
      const run = await timedNode(...args);
      check?.(run.stdout);
      runs[index]?.push(run);
    }
  sink.stop();
  await rm(folder, { recursive: true });
  return rowsOf(programs, runs);
}

function rowsOf(programs: readonly Program[], runs: readonly (readonly TimedProcess[])[]): readonly Row[] {
  const [bare = [], connector = []] = runs;
  const rows = programs.map(({ name, mostCpu }, index): Row => {
    const own = runs[index] ?? [];
    const times = spreadOf(own.map(({ cpuMs }, round) => cpuMs / (bare[round]?.cpuMs ?? Number.NaN))).median;
    const aim = mostCpu === undefined ? {} : { aim: atMost(times, mostCpu, 'x') };
    return { what: name, ...spreadOf(own.map(({ cpuMs }) => cpuMs)), unit: 'CPU ms', ratio: 1 / times, ...aim };
  });
  const rssMb = ({ stdout }: TimedProcess): number => (JSON.parse(stdout) as Footprint).rssMb;
  const more = spreadOf(connector.map((run, round) => rssMb(run) - rssMb(bare[round] as TimedProcess)));
  rows.push({ what: 'Node', ...spreadOf(bare.map(rssMb)), unit: 'MB RSS' });
  rows.push({ what: 'core and one connector on top', ...more, unit: 'MB RSS', aim: atMost(more.median, 12, ' MB') });
  return rows;
}

const says =
  (text: string) =>
  (stdout: string): void => {
    if (!stdout.includes(text)) throw new Error(`the command line did not say ${text}: ${stdout}`);
  };
