/** The proof, once compiled: commands race for one store. Its argument is its flags, as JSON. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadDestinations } from '../../../core/index.ts';
import { accounts } from '../../support/simulators/accounts.ts';
import { destinationsFolder } from '../repository.ts';
import { runRaces } from './run.ts';

const flags = JSON.parse(process.argv[2] ?? '') as Record<'rounds' | 'starts' | 'stops' | 'seed', number>;
const [account] = accounts.filter(({ slug }) => slug === 'rokt');
if (account === undefined) throw new Error('there is no account at rokt');
const folder = await mkdtemp(path.join(tmpdir(), 'spillway-races-'));
const { judgement, failed, medianMs, longestMs } = await runRaces({
  ...flags,
  folder,
  account,
  destinations: await loadDestinations(destinationsFolder),
  withinMs: 300,
  events: 50,
  log: (line) => console.error(line),
});
const { events, delivered, dead, lost, duplicates, waiting } = judgement;
for (const one of failed) console.log(`failed: ${one}`);
console.log(
  `${flags.rounds} rounds of ${flags.starts} starts, ${flags.stops} stops: ${failed.length} failed; a command took ` +
    `${medianMs.toFixed(0)} ms (median), ${longestMs.toFixed(0)} ms (longest)`,
);
console.log(
  `${events} events: ${delivered} delivered, ${dead} dead, ${waiting} waiting, ${lost} lost, ${duplicates} twice`,
);
const good = failed.length + lost + duplicates + waiting + dead === 0;
if (good) await rm(folder, { recursive: true });
else console.log(`files and store are in ${folder}`);
process.exitCode = good ? 0 : 1;
