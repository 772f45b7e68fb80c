import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { defineProof, seed, wholeNumber } from '../proof.ts';
import { repository } from '../repository.ts';

const run = (file: string, ...args: string[]): number =>
  spawnSync(file, args, { cwd: repository, stdio: 'inherit' }).status ?? 1;

export default defineProof({
  name: 'cluster',
  proves: 'kill -9 of workers and of brokers loses nothing that they share, and changes no order',
  takes: '20 min',
  about:
    'Three worker processes deliver from one store on NATS, which a producer fills meanwhile, while 30 % of the answers of the ' +
    'vendors are faulty. Workers and brokers are killed with -9 at random: first one broker, then each of three in turn, of which ' +
    'one is also cut off by a network namespace for up to 45 s. Then the ledgers beside the store. Fails when an event is lost, ' +
    'comes twice without having been in flight, or out of order. Needs nats-server.',
  flags: {
    kills: wholeNumber('kills at random, with one broker and with three', 100),
    nodes: wholeNumber('only with so many brokers, 1 or 3; 0 for one after the other', 0, 0),
    perSecond: wholeNumber('events a second, of each destination', 50),
    leaseMs: wholeNumber('until what a silent worker has out goes to others, in ms', 30_000, 1_000),
    seed,
  },
  run(values) {
    const compiled = run(path.join(repository, 'node_modules', '.bin', 'tsc'), '-p', 'tsconfig.kill.json');
    const main = path.join(repository, '.bench', 'kill', 'test', 'proofs', 'cluster', 'main.js');
    return Promise.resolve(compiled === 0 && run(process.execPath, main, JSON.stringify(values)) === 0);
  },
});
