/**
 * `npm run reconcile`: 50,000 events per vendor through simulators of which 30 % of the requests fail, and our outcomes laid
 * beside the vendors' ledgers, event by event. Exit 1 when they disagree anywhere.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import lodash from 'lodash';
import { loadDestinations, outcomeKinds } from '../../../core/index.ts';
import { accounts } from '../../support/simulators/accounts.ts';
import { runThroughFaults, type Reconciliation } from './run.ts';

const [count = 50_000, seed = 1] = process.argv.slice(2).map(Number);
const destinations = await loadDestinations(path.join(path.dirname(fileURLToPath(import.meta.url)), '../destinations'));

const runs: Reconciliation[] = [];
for (const account of accounts)
  runs.push(await runThroughFaults({ account, destinations, count, seed, faultRate: 0.3 }));

const figures = [
  'events',
  'requests',
  'faults',
  'committed',
  'duplicates',
  'orderViolations',
  'refused',
  'lost',
  'seconds',
] as const;
const table = new Table({
  head: [`seed ${seed}`, ...lodash.map(runs, 'slug')],
  style: { compact: true, head: [], border: [] },
});
for (const kind of outcomeKinds) table.push([kind, ...runs.map(({ outcomes }) => outcomes[kind])]);
for (const figure of figures) table.push([figure, ...runs.map((run) => run[figure])]);
table.push(['disagreements', ...runs.map(({ disagreements }) => disagreements.length)]);
console.log(table.toString());
for (const { slug, disagreements } of runs)
  for (const what of disagreements.slice(0, 5)) console.log(`${slug}: ${what}`);
process.exitCode = lodash.sumBy(runs, (run) => run.disagreements.length + run.lost + run.orderViolations) > 0 ? 1 : 0;
