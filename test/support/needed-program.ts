import { spawnSync } from 'node:child_process';
import { describe } from '@jest/globals';

/** Whether a program of Debian's packages can be started here. */
export const isInstalled = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;

/**
 * describe() for tests that need a program which `.ci/run` installs from Debian's packages. Without it they are skipped,
 * and say so; with CI set they run, and fail.
 */
export const describeWith = (program: string, title: string, tests: () => void): void => {
  if (isInstalled(program) || process.env['CI'] !== undefined) describe(title, tests);
  else describe.skip(`${title} (skipped: ${program} is not installed; Debian has it as a package)`, tests);
};
