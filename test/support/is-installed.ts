import { spawnSync } from 'node:child_process';

/** Whether a program of Debian's packages can be started here. */
export const isInstalled = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;
