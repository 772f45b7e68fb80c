/**
 * `npm run hosts -- [events] [events over loopback] [seed] [vendor] [way]`: a host that does what README's table of outcomes says, at each
 * vendor, once over one long stream(), once over deliver(), once over spillway/queue: 100,000 events in this process on a clock
 * that leaps over waits, and 5,000 over loopback. 30 % of the answers are faulty, credentials are refused and taken again
 * twice, one device has a tenth of the events, one event in a thousand is answered with 500 for ever. Exit 1 when one event that
 * the host let go is neither in the vendor's ledger, nor skipped by right, nor a dead letter for a reason.
 */
import { availableParallelism } from 'node:os';
import Table from 'cli-table3';
import lodash from 'lodash';
import { accounts } from '../../support/simulators/accounts.ts';
import { finalStates, ways, type HostReport } from '../../end-to-end/host/run.ts';
import { runApart, type Job } from './apart.ts';

const [events = 100_000, overLoopback = 5_000, seed = 1] = process.argv.slice(2, 5).map(Number);
const [vendor, way] = process.argv.slice(5);
const startedAt = performance.now();

const jobs: Job[] = accounts
  .filter(({ slug }) => vendor === undefined || vendor === slug)
  .flatMap(({ slug }) =>
    ways
      .filter((one) => way === undefined || way === one)
      .flatMap((one) => [
        { slug, way: one, count: events, seed, loopback: false },
        { slug, way: one, count: overLoopback, seed, loopback: true },
      ]),
  )
  .filter(({ count }) => count > 0);

/** The longest first, so that the last ones end together. */
const waiting = lodash.sortBy(jobs, ({ way: one, slug, loopback }) => [
  loopback ? 1 : 0,
  one === 'queue' ? 0 : 1,
  slug === 'adjust' ? 0 : 1,
]);
const reports = new Map<Job, HostReport>();

async function workOff(): Promise<void> {
  for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
    const report = await runApart(job);
    reports.set(job, report);
    const { slug, way, place, seconds, disagreements } = report;
    console.error(`${slug} ${way} ${place}: ${seconds.toFixed(0)} s, ${disagreements.length} disagreements`);
  }
}
await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, workOff));

const all = jobs.flatMap((job) => reports.get(job) ?? []);
const table = new Table({
  head: [
    `seed ${seed}`,
    'way',
    'events',
    ...finalStates,
    'poisonous',
    'twice',
    'requests',
    'faulty',
    'first after',
    'last after',
    'virtual h',
    'CPU s',
    'disagree',
  ],
  style: { compact: true, head: [], border: [] },
});
const inSeconds = (ms: number): string => (ms / 1_000).toFixed(1);
for (const report of all) {
  const { slug, finalCounts, requests } = report;
  table.push([
    slug,
    report.place === 'loopback' ? `${report.way}, loopback` : report.way,
    report.events,
    ...finalStates.map((state) => finalCounts[state]),
    report.poisonous,
    report.twice,
    requests,
    `${((100 * report.faults) / Math.max(1, requests)).toFixed(1)} %`,
    `${inSeconds(report.firstAfterMs)} s`,
    `${inSeconds(report.lastAfterMs)} s`,
    (report.virtualSeconds / 3_600).toFixed(1),
    report.cpuSeconds.toFixed(1),
    report.disagreements.length,
  ]);
}
console.log(table.toString());
console.log(
  `first, last after: from the restoration of the credentials to the next delivery, and to the last healthy event that had come back suspended`,
);
for (const { slug, way, place, disagreements } of all)
  for (const what of disagreements.slice(0, 5)) console.log(`${slug}, ${way}, ${place}: ${what}`);
console.log(
  `${lodash.sumBy(all, 'events')} events in ${((performance.now() - startedAt) / 60_000).toFixed(1)} minutes`,
);
process.exitCode = all.length === jobs.length && lodash.sumBy(all, (run) => run.disagreements.length) === 0 ? 0 : 1;
