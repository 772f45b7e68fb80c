import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';
import { errnoOf, exitCode, Refusal } from '../exit-codes.ts';

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
    throw new Refusal(exitCode.storage, `cannot write ${file} (${errnoOf(error)})`);
  }
}

/** What is held so long was left by a process that was killed. */
const staleMs = 10_000;
const pauseMs = 10;

/** Acts while no other process does, for what reads a file and writes it anew. Synchronous, and to be short. */
export function alone(file: string, act: () => void): void {
  const lock = `${file}.lock`;
  while (!made(lock)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
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
    if (errnoOf(error) !== 'EEXIST') throw new Refusal(exitCode.storage, `cannot make ${lock} (${errnoOf(error)})`);
    const since = statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - since > staleMs) rmSync(lock, { recursive: true, force: true });
    return false;
  }
}
