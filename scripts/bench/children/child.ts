import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface TimedProcess {
  /** Of the whole process, from its start to its end, with all its threads. */
  readonly cpuMs: number;
  readonly stdout: string;
}

export const childScript = (name: string): string => path.join(import.meta.dirname, `${name}.js`);

/**
 * Runs a program in Node, and asks the kernel what it took. Node itself tells nobody what a child of it took, but bash
 * does; what the child could say of itself ends before its end.
 */
export async function timedNode(...args: readonly string[]): Promise<TimedProcess> {
  const timed = `TIMEFORMAT='%3U %3S'; time "$@"`;
  const env = { ...process.env, LC_ALL: 'C' };
  const { stdout, stderr } = await run('bash', ['-c', timed, 'bash', process.execPath, ...args], { env });
  const [user = Number.NaN, system = Number.NaN] = (stderr.trimEnd().split('\n').at(-1) ?? '').split(' ').map(Number);
  return { cpuMs: (user + system) * 1000, stdout };
}

/** Runs a script of this folder in a fresh process, and returns the JSON it prints. */
export const inChild = <T>(script: string, ...args: readonly string[]): Promise<T> => inChildWith([], script, ...args);

/** The same, with flags of Node. */
export async function inChildWith<T>(flags: readonly string[], script: string, ...args: readonly string[]): Promise<T> {
  const { stdout } = await run(process.execPath, ['--expose-gc', ...flags, childScript(script), ...args]);
  return JSON.parse(stdout) as T;
}
