import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { defineProof, seed, wholeNumber } from '../proof.ts';
import { repository } from '../repository.ts';

const run = (file: string, ...args: string[]): number =>
  spawnSync(file, args, { cwd: repository, stdio: 'inherit' }).status ?? 1;

export default defineProof({
  name: 'kill',
  proves: 'kill -9 at random moments and at every named one loses nothing, and changes no order',
  takes: '11 min',
  about:
    '`spillway enqueue` and `spillway work` as processes of their own, killed with -9 at random moments and at every named one for ' +
    'every destination, while 30 % of the answers of the vendors are faulty; then the ledgers beside the store. Fails when an event ' +
    'is lost, comes twice without having been in flight, or out of order. Compiles the sources first: hundreds of processes start.',
  flags: {
    kills: wholeNumber('kills at random moments', 100, 0),
    seed,
    waiting: wholeNumber('events that wait for each destination', 2_000),
  },
  run(values) {
    const compiled = run(path.join(repository, 'node_modules', '.bin', 'tsc'), '-p', 'tsconfig.kill.json');
    const main = path.join(repository, '.bench', 'kill', 'test', 'proofs', 'kill', 'main.js');
    return Promise.resolve(compiled === 0 && run(process.execPath, main, JSON.stringify(values)) === 0);
  },
});
