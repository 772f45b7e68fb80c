import { availableParallelism } from 'node:os';
import Table from 'cli-table3';
import lodash from 'lodash';
import { accounts } from '../../support/simulators/accounts.ts';
import { finalStates, ways, type HostReport } from '../../support/host/run.ts';
import { runApart, type Job } from './apart.ts';
import { defineProof, oneOf, seed, wholeNumber } from '../proof.ts';

export default defineProof({
  name: 'hosts',
  proves: 'a host that does what the table of outcomes says loses nothing: 1.2 million events',
  takes: '20 min',
  about:
    "A host that does what README's table of outcomes says, at each vendor, once over one long stream(), once over deliver(), once " +
    'over spillway/queue: in this process on a clock that leaps over waits, and over loopback. 30 % of the answers are faulty, ' +
    'credentials are refused and taken again twice, one device has a tenth of the events, one event in a thousand is answered ' +
    'with 500 for ever. Fails when one event that the host let go is neither in the ledger of the vendor, nor skipped by right, ' +
    'nor a dead letter for a reason.',
  flags: {
    events: wholeNumber('events of each run in this process', 100_000, 0),
    loopback: wholeNumber('events of each run over loopback', 5_000, 0),
    seed,
    vendor: oneOf('only this vendor', lodash.map(accounts, 'slug')),
    way: oneOf('only this way', ways),
  },
  async run({ events, loopback, seed: chosen, vendor, way }) {
    const startedAt = performance.now();

    const jobs: Job[] = accounts
      .filter(({ slug }) => vendor === undefined || vendor === slug)
      .flatMap(({ slug }) =>
        ways
          .filter((one) => way === undefined || way === one)
          .flatMap((one) => [
            { slug, way: one, count: events, seed: chosen, loopback: false },
            { slug, way: one, count: loopback, seed: chosen, loopback: true },
          ]),
      )
      .filter(({ count }) => count > 0);

    /** The longest first, so that the last ones end together. */
    const waiting = lodash.sortBy(jobs, ({ way: one, slug, loopback: real }) => [
      real ? 1 : 0,
      one === 'queue' ? 0 : 1,
      slug === 'adjust' ? 0 : 1,
    ]);
    const reports = new Map<Job, HostReport>();

    async function workOff(): Promise<void> {
      for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
        const report = await runApart(job);
        reports.set(job, report);
        const { slug, place, seconds, disagreements } = report;
        console.error(`${slug} ${report.way} ${place}: ${seconds.toFixed(0)} s, ${disagreements.length} disagreements`);
      }
    }
    await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, workOff));

    const all = jobs.flatMap((job) => reports.get(job) ?? []);
    const table = new Table({
      head: [
        `seed ${chosen}`,
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
    for (const { slug, way: one, place, disagreements } of all)
      for (const what of disagreements.slice(0, 5)) console.log(`${slug}, ${one}, ${place}: ${what}`);
    console.log(
      `${lodash.sumBy(all, 'events')} events in ${((performance.now() - startedAt) / 60_000).toFixed(1)} minutes`,
    );
    return all.length === jobs.length && lodash.sumBy(all, (run) => run.disagreements.length) === 0;
  },
});
