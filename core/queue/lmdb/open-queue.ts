import { isDeepStrictEqual } from 'node:util';
import { folderPath } from '../../folder-path.ts';
import { safely, type Signal } from '../../runtime/signals.ts';
import type { StoreHost } from '../admin/protocol.ts';
import { storeRoutes } from '../admin/routes.ts';
import { StoreServer } from '../admin/server.ts';
import { dayMs } from '../settlement.ts';
import { LmdbQueue, type LmdbStore } from './lmdb-queue.ts';
import { openStoreDirectory, type StoreDirectory } from './store-directory.ts';
import { refusalOf, StoreDamaged, StoreRefused } from './store-errors.ts';
import { readMeta, type StoreConfig, type StoreMeta, type StoreTotals } from './store-meta.ts';
import { openTables, type Tables } from './tables.ts';
import { verifyStore } from './verify-store.ts';

export interface QueueOptions {
  /**
   * The directory of the store, as a path or a file: URL; made if it is missing. It must be on a disk of this machine:
   * LMDB does not work on network file systems.
   */
  readonly path: string | URL;
  /**
   * The most bytes that the store keeps: of records, including dead letters and events kept for replay, and of the ids
   * of the dedup window (100 bytes each, until prune() finds that the window has passed). Events kept for replay give
   * way, the oldest first; put() throws QueueFull when the rest fills the budget. The store remembers it: the default
   * is that of the last open, 1 GiB for a new store. The file takes up to a few times as much, and never shrinks.
   */
  readonly maxBytes?: number | undefined;
  /**
   * A second put of an id within this time (ms) is a no-op; 0 = never. Default: a day. prune() removes the ids of
   * former times.
   */
  readonly dedupWindowMs?: number | undefined;
  /** Called with a `defect` for every record that went to quarantine; its `slug` is the connection id. */
  readonly onSignal?: ((signal: Signal) => unknown) | undefined;
  /**
   * What delivers the events of this store, if anything does: what other processes ask of it is answered with its lanes
   * and the state of its workers, and what they put is made known to it.
   */
  readonly host?: (() => StoreHost | undefined) | undefined;
  /** Epoch ms, for the dedup window and for what is put, requeued and replayed. Default: the system clock. */
  readonly now?: (() => number) | undefined;
}

/**
 * Opens a durable queue on LMDB, or makes one. Only one process at a time can have a store open; it answers others on
 * a socket in the directory. When the store cannot be opened, throws StoreRefused with what to do, or StoreDamaged when
 * it cannot be read, and leaves the store as it is.
 *
 * A store that was not closed (kill -9, power) is first read from end to end by a child process, because LMDB ends the
 * process that meets certain damage. That takes a core about a second for 150 MB of the file, a busy machine two or
 * three times as long.
 *
 * @example
 * const queue = await openQueue({ path: 'queue' });
 * const event: CdpEvent = { type: 'track', event: 'Order Completed', messageId: 'm-1', userId: 'u-1' };
 * const { accepted, duplicates } = await queue.put('my-shop', [{ id: 'm-1', event, acceptedAt: Date.now() }]);
 * const [claim] = queue.claim('my-shop', 1, Date.now());
 * if (claim !== undefined) {
 *   const settlement = { kind: 'done', seq: claim.seq, outcome: 'delivered' } as const;
 *   await queue.settle('my-shop', [settlement], { now: Date.now(), configHash: '' });
 * }
 * await queue.close();
 */
export async function openQueue({
  path: pathOrUrl,
  maxBytes,
  dedupWindowMs = dayMs,
  onSignal = () => undefined,
  host = () => undefined,
  now = Date.now,
}: QueueOptions): Promise<LmdbStore> {
  const path = folderPath(pathOrUrl, 'openQueue(): path');
  const server = new StoreServer();
  const directory = await openStoreDirectory(path, server);
  let tables: Tables | undefined;
  let queue: LmdbQueue | undefined;
  try {
    if (!directory.isClean) await verifyStore(directory);
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
    server.open(storeRoutes(queue, () => server.info(), host));
    return queue;
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
