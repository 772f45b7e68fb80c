import { startServingProcess } from '../../support/cli/serving.ts';
import { defineProof, seed, wholeNumber } from '../proof.ts';
import { runReloads } from './run.ts';

export default defineProof({
  name: 'reload',
  proves:
    'settings of a running service change a hundred times under load, and nothing is lost or sent by half a change',
  takes: '1 min',
  about:
    '`spillway serve` as a process, whose files change: other credentials, credentials in a file, a connection that goes and comes ' +
    'back, settings that are wrong; by SIGHUP, and one in ten noticed by the service. Meanwhile clients deliver and have events ' +
    'kept. Fails when an event that was answered as delivered or kept is not at the vendor, comes twice, or came with settings ' +
    'that are no whole file; or when a connection to the vendor is closed.',
  flags: {
    reloads: wholeNumber('how often the files change', 100),
    clients: wholeNumber('clients that deliver, and as many that have events kept', 6),
    seed,
  },
  async run({ reloads, clients, seed: chosen }) {
    const report = await runReloads({ reloads, clients, seed: chosen, serve: startServingProcess });
    console.log(JSON.stringify(report, undefined, 2));
    const { lost, twice, mixed, wrong, closedSockets, exitCode } = report;
    return lost + twice + mixed + wrong + closedSockets + exitCode === 0;
  },
});
