import { mkdirSync, rmSync, statSync } from 'node:fs';
import { errnoOf, exitCode, CliError } from './exit-codes.ts';

/** A lock that stays the same for so long was left by a killed process: locks are held only for a moment. */
const staleMs = 3_000;
const pauseMs = 10;

/**
 * Runs `act` while no other process does, to read and rewrite a file. Synchronous; keep it short. The age of a lock is
 * measured here, because the times of files come from another clock; `act` gets what that one says, in epoch
 * milliseconds.
 */
export function alone<T>(file: string, act: (now: number) => T): T {
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
    return act(statSync(lock).mtimeMs);
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
