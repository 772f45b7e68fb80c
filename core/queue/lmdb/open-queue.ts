import { isDeepStrictEqual } from 'node:util';
import { folderPath } from '../../folder-path.ts';
import { safely } from '../../runtime/signals.ts';
import { storeRoutes } from '../admin/routes.ts';
import { StoreServer } from '../admin/server.ts';
import { dayMs } from '../settlement.ts';
import { LmdbQueue } from './lmdb-queue.ts';
import { LmdbStore } from './lmdb-store.ts';
import type { QueueOptions } from './queue-options.ts';
import { openStoreDirectory, type StoreDirectory } from './store-directory.ts';
import { refusalOf, StoreDamaged, StoreRefused } from './store-errors.ts';
import { readMeta, type StoreConfig, type StoreMeta, type StoreTotals } from './store-meta.ts';
import { openTables, type Tables } from './tables.ts';
import { verifyStore } from './verify-store.ts';

/** Opens a store for a program that works with claims itself, as the tests of the queue do. See openStore(). */
export const openQueue = async (options: QueueOptions): Promise<LmdbQueue> => (await openParts(options)).queue;

export interface OpenParts {
  readonly queue: LmdbQueue;
  /** The same for callers that know only the seam: other processes, too. */
  readonly store: LmdbStore;
}

/** See openStore(). */
export async function openParts({
  path: pathOrUrl,
  maxBytes,
  dedupWindowMs = dayMs,
  onSignal = () => undefined,
  now = Date.now,
}: QueueOptions): Promise<OpenParts> {
  const path = folderPath(pathOrUrl, 'openStore(): path');
  const server = new StoreServer();
  const directory = await openStoreDirectory(path, server);
  let tables: Tables | undefined;
  let queue: LmdbQueue | undefined;
  try {
    if (!directory.isClean && (await verifyStore(directory)) === 'changed')
      throw new StoreRefused(
        'busy',
        path,
        'a process writes to the queue store whose socket somebody has removed from the directory. End it first',
      );
    directory.markDirty();
    const mode = { readOnly: false, bytes: maxBytes ?? defaultBytes };
    tables = readingStore(directory, () => openTables(directory.dataFile, mode));
    const stored = readingStore(directory, () => readMeta(tables!.meta));
    if (stored === undefined && !directory.isNew)
      throw new StoreDamaged(path, 'the values of the table meta are missing');
    const meta = stored ?? emptyMeta(dedupWindowMs);
    const config = configOf(directory, tables, meta, { maxBytes, dedupWindowMs });
    queue = new LmdbQueue(
      tables,
      directory,
      { ...meta, config, totals: directory.isClean ? meta.totals : skipAhead(meta.totals) },
      {
        maxBytes: config.maxBytes ?? defaultBytes,
        dedupWindowMs,
        now,
        emit: safely(onSignal),
        beforeClose: () => server.end(),
      },
    );
    const isSame = isDeepStrictEqual({ ...config, crashedAt: 0 }, { ...meta.config, crashedAt: 0 });
    const isWritten = await queue.writeConfig().then(
      () => true,
      (error: unknown) => {
        // On a full disk the store opens all the same: this process knows the crash, and its own number.
        if (stored === undefined || !isSame || (error instanceof StoreRefused && error.code === 'taken')) throw error;
        return false;
      },
    );
    if (isWritten) await directory.removeFormerOwners();
    directory.markInitialised();
    const store = new LmdbStore(queue, { process: server.info(), now });
    server.open(storeRoutes(store));
    return { queue, store };
  } catch (error) {
    if (queue === undefined) {
      await tables?.root.close();
      // A clean store that was not written to stays clean.
      directory.close(directory.isClean && !directory.isNew);
    } else await queue.close();
    throw refusalOf(path, error) ?? error;
  }
}

/** Turns errors of LMDB into refusals, or into damage. */
function readingStore<T>(directory: StoreDirectory, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw (
      refusalOf(directory.path, error) ??
      new StoreDamaged(directory.path, String((error as Error).message), { cause: error })
    );
  }
}

function configOf(
  directory: StoreDirectory,
  tables: Tables,
  { totals, config }: StoreMeta,
  { maxBytes, dedupWindowMs }: Required<Pick<QueueOptions, 'maxBytes' | 'dedupWindowMs'>>,
): StoreConfig {
  const [anyId] = [...tables.seen.getKeys({ limit: 1 })];
  // It stays beyond the next close: a look at the store between a crash and the next worker must not hide the crash.
  const crashedAt = directory.isClean ? config.crashedAt : totals.seq;
  return {
    // While the table holds ids, the width of its buckets cannot change.
    seenMs: anyId === undefined ? bucketMs(dedupWindowMs ?? dayMs) : config.seenMs,
    maxBytes: maxBytes ?? config.maxBytes ?? defaultBytes,
    ...(crashedAt === undefined ? {} : { crashedAt }),
  };
}

/** The byte budget of a new store. */
const defaultBytes = 2 ** 30;

/** A put looks into every bucket that its window touches: two, or a few when the window has grown since. */
const bucketMs = (dedupWindowMs: number): number => Math.max(3_600_000, dedupWindowMs);

function emptyMeta(dedupWindowMs: number): StoreMeta {
  return {
    totals: { seq: 0, stamp: 0, bytes: 0, quarantined: 0 },
    config: { seenMs: bucketMs(dedupWindowMs) },
    counts: new Map(),
  };
}

/**
 * After a crash, skips more numbers than a transaction on its way can have given out. Such a transaction may have left
 * records in the file, where salvage finds them; no other record may go by their numbers.
 */
const skipAhead = (totals: StoreTotals): StoreTotals => ({
  ...totals,
  seq: totals.seq + 2 ** 20,
  stamp: totals.stamp + 2 ** 20,
});
