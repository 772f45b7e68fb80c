import { spawnSync } from 'node:child_process';
import { it } from '@jest/globals';

/** Whether a program is on this machine: it runs, and ends well. */
export const works = (program: string, ...args: readonly string[]): boolean =>
  spawnSync(program, args, { stdio: 'ignore' }).status === 0;

/** What a test needs that limits the size of a process' files. */
export const prlimit = { there: works('prlimit', '--version'), what: 'no prlimit on this machine' };

/** A test that needs something of the machine it runs on; without it, the title says why it is skipped. */
export const where =
  ({ there, what }: { readonly there: boolean; readonly what: string }) =>
  (name: string, act: () => Promise<void>, timeoutMs?: number): void =>
    there ? it(name, act, timeoutMs) : it.skip(`${name} (skipped: ${what})`, act, timeoutMs);
