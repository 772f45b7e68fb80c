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
import { lockName, own } from './owner-lock.ts';
import { StoreDamaged, StoreRefused } from './refused.ts';

/*
 * A store is a folder:
 *
 *   spillway-queue.json  says that it is one, and of which format; `made` once the data file has been written
 *   events.mdb           all the records, LMDB
 *   events.mdb-lock      LMDB's own, worth nothing between two opens
 *   owner.json           the process that has it open
 *   closed.json          size and time of the data file when it was closed; gone while it is open
 *   quarantine/          records whose checksum failed, one file each
 */
const markerName = 'spillway-queue.json';
const closedName = 'closed.json';
export const dataName = 'events.mdb';
export const format = 1;
const mark = 'spillway-queue';

export interface Folder {
  readonly path: string;
  readonly data: string;
  readonly quarantine: string;
  /** It holds nothing yet. */
  readonly fresh: boolean;
  /** The data file is as a clean close has left it. */
  readonly clean: boolean;
  /** From here on, a process that ends without leave() leaves an unclean store. */
  begin(): void;
  /** Whether no other process has taken it over. */
  isOurs(): boolean;
  /** The first transaction is on disk. */
  made(): void;
  /** Gives the folder up; after a clean close, with the note that it was one. */
  leave(clean: boolean): void;
}

/** Makes the folder if need be, and this process its owner. Throws StoreRefused, having changed nothing. */
export function enter(folder: string): Folder {
  const at = (name: string): string => path.join(folder, name);
  const marker = prepare(folder);
  const owner = guarded(folder, () => own(folder));
  try {
    let { made } = marker ?? { made: false };
    if (marker === undefined) guarded(folder, () => write(at(markerName), { store: mark, format, made }));
    const data = at(dataName);
    const found = stampOf(data);
    if (made && found === undefined) throw new StoreDamaged(folder, `${dataName} is missing`);
    // Nothing in it was ever acknowledged.
    if (!made) rmSync(data, { force: true });
    // One process has the store: LMDB's table of readers is from another life.
    rmSync(`${data}-lock`, { force: true });
    return {
      path: folder,
      data,
      quarantine: at('quarantine'),
      fresh: !made,
      clean: !made || (found !== undefined && found === textOf(at(closedName))),
      begin() {
        rmSync(at(closedName), { force: true });
        syncFolder(folder);
      },
      isOurs: () => owner.holds(),
      made() {
        if (!made) write(at(markerName), { store: mark, format, made: true });
        made = true;
      },
      leave(clean) {
        const stamp = clean ? stampOf(data) : undefined;
        try {
          if (stamp !== undefined) write(at(closedName), JSON.parse(stamp) as object);
        } catch {
          // A full disk, say: then the next open looks through it first.
        } finally {
          owner.release();
        }
      },
    };
  } catch (error) {
    owner.release();
    throw error;
  }
}

/** What the marker says; `undefined` where there is nothing yet. */
function prepare(folder: string): { readonly made: boolean } | undefined {
  guarded(folder, () => mkdirSync(folder, { recursive: true }));
  const names = guarded(folder, () => readdirSync(folder));
  if (!names.includes(markerName)) {
    const foreign = names.find((name) => !name.startsWith(lockName) && !name.startsWith(`${markerName}.`));
    if (foreign === undefined) return undefined;
    throw new StoreRefused(
      'foreign',
      folder,
      `this is not a queue store: it has no ${markerName}, but other files (${foreign}). Name an empty folder, or one that is not there yet`,
    );
  }
  const marker = parsed(textOf(path.join(folder, markerName)) ?? '');
  if (marker === undefined || marker['store'] !== mark || typeof marker['format'] !== 'number')
    throw new StoreRefused('foreign', folder, `${markerName} in it is not one of a queue store. Name another folder`);
  if (marker['format'] !== format)
    throw new StoreRefused(
      'newer',
      folder,
      `the queue store has format ${marker['format']}, this version knows ${format}. Use the version of spillway that made it, or a later one`,
    );
  return { made: marker['made'] === true };
}

function guarded<T>(folder: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' || code === 'ENOTDIR')
      throw new StoreRefused('foreign', folder, 'this is a file; a queue store is a folder. Name another path', {
        cause: error,
      });
    if (code !== undefined && ['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'EFBIG'].includes(code))
      throw new StoreRefused(
        'unwritable',
        folder,
        `this process cannot write there (${code}). Give it the right and the room to, or name another folder`,
        { cause: error },
      );
    throw error;
  }
}

/** Whole or not at all, and on disk when it returns. */
function write(file: string, content: object): void {
  const next = `${file}.next`;
  writeFileSync(next, JSON.stringify(content), { flush: true });
  renameSync(next, file);
  syncFolder(path.dirname(file));
}

export function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Size and time of a file; `undefined` where there is none. */
function stampOf(file: string): string | undefined {
  try {
    const { size, mtimeMs } = statSync(file);
    return JSON.stringify({ size, mtimeMs });
  } catch {
    return undefined;
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
