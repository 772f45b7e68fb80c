import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { defineProof, seed, wholeNumber } from '../proof.ts';
import { repository } from '../repository.ts';

const run = (file: string, ...args: string[]): number =>
  spawnSync(file, args, { cwd: repository, stdio: 'inherit' }).status ?? 1;

export default defineProof({
  name: 'races',
  proves: 'commands that start on one store at once all succeed, and lose and repeat nothing',
  takes: '5 min',
  about:
    '`spillway enqueue` and `spillway work --until-idle` in turns, as processes of their own, start within 300 ms on one store, with ' +
    'the default --wait. Then the owner of the store is stopped (SIGSTOP) while others ask for it, and continued. Fails when a ' +
    'command fails, or an event is lost, comes twice, or is left over. Compiles the sources first.',
  flags: {
    rounds: wholeNumber('rounds', 30),
    starts: wholeNumber('commands that start in a round', 20, 2),
    stops: wholeNumber('how often the owner is stopped', 5, 0),
    seed,
  },
  run(values) {
    const compiled = run(path.join(repository, 'node_modules', '.bin', 'tsc'), '-p', 'tsconfig.kill.json');
    const main = path.join(repository, '.bench', 'kill', 'test', 'proofs', 'races', 'main.js');
    return Promise.resolve(compiled === 0 && run(process.execPath, main, JSON.stringify(values)) === 0);
  },
});
