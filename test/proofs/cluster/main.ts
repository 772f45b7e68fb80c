/** The proof, once compiled: kills around a store that workers share. Its argument is its flags, as JSON. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Table from 'cli-table3';
import { loadDestinations } from '../../../core/index.ts';
import { accounts } from '../../support/simulators/accounts.ts';
import { isGood } from '../kill/judge.ts';
import { destinationsFolder } from '../repository.ts';
import { runCluster } from './run.ts';

type Numbers = Record<'kills' | 'nodes' | 'seed' | 'perSecond' | 'leaseMs', number>;
const { kills, nodes, seed, perSecond, leaseMs } = JSON.parse(process.argv[2] ?? '') as Numbers;
const slugs = ['adjust', 'adroll', 'rokt'];
const destinations = await loadDestinations(destinationsFolder);
let good = true;
for (const size of nodes === 0 ? [1, 3] : [nodes]) {
  const folder = await mkdtemp(path.join(tmpdir(), 'spillway-cluster-'));
  const { judgements, disturbances, crashed, repeatedPuts, uncut, seconds } = await runCluster({
    folder,
    accounts: accounts.filter(({ slug }) => slugs.includes(slug)),
    destinations,
    workers: 3,
    nodes: size,
    kills,
    cuts: size === 1 ? [] : [5_000, 15_000, 45_000],
    calmMs: 4_000,
    leaseMs,
    perSecond,
    seed,
    faultRate: 0.3,
    log: (line) => console.error(new Date().toISOString(), line),
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
    'doubled',
    'outOfOrder',
    'overtakenUnknown',
    'staleDuplicates',
    'staleUnexplained',
    'falselyRejected',
  ] as const;
  const table = new Table({
    head: [`${size} broker${size === 1 ? '' : 's'}, seed ${seed}`, ...judgements.map(({ slug }) => slug)],
    style: { compact: true, head: [], border: [] },
  });
  for (const figure of figures) table.push([figure, ...judgements.map((judgement) => judgement[figure])]);
  console.log(table.toString());
  const counts = new Map<string, number>();
  for (const { what } of disturbances) counts.set(what, (counts.get(what) ?? 0) + 1);
  console.log(
    `${[...counts].map(([what, times]) => `${times} x ${what}`).join(', ')} in ${seconds} s; ${crashed} workers ended ` +
      `by themselves; ${repeatedPuts} puts were repeated`,
  );
  if (size > 1 && uncut !== undefined) console.log(`no broker was cut off: ${uncut}`);
  const isKept = judgements.every(isGood) && crashed === 0;
  if (isKept) await rm(folder, { recursive: true });
  else console.log(`the notes of the workers are in ${folder}`);
  good &&= isKept;
}
process.exitCode = good ? 0 : 1;
