/** The proof, once compiled: the kills, and the ledgers beside the store. Its argument is its flags, as JSON. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Table from 'cli-table3';
import { loadDestinations } from '../../../core/index.ts';
import { failpoints } from '../../../core/queue/failpoint.ts';
import { accounts } from '../../support/simulators/accounts.ts';
import { destinationsFolder } from '../repository.ts';
import { isGood } from './judge.ts';
import { runKills } from './run.ts';

const { kills, seed, waiting } = JSON.parse(process.argv[2] ?? '') as Record<'kills' | 'seed' | 'waiting', number>;
const destinations = await loadDestinations(destinationsFolder);
const folder = await mkdtemp(path.join(tmpdir(), 'spillway-kill-'));
const { judgements, killed, missed, seconds } = await runKills({
  folder,
  accounts,
  destinations,
  kills,
  failpoints,
  waiting,
  seed,
  faultRate: 0.3,
  log: (line) => console.error(line),
});

const figures = [
  'events',
  'requests',
  'faults',
  'delivered',
  'dead',
  'waiting',
  'lost',
  'duplicates',
  'afterFaults',
  'afterKills',
  'unexplained',
  'mostInFlight',
  'outOfOrder',
  'overtakenUnknown',
  'staleDuplicates',
] as const;
const table = new Table({
  head: [`seed ${seed}`, ...judgements.map(({ slug }) => slug)],
  style: { compact: true, head: [], border: [] },
});
for (const figure of figures) table.push([figure, ...judgements.map((judgement) => judgement[figure])]);
console.log(table.toString());
const hits = [...killed.values()].reduce((sum, times) => sum + times, 0);
console.log(`${hits} kills in ${seconds} s: ${[...killed].map(([moment, times]) => `${times} ${moment}`).join(', ')}`);
if (missed.length > 0) console.log(`never came to: ${missed.join(', ')}`);
const good = judgements.every(isGood) && missed.length === 0;
if (good) await rm(folder, { recursive: true });
else console.log(`files and store are in ${folder}`);
process.exitCode = good ? 0 : 1;
