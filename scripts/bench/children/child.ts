import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Runs a script of this folder in a fresh process, and returns the JSON it prints. */
export async function inChild<T>(script: string, ...args: readonly string[]): Promise<T> {
  const file = path.join(import.meta.dirname, `${script}.js`);
  const { stdout } = await run(process.execPath, ['--expose-gc', file, ...args]);
  return JSON.parse(stdout) as T;
}
