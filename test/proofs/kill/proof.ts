/**
 * `npm run kill [kills] [seed] [waiting]`: `spillway enqueue` and `spillway work` as processes of their own, killed with -9 at random
 * moments (100 by default) and at every named one for every destination, while 30 % of the vendors' answers are faulty. Then the
 * ledgers beside the store. Exit 1 when an event is lost, came twice without having been in flight, or out of order. Compiles
 * the sources first: hundreds of processes start.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const run = (file: string, ...args: string[]): number =>
  spawnSync(file, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
const compiled = run(path.join(root, 'node_modules', '.bin', 'tsc'), '-p', 'tsconfig.kill.json');
const main = path.join(root, '.bench', 'kill', 'scripts', 'kill', 'main.js');
process.exitCode = compiled === 0 ? run(process.execPath, main, ...process.argv.slice(2)) : compiled;
