import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Runs a script of this folder in a fresh process, and returns the JSON it prints. */
export const inChild = <T>(script: string, ...args: readonly string[]): Promise<T> => inChildWith([], script, ...args);

/** The same, with flags of Node. */
export async function inChildWith<T>(flags: readonly string[], script: string, ...args: readonly string[]): Promise<T> {
  const file = path.join(import.meta.dirname, `${script}.js`);
  const { stdout } = await run(process.execPath, ['--expose-gc', ...flags, file, ...args]);
  return JSON.parse(stdout) as T;
}
