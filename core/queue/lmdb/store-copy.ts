import { renameSync, rmSync, statfsSync, statSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { ABORT } from 'lmdb';
import { failpoint } from '../failpoint.ts';
import { firstTransactionBytes, lockFileBytes, syncDirectory, writeZeros } from './store-files.ts';
import { lastTransaction, openRoot, openTables, type TableName, type Tables } from './tables.ts';

/** Beside the copy, other programs need the disk too. */
const spareBytes = 16 * 1024 * 1024;
/** What one transaction writes. */
const transactionBytes = 8 * 1024 * 1024;

/** There is no room for the copy, or it could not be written. The store itself is as it was. */
export class CopyFailed extends Error {
  override readonly name = 'CopyFailed';
}

type Entry = readonly [table: TableName, key: Buffer, value: Buffer];

/**
 * A fresh file with the content of a store. It has no free pages, and none that LMDB has not written just now, so that
 * nothing of a damaged page but its records gets into it.
 */
export class StoreCopy {
  readonly file: string;
  readonly #tables: Tables;
  #entries: Entry[] = [];
  #bytes = 0;

  private constructor(file: string, tables: Tables) {
    this.file = file;
    this.#tables = tables;
  }

  /** Throws CopyFailed where the disk has no room for so many bytes. */
  static begin(file: string, bytes: number): StoreCopy {
    try {
      if (!hasRoom(file, bytes)) throw new Error('too little room');
      // LMDB does not live through a first transaction without room, see store-files.ts. The copy is there before its
      // lock file, see finishSwap().
      writeZeros(file, firstTransactionBytes);
      // Where a process may not write a file as large, it is not let to enlarge it either.
      truncateSync(file, bytes + firstTransactionBytes);
      truncateSync(file, 0);
      writeZeros(lockOf(file), lockFileBytes);
      return new StoreCopy(file, openTables(file, { readOnly: false, bytes: Math.ceil(bytes / 2) }));
    } catch (error) {
      throw new CopyFailed(String(error), { cause: error });
    }
  }

  /** The keys of a table, but for `lanes`, come in their order. Keeps the buffers for a while. */
  add(table: TableName, key: Buffer, value: Buffer): void {
    this.#entries.push([table, key, value]);
    this.#bytes += key.length + value.length;
    if (this.#bytes >= transactionBytes) this.#commit();
  }

  /** All of it is on the disk when it resolves. */
  async finish(): Promise<void> {
    this.#commit();
    await this.#tables.root.close();
  }

  /** Whether the file is still there under its name, and no other. */
  isInPlace(): boolean {
    return this.#tables.isInPlace();
  }

  #commit(): void {
    const { root } = this.#tables;
    try {
      root.transactionSync(() => {
        for (const [table, key, value] of this.#entries)
          this.#tables[table].putSync(key, value, { append: table !== 'lanes' });
      });
    } catch (error) {
      throw new CopyFailed(String(error), { cause: error });
    }
    this.#entries = [];
    this.#bytes = 0;
    failpoint('during a copy');
  }
}

export function hasRoom(file: string, bytes: number): boolean {
  const { bavail, bsize } = statfsSync(path.dirname(file));
  return bavail * bsize >= bytes + spareBytes;
}

const lockOf = (file: string): string => `${file}-lock`;

/** `changed`: somebody wrote to the store since it was copied. */
export type SwapEnd = 'swapped' | 'changed' | 'failed';

/**
 * Puts a finished copy in the place of the data file, unless that was written to after this transaction. LMDB's write
 * lock keeps every other process from a commit meanwhile, so that none gets into the old file alone: one that has the
 * old file open finds that it is not in its place any more, before its next commit or after the one that it waits for.
 */
export async function swapIn(copy: StoreCopy, data: string, transaction: number): Promise<SwapEnd> {
  const root = openRoot(data, { readOnly: false, bytes: 0 });
  let end: SwapEnd = 'changed';
  root.transactionSync(() => {
    if (lastTransaction(root) !== transaction) return ABORT;
    failpoint('before a swap');
    // The child of an owner that was killed may have begun a copy of its own there.
    if (!copy.isInPlace()) {
      end = 'failed';
      return ABORT;
    }
    renameSync(copy.file, data);
    failpoint('during a swap');
    finishSwap(copy.file, data);
    failpoint('after a swap');
    end = 'swapped';
    return ABORT;
  });
  await root.close();
  return end;
}

/**
 * The lock file belongs to the data file, which is renamed first: of a swap that was cut short, the lock file is left.
 * Of a copy that was not swapped in, both are, and go.
 */
export function finishSwap(copy: string, data: string): void {
  if (statSync(copy, { throwIfNoEntry: false }) !== undefined) {
    rmSync(lockOf(copy), { force: true });
    rmSync(copy);
  } else if (statSync(lockOf(copy), { throwIfNoEntry: false }) !== undefined) {
    renameSync(lockOf(copy), lockOf(data));
    syncDirectory(path.dirname(data));
  }
}
