import { defineProof } from '../proof.ts';
import { columnOf, exceptionsOf, folders, problemsOf, tableOf, untried, type AwkwardColumn } from './table.ts';

export default defineProof({
  name: 'awkward',
  proves: 'what sources write oddly leaves as what it means, at every destination',
  takes: '10 s',
  about:
    'Each odd spelling of awkwardEvents (ids, times, addresses, switches, amounts) with each destination of the package, and with ' +
    'those that stand for a project’s own: does it come to the same as its plain spelling? Prints the table; "as plain" means that ' +
    'nothing of it shows, "–" that the destination sends no such event. Fails when a cell is wrong without an exception that says why.',
  flags: {},
  async run() {
    const columns: AwkwardColumn[] = [];
    for (const folder of folders) columns.push(await columnOf(folder));
    console.log(tableOf(columns));
    for (const line of exceptionsOf(columns)) console.log(line);
    const problems = [...problemsOf(columns), ...untried(columns).map((id) => `${id} is tried by no destination`)];
    for (const problem of problems) console.log(problem);
    return problems.length === 0;
  },
});
