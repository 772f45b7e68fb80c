import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';

/** What is measured has a core for itself, the loopback vendor another. */
export const benchCore = 0;
export const sinkCore = 1;

export const canPin = (): boolean =>
  process.platform === 'linux' && spawnSync('taskset', ['--version'], { stdio: 'ignore' }).status === 0;

/**
 * Moves a process that was started by a pinned one to a core of its own. Without taskset, or with one core, it stays.
 */
export function moveTo(core: number, pid: number | undefined): void {
  if (pid === undefined || !canPin()) return;
  spawnSync('taskset', ['-a', '-p', '-c', String(core), String(pid)], { stdio: 'ignore' });
}

/** For what works with threads of its own: undoes the pin of a process that was started by a pinned one. */
export function takeEveryCore(): void {
  if (!canPin()) return;
  spawnSync('taskset', ['-a', '-p', '-c', `0-${cpus().length - 1}`, String(process.pid)], { stdio: 'ignore' });
}
