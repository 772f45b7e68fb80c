import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { busyRefusal } from '../admin/reach-owner.ts';
import type { StoreServer } from '../admin/server.ts';
import { acquire, isOfOwner, StoreOwned, type Ownership } from './owner.ts';
import { finishSwap } from './store-copy.ts';
import { refusalOf, StoreDamaged, StoreRefused } from './store-errors.ts';
import { firstTransactionBytes, lockFileBytes, syncDirectory, writeZeros } from './store-files.ts';

/*
 * A store is a directory:
 *
 *   spillway-queue.json  marks it as a store, with its format; `made` once the data file was written
 *   events.mdb           all records, LMDB
 *   events.mdb-lock      LMDB's own locks; kept between two opens, because two processes at work must share one file
 *   events.mdb.copy      a fresh copy of the data file while it is made, and its locks; see store-copy.ts
 *   owner.<n>.sock       the process that has it open listens there, see owner.ts; owner.json says who that is
 *   closed.json          size and time of the data file when it was closed; missing while it is open
 *   quarantine/          records with a wrong checksum, one file each
 */
const markerName = 'spillway-queue.json';
const closedName = 'closed.json';
export const dataName = 'events.mdb';
const storeFormat = 2;
const storeName = 'spillway-queue';

export interface StoreDirectory {
  readonly path: string;
  readonly dataFile: string;
  /** Where a copy of it is made. */
  readonly copyFile: string;
  readonly quarantineDirectory: string;
  /** It holds nothing yet. */
  readonly isNew: boolean;
  /** The data file is as a clean close left it. */
  readonly isClean: boolean;
  /** From here on, a process that ends without close() leaves an unclean store. */
  markDirty(): void;
  /** The number of this process among its owners; a former one may be as high where their sockets were removed. */
  readonly ownerNumber: number;
  /** Call it once the first transaction of this owner is on disk. */
  removeFormerOwners(): Promise<void>;
  /** Call it once the first transaction of the store is on disk. */
  markInitialised(): void;
  /** Gives up the ownership; `clean`: leaves the note that the data file was closed. */
  close(clean: boolean): void;
}

/**
 * Makes the directory if it is missing, and this process its owner, for which `server` answers. Throws StoreRefused,
 * having changed nothing.
 */
export async function openStoreDirectory(directory: string, server: StoreServer): Promise<StoreDirectory> {
  refusing(directory, () => readMarker(directory));
  const owner = await acquire(directory, server.http).catch(async (error: unknown) => {
    throw error instanceof StoreOwned ? await busyRefusal(directory) : (refusalOf(directory, error) ?? error);
  });
  try {
    return refusing(directory, () => lockedDirectory(directory, owner));
  } catch (error) {
    owner.release();
    throw error;
  }
}

/** Reads everything anew: another process may have made the store between the first look and the lock. */
function lockedDirectory(directory: string, owner: Ownership): StoreDirectory {
  const at = (name: string): string => path.join(directory, name);
  const marker = readMarker(directory);
  let { made } = marker ?? { made: false };
  if (marker === undefined) replaceFile(at(markerName), { store: storeName, format: storeFormat, made });
  const dataFile = at(dataName);
  const copyFile = `${dataFile}.copy`;
  const lockFile = `${dataFile}-lock`;
  finishSwap(copyFile, dataFile);
  const stamp = stampOf(dataFile);
  if (made && stamp === undefined) throw new StoreDamaged(directory, `${dataName} is missing`);
  if (!made) {
    // Nothing in it was ever acknowledged.
    for (const file of [dataFile, lockFile]) rmSync(file, { force: true });
    writeZeros(at('room.probe'), firstTransactionBytes);
    rmSync(at('room.probe'));
  }
  if (stampOf(lockFile) === undefined) writeZeros(lockFile, lockFileBytes);
  return {
    path: directory,
    dataFile,
    copyFile,
    quarantineDirectory: at('quarantine'),
    isNew: !made,
    isClean: !made || (stamp !== undefined && stamp === textOf(at(closedName))),
    markDirty: () =>
      refusing(directory, () => {
        rmSync(at(closedName), { force: true });
        syncDirectory(directory);
      }),
    ownerNumber: owner.number,
    removeFormerOwners: () => owner.removeFormer(),
    markInitialised: () =>
      refusing(directory, () => {
        if (!made) replaceFile(at(markerName), { store: storeName, format: storeFormat, made: true });
        made = true;
      }),
    close(clean) {
      try {
        const closed = clean ? stampOf(dataFile) : undefined;
        if (closed !== undefined) replaceFile(at(closedName), JSON.parse(closed) as object);
      } catch {
        // Without the note (the disk may be full), the next open verifies the store.
      } finally {
        owner.release();
      }
    },
  };
}

/**
 * Makes the directory and returns its marker; `undefined` when there is none yet. Throws StoreRefused when it is no
 * store.
 */
function readMarker(directory: string): { readonly made: boolean } | undefined {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const names = readdirSync(directory);
  if (!names.includes(markerName)) {
    const foreign = names.find((name) => !isOfOwner(name) && !name.startsWith(`${markerName}.`));
    if (foreign === undefined) return undefined;
    throw new StoreRefused(
      'foreign',
      directory,
      `this is not a queue store: it has no ${markerName}, but other files (${foreign}). Name an empty directory, or one that ` +
        'does not exist yet',
    );
  }
  const marker = parseObject(textOf(path.join(directory, markerName)) ?? '');
  if (marker === undefined || marker['store'] !== storeName || typeof marker['format'] !== 'number')
    throw new StoreRefused(
      'foreign',
      directory,
      `its ${markerName} was not written by a queue store. Name another directory`,
    );
  if (marker['format'] < storeFormat)
    throw new StoreRefused(
      'older',
      directory,
      `the queue store has format ${marker['format']}, this version knows ${storeFormat} and cannot convert it. Deliver its ` +
        'events with the version of spillway that made it (spillway work --until-idle), then name a new directory',
    );
  if (marker['format'] !== storeFormat)
    throw new StoreRefused(
      'newer',
      directory,
      `the queue store has format ${marker['format']}, this version knows ${storeFormat}. Use the version of spillway that made ` +
        'it, or a later one',
    );
  return { made: marker['made'] === true };
}

/** Turns errors of the system into refusals. */
function refusing<T>(directory: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw refusalOf(directory, error) ?? error;
  }
}

/** Whole or not at all, and on disk when it returns. */
function replaceFile(file: string, content: object): void {
  const next = `${file}.next`;
  writeFileSync(next, JSON.stringify(content), { flush: true, mode: 0o600 });
  renameSync(next, file);
  syncDirectory(path.dirname(file));
}

/** Size and time of a file, as closed.json has them; `undefined` when there is no such file. */
function stampOf(file: string): string | undefined {
  return ifExists(() => {
    const { size, mtimeMs } = statSync(file);
    return JSON.stringify({ size, mtimeMs });
  });
}

function textOf(file: string): string | undefined {
  return ifExists(() => readFileSync(file, 'utf8'));
}

/** Only a missing file is `undefined`; one that cannot be read is an error. */
function ifExists<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EISDIR') return undefined;
    throw error;
  }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
