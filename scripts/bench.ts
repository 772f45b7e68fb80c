/**
 * `npm run bench`: compiles the sources as they are published, then measures them in a process of their own, on one
 * core where the machine can do that. A transform at run time (tsx) wraps functions and would be measured along.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { benchCore, canPin } from './bench/cores.ts';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const compiled = spawnSync(path.join(root, 'node_modules', '.bin', 'tsc'), ['-p', 'tsconfig.bench.json'], {
  cwd: root,
  stdio: 'inherit',
});
if (compiled.status !== 0) process.exit(compiled.status ?? 1);

const pinned = canPin();
const main = path.join(root, '.bench', 'dist', 'scripts', 'bench', 'main.js');
const command = [process.execPath, '--expose-gc', main, ...process.argv.slice(2)];
const [file = '', ...args] = pinned ? ['taskset', '-c', String(benchCore), ...command] : command;
const { status } = spawnSync(file, args, {
  stdio: 'inherit',
  env: { ...process.env, BENCH_PINNED: pinned ? '1' : '0' },
});
process.exit(status ?? 1);
