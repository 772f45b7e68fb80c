import { closeSync, openSync, readSync } from 'node:fs';
import path from 'node:path';

/** Where LMDB keeps the number of a transaction that was committed: in turns, and once more when it is flushed. */
const places = [152, 2048 + 152, 4096 + 152];

/** How many transactions the data file in a folder has seen. */
export function transactionsOf(folder: string): number {
  const file = openSync(path.join(folder, 'events.mdb'), 'r');
  const bytes = Buffer.alloc(8192);
  readSync(file, bytes, 0, bytes.length, 0);
  closeSync(file);
  return Math.max(...places.map((at) => Number(bytes.readBigUInt64LE(at))));
}
