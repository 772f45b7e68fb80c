import { isDeepStrictEqual } from 'node:util';
import { safely, type Signal } from '../../runtime/signals.ts';
import { defaultLanes, laneLimit } from './lane-number.ts';
import type { DeliveryQueue } from '../queue.ts';
import { day } from '../settlement.ts';
import { openStoreDirectory, type StoreDirectory } from './store-directory.ts';
import { verifyStore } from './verify-store.ts';
import { LmdbQueue } from './lmdb-queue.ts';
import { refusalOf, StoreDamaged, StoreRefused } from './store-errors.ts';
import { readMeta, type StoreConfig, type StoreMeta, type StoreTotals } from './store-meta.ts';
import { openTables, type Tables } from './tables.ts';

export interface QueueOptions {
  /**
   * The folder of the store; made if it is not there. On a disk of this machine: LMDB does not work on network file
   * systems.
   */
  readonly path: string;
  /**
   * Bytes of records, dead letters and what is kept for replay included, and of the ids of the dedup window (100 bytes
   * each, gone once prune() finds that it has passed). What is kept for replay gives way, the oldest first; put()
   * throws QueueFull when the rest fills it. Remembered: the default is what the store was last opened with, 1 GiB of a
   * new one. The file takes up to a few times as much, and never shrinks.
   */
  readonly maxBytes?: number | undefined;
  /**
   * A second put of an id is a no-op for so long (ms); 0 = never. Default: a day. Ids that went by are forgotten by
   * prune().
   */
  readonly dedupWindowMs?: number | undefined;
  /**
   * How many lanes the keys are spread over. Of a store that exists it can only change while nothing waits in it.
   * Default: 1024.
   */
  readonly lanes?: number | undefined;
  /** Called with a `defect` for every record that went to quarantine; `slug` is the connection id. */
  readonly onSignal?: ((signal: Signal) => unknown) | undefined;
  /** Epoch ms, for dedup and for what is put, revived and replayed. Default: the system's. */
  readonly now?: (() => number) | undefined;
}

/**
 * Opens a durable queue on LMDB, or makes one. One process has a store at a time. Throws StoreRefused, with what to do,
 * and leaves the store as it is when it cannot be had; StoreDamaged when it cannot be read.
 *
 * A store that was not closed (kill -9, power) is read from end to end first, by a child process: LMDB ends the process
 * that meets certain damage. That takes a core about a second for 150 MB of the file, a busy machine twice or three
 * times as long.
 */
export async function openQueue({
  path,
  maxBytes,
  dedupWindowMs = day,
  lanes,
  onSignal = () => undefined,
  now = Date.now,
}: QueueOptions): Promise<DeliveryQueue> {
  if (lanes !== undefined && !(Number.isInteger(lanes) && lanes >= 1 && lanes < laneLimit))
    throw new RangeError(`lanes must be a whole number from 1 to ${laneLimit - 1}`);
  const folder = await openStoreDirectory(path);
  let tables: Tables | undefined;
  let queue: LmdbQueue | undefined;
  try {
    if (!folder.isClean) await verifyStore(folder);
    folder.markDirty();
    tables = reading(folder, () => openTables(folder.dataFile, { readOnly: false, bytes: maxBytes ?? defaultBytes }));
    const kept = reading(folder, () => readMeta(tables!.meta));
    if (kept === undefined && !folder.isNew)
      throw new StoreDamaged(path, 'the numbers kept about the records are missing');
    const meta = kept ?? emptyMeta(lanes ?? defaultLanes, dedupWindowMs);
    const [seen] = [...tables.seen.getKeys({ limit: 1 })];
    const config: StoreConfig = {
      lanes: lanes ?? meta.config.lanes,
      // The width of what is there already cannot change.
      seenMs: seen === undefined ? bucketMs(dedupWindowMs) : meta.config.seenMs,
      maxBytes: maxBytes ?? meta.config.maxBytes ?? defaultBytes,
      ...crashOf(folder, meta),
    };
    if (config.lanes !== meta.config.lanes) assertDrained(path, meta, config.lanes);
    queue = new LmdbQueue(
      tables,
      folder,
      { ...meta, config, totals: folder.isClean ? meta.totals : skipAhead(meta.totals) },
      { maxBytes: config.maxBytes ?? defaultBytes, dedupWindowMs, now, emit: safely(onSignal) },
    );
    const asAsked = isDeepStrictEqual({ ...config, crashedAt: 0 }, { ...meta.config, crashedAt: 0 });
    if (kept === undefined || !asAsked) await queue.writeConfig();
    // Beside a full disk it opens all the same, and this process knows.
    else if (config.crashedAt !== meta.config.crashedAt) await queue.writeConfig().catch(() => undefined);
    folder.markInitialised();
    return queue;
  } catch (error) {
    if (queue === undefined) {
      await tables?.root.close();
      // What was clean, and was not written to, stays so.
      folder.close(folder.isClean && !folder.isNew);
    } else await queue.close();
    throw refusalOf(path, error) ?? error;
  }
}

function reading<T>(folder: StoreDirectory, open: () => T): T {
  try {
    return open();
  } catch (error) {
    throw (
      refusalOf(folder.path, error) ?? new StoreDamaged(folder.path, String((error as Error).message), { cause: error })
    );
  }
}

/** Kept beyond the next close: a look at the store between a crash and the next worker must not hide it. */
function crashOf({ isClean }: StoreDirectory, { totals, config }: StoreMeta): Pick<StoreConfig, 'crashedAt'> {
  const crashedAt = isClean ? config.crashedAt : totals.seq;
  return crashedAt === undefined ? {} : { crashedAt };
}

/** Of a new store. */
const defaultBytes = 2 ** 30;

/** A put looks into every bucket that its window touches: two, or a few where the window has grown since. */
const bucketMs = (dedupWindowMs: number): number => Math.max(3_600_000, dedupWindowMs);

function emptyMeta(lanes: number, dedupWindowMs: number): StoreMeta {
  return {
    totals: { seq: 0, stamp: 0, bytes: 0, quarantined: 0 },
    config: { lanes, seenMs: bucketMs(dedupWindowMs) },
    counts: new Map(),
  };
}

/**
 * After a crash: further than any transaction that was on its way can have counted. What such a one wrote may lie in
 * the file, where salvage finds it, and must not go by the number of another record.
 */
const skipAhead = (totals: StoreTotals): StoreTotals => ({
  ...totals,
  seq: totals.seq + 2 ** 20,
  stamp: totals.stamp + 2 ** 20,
});

function assertDrained(path: string, { config, counts }: StoreMeta, lanes: number): void {
  const waiting = [...counts.values()].filter((one) => one.waiting > 0);
  if (waiting.length === 0) return;
  const still = waiting.map((one) => `${one.id}: ${one.waiting}`).join(', ');
  throw new StoreRefused(
    'lanes',
    path,
    `the queue store has ${config.lanes} lanes, and ${lanes} are asked for. With other lanes the order of a key would be lost for ` +
      `what still waits (${still}). Work that off with ${config.lanes} lanes, then change them`,
  );
}
