import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { lockName, acquire, type Ownership } from './owner-lock.ts';
import { refusalOf, StoreDamaged, StoreRefused } from './store-errors.ts';

/*
 * A store is a folder:
 *
 *   spillway-queue.json  says that it is one, and of which format; `made` once the data file has been written
 *   events.mdb           all the records, LMDB
 *   events.mdb-lock      LMDB's own, worth nothing between two opens; kept, because two processes at work must share one
 *   owner.json           the process that has it open; beside it, that process's socket
 *   closed.json          size and time of the data file when it was closed; gone while it is open
 *   quarantine/          records whose checksum failed, one file each
 */
const markerName = 'spillway-queue.json';
const closedName = 'closed.json';
export const dataName = 'events.mdb';
export const storeFormat = 1;
const storeName = 'spillway-queue';

export interface StoreDirectory {
  readonly path: string;
  readonly dataFile: string;
  readonly quarantineDirectory: string;
  /** It holds nothing yet. */
  readonly isNew: boolean;
  /** The data file is as a clean close has left it. */
  readonly isClean: boolean;
  /** From here on, a process that ends without leave() leaves an unclean store. */
  markDirty(): void;
  /** Whether no other process has taken it over. */
  isOwned(): boolean;
  /** The first transaction is on disk. */
  markInitialised(): void;
  /** Gives the folder up; after a clean close, with the note that it was one. */
  close(clean: boolean): void;
}

/** Makes the folder if need be, and this process its owner. Throws StoreRefused, having changed nothing. */
export async function openStoreDirectory(folder: string): Promise<StoreDirectory> {
  refusing(folder, () => readMarker(folder));
  const owner = await acquire(folder).catch((error: unknown) => {
    throw refusalOf(folder, error) ?? error;
  });
  try {
    return refusing(folder, () => lockedDirectory(folder, owner));
  } catch (error) {
    owner.release();
    throw error;
  }
}

/**
 * Nothing that was looked at before the folder was this process's is trusted: another one may have made the store
 * since.
 */
function lockedDirectory(folder: string, owner: Ownership): StoreDirectory {
  const at = (name: string): string => path.join(folder, name);
  const marker = readMarker(folder);
  let { made } = marker ?? { made: false };
  if (marker === undefined) replaceFile(at(markerName), { store: storeName, format: storeFormat, made });
  const data = at(dataName);
  const locks = `${data}-lock`;
  const found = stampOf(data);
  if (made && found === undefined) throw new StoreDamaged(folder, `${dataName} is missing`);
  if (!made) {
    // Nothing in it was ever acknowledged.
    for (const file of [data, locks]) rmSync(file, { force: true });
    writeZeros(at('room.probe'), firstTransactionBytes);
    rmSync(at('room.probe'));
  }
  if (stampOf(locks) === undefined) writeZeros(locks, lockFileBytes);
  return {
    path: folder,
    dataFile: data,
    quarantineDirectory: at('quarantine'),
    isNew: !made,
    isClean: !made || (found !== undefined && found === textOf(at(closedName))),
    markDirty: () =>
      refusing(folder, () => {
        rmSync(at(closedName), { force: true });
        syncDirectory(folder);
      }),
    isOwned: () => owner.isOwner(),
    markInitialised: () =>
      refusing(folder, () => {
        if (!made) replaceFile(at(markerName), { store: storeName, format: storeFormat, made: true });
        made = true;
      }),
    close(clean) {
      try {
        const stamp = clean ? stampOf(data) : undefined;
        if (stamp !== undefined) replaceFile(at(closedName), JSON.parse(stamp) as object);
      } catch {
        // A full disk, say: then the next open looks through it first.
      } finally {
        owner.release();
      }
    },
  };
}

/*
 * LMDB does not live through every disk that is full. Its first transactions corrupt the memory of the process when
 * there is no room for them; and it writes its file of locks through a mapping, so that the process gets SIGBUS when
 * there is none for that. It takes the size of that file as it finds it.
 */
const firstTransactionBytes = 256 * 1024;
const lockFileBytes = 16 * 1024;

/** A file of zeros that has its room on the disk, whole or not at all. */
function writeZeros(file: string, bytes: number): void {
  const next = `${file}.next`;
  try {
    writeFileSync(next, Buffer.alloc(bytes), { flush: true, mode: 0o600 });
    renameSync(next, file);
  } catch (error) {
    rmSync(next, { force: true });
    throw error;
  }
}

/** What the marker says; `undefined` where there is nothing yet. */
function readMarker(folder: string): { readonly made: boolean } | undefined {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const names = readdirSync(folder);
  if (!names.includes(markerName)) {
    const foreign = names.find((name) => !name.startsWith(lockName) && !name.startsWith(`${markerName}.`));
    if (foreign === undefined) return undefined;
    throw new StoreRefused(
      'foreign',
      folder,
      `this is not a queue store: it has no ${markerName}, but other files (${foreign}). Name an empty folder, or one that is not there yet`,
    );
  }
  const marker = parseObject(textOf(path.join(folder, markerName)) ?? '');
  if (marker === undefined || marker['store'] !== storeName || typeof marker['format'] !== 'number')
    throw new StoreRefused('foreign', folder, `${markerName} in it is not one of a queue store. Name another folder`);
  if (marker['format'] !== storeFormat)
    throw new StoreRefused(
      'newer',
      folder,
      `the queue store has format ${marker['format']}, this version knows ${storeFormat}. Use the version of spillway that made it, or a later one`,
    );
  return { made: marker['made'] === true };
}

function refusing<T>(folder: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw refusalOf(folder, error) ?? error;
  }
}

/** Whole or not at all, and on disk when it returns. */
function replaceFile(file: string, content: object): void {
  const next = `${file}.next`;
  writeFileSync(next, JSON.stringify(content), { flush: true, mode: 0o600 });
  renameSync(next, file);
  syncDirectory(path.dirname(file));
}

export function syncDirectory(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Size and time of a file; `undefined` where there is none. */
function stampOf(file: string): string | undefined {
  return ifExists(() => {
    const { size, mtimeMs } = statSync(file);
    return JSON.stringify({ size, mtimeMs });
  });
}

function textOf(file: string): string | undefined {
  return ifExists(() => readFileSync(file, 'utf8'));
}

/** What cannot be read is not the same as what is not there. */
function ifExists<T>(look: () => T): T | undefined {
  try {
    return look();
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
