import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';
import { errnoOf, exitCode, CliError } from '../exit-codes.ts';

/** Writes JSON: the old file or the new one, whatever happens; on disk when it returns. */
export function replaceFile(file: string, content: object): void {
  try {
    const made = `${file}.${process.pid}.new`;
    const written = openSync(made, 'w', 0o600);
    try {
      writeSync(written, `${JSON.stringify(content, undefined, 2)}\n`);
      fsyncSync(written);
    } finally {
      closeSync(written);
    }
    renameSync(made, file);
    const folder = openSync(path.dirname(file), 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  } catch (error) {
    throw new CliError(exitCode.storage, `cannot write ${file} (${errnoOf(error)})`);
  }
}

/** Held so long by one and the same process, it was left by one that was killed: it is held for a moment alone. */
const staleMs = 3_000;
const pauseMs = 10;

/**
 * Acts while no other process does, for what reads a file and writes it anew. Synchronous, and to be short. How long a lock has been there is
 * measured here: the times of files are another clock's.
 */
export function alone(file: string, act: () => void): void {
  const lock = `${file}.lock`;
  let held: string | undefined;
  let since = performance.now();
  while (!made(lock)) {
    const now = identityOf(lock);
    if (now !== held) {
      held = now;
      since = performance.now();
    } else if (now !== undefined && performance.now() - since > staleMs) rmSync(lock, { recursive: true, force: true });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
  }
  try {
    act();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

function made(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw new CliError(exitCode.storage, `cannot create ${lock} (${errnoOf(error)})`);
    return false;
  }
}

function identityOf(lock: string): string | undefined {
  const stats = statSync(lock, { throwIfNoEntry: false, bigint: true });
  return stats === undefined ? undefined : `${stats.ino} ${stats.ctimeNs}`;
}
