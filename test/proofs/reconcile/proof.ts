import Table from 'cli-table3';
import lodash from 'lodash';
import { loadDestinations, outcomeKinds } from '../../../core/index.ts';
import { accounts } from '../../support/simulators/accounts.ts';
import { runThroughFaults, type Reconciliation } from './run.ts';
import { defineProof, wholeNumber, seed } from '../proof.ts';
import { destinationsFolder } from '../repository.ts';

export default defineProof({
  name: 'reconcile',
  proves: 'outcomes agree with the ledgers of the vendors, event by event, while 30 % of the requests fail',
  takes: 'some minutes',
  about:
    'Sends events through the simulator of each vendor, and lays our outcomes beside its ledger. Fails where they disagree.',
  flags: { events: wholeNumber('events to each vendor', 50_000), seed },
  async run({ events, seed: chosen }) {
    const destinations = await loadDestinations(destinationsFolder);

    const runs: Reconciliation[] = [];
    for (const account of accounts)
      runs.push(await runThroughFaults({ account, destinations, count: events, seed: chosen, faultRate: 0.3 }));

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
      head: [`seed ${chosen}`, ...lodash.map(runs, 'slug')],
      style: { compact: true, head: [], border: [] },
    });
    for (const kind of outcomeKinds) table.push([kind, ...runs.map(({ outcomes }) => outcomes[kind])]);
    for (const figure of figures) table.push([figure, ...runs.map((run) => run[figure])]);
    table.push(['disagreements', ...runs.map(({ disagreements }) => disagreements.length)]);
    console.log(table.toString());
    for (const { slug, disagreements } of runs)
      for (const what of disagreements.slice(0, 5)) console.log(`${slug}: ${what}`);
    return lodash.sumBy(runs, (run) => run.disagreements.length + run.lost + run.orderViolations) === 0;
  },
});
