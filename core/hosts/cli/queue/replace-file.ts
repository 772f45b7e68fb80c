import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';
import path from 'node:path';
import { errnoOf, exitCode, Refusal } from '../exit-codes.ts';

/** Writes JSON: the old file or the new one, whatever happens; on disk when it returns. */
export function replaceFile(file: string, content: object): void {
  try {
    const made = `${file}.new`;
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
