import { spawnSync } from 'node:child_process';
import { it } from '@jest/globals';

/** Whether a program is on this machine and exits with 0. */
export const canRun = (program: string, ...args: readonly string[]): boolean =>
  spawnSync(program, args, { stdio: 'ignore' }).status === 0;

/** Something of the machine that a test needs. */
export interface Need {
  readonly met: boolean;
  /** Why the test is skipped where it is not met. */
  readonly otherwise: string;
}

/** What a test needs that limits the size of a process' files, or its memory. */
export const prlimit: Need = { met: canRun('prlimit', '--version'), otherwise: 'no prlimit on this machine' };

/** A test that needs something of the machine it runs on; without it, the title says why it is skipped. */
export const itNeeds =
  ({ met, otherwise }: Need) =>
  (name: string, act: () => Promise<void>, timeoutMs?: number): void =>
    met ? it(name, act, timeoutMs) : it.skip(`${name} (skipped: ${otherwise})`, act, timeoutMs);
