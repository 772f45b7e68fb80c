import { describe } from '@jest/globals';
import { isInstalled } from './is-installed.ts';

/**
 * describe() for tests that need a program which `.ci/run` installs from Debian's packages. Without it they are skipped,
 * and say so; with CI set they run, and fail.
 */
export const describeWith = (program: string, title: string, tests: () => void): void => {
  if (isInstalled(program) || process.env['CI'] !== undefined) describe(title, tests);
  else describe.skip(`${title} (skipped: ${program} is not installed; Debian has it as a package)`, tests);
};
