import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Table from 'cli-table3';
import { loadDestinations } from '../../../core/index.ts';
import { defineProof, seed, wholeNumber } from '../proof.ts';
import { destinationsFolder } from '../repository.ts';
import { isKept, runSdks } from './run.ts';

export default defineProof({
  name: 'sdks',
  proves:
    'what the SDKs of Segment and RudderStack say they sent to `spillway serve` is at the vendor, skipped, or a dead letter',
  takes: '3 min',
  about:
    'Both SDKs for Node, as any program has them, send events to `spillway serve` with a store and two connections, whose vendors ' +
    'answer with faults. The process is killed (SIGKILL) and started again meanwhile, and some of its answers are lost. Fails when an event that an SDK reported as ' +
    'sent is neither in the ledger of a vendor, nor skipped, nor a dead letter there, when one is in the store twice, or when ' +
    'something is left waiting.',
  flags: {
    events: wholeNumber('events of each SDK', 10_000),
    perSecond: wholeNumber('events a second that each SDK is given', 500),
    kills: wholeNumber('how often the service is killed', 2, 0),
    faults: wholeNumber('faulty answers of a vendor, in percent', 30, 0),
    losses: wholeNumber('answers of the service that are lost, in percent', 5, 0),
    seed,
  },
  async run({ events, perSecond, kills, faults, losses, seed: chosen }) {
    const folder = await mkdtemp(path.join(tmpdir(), 'spillway-sdks-'));
    const report = await runSdks({
      folder,
      destinations: await loadDestinations(destinationsFolder),
      events,
      perSecond,
      kills,
      faultRate: faults / 100,
      lossRate: losses / 100,
      seed: chosen,
      log: (line) => console.error(line),
    });
    const columns = ['sent', 'delivered', 'skipped', 'dead', 'lost', 'keptTwice', 'waiting', 'duplicates'] as const;
    const table = new Table({
      head: ['vendor', 'sent', 'delivered', 'skipped', 'dead', 'lost', 'kept twice', 'waiting', 'sent again'],
      style: { compact: true, head: [], border: [] },
    });
    for (const one of report.vendors) table.push([one.slug, ...columns.map((name) => one[name])]);
    console.log(table.toString());
    console.log(
      `the service was killed ${report.killed} times, lost ${report.lostAnswers} answers, ended with ${report.exitCode}; given up by Segment's SDK: ` +
        `${report.gaveUp.segment}, by RudderStack's: ${report.gaveUp.rudderstack}`,
    );
    const good = isKept(report);
    if (good) await rm(folder, { recursive: true });
    else console.log(`config and store are in ${folder}`);
    return good;
  },
});
