import { setTimeout } from 'node:timers/promises';
import { folderPath } from '../../folder-path.ts';
import { longestSleepMs } from '../../policy/clock.ts';
import { reachOwner } from '../admin/client.ts';
import { untilOwnerEnds } from '../admin/reach-owner.ts';
import { SharedStore } from '../admin/shared-store.ts';
import type { DeliveryStore, EmbeddedStore } from '../store.ts';
import { lmdbPromises } from './lmdb-store.ts';
import { openParts } from './open-queue.ts';
import type { QueueOptions } from './queue-options.ts';
import { StoreRefused } from './store-errors.ts';

export interface StoreOptions extends QueueOptions {
  /** How long to wait for a store that another process has (ms). Default: 0. */
  readonly waitMs?: number | undefined;
  /**
   * Where another process has the store, asks that one for everything but work(); once it ends, opens the store here or
   * asks the next. Default: false.
   */
  readonly share?: boolean | undefined;
}

/** An owner that starts, ends or is silent is asked again after such a time. */
const pauseMs = 100;

/**
 * Opens an embedded store (LMDB), or makes one. Only one process at a time can have a store open; it answers others on
 * a socket in the directory. When the store cannot be opened, throws StoreRefused with what to do, or StoreDamaged when
 * it cannot be read, and leaves the store as it is.
 *
 * A store that was not closed (kill -9, power) is first read from end to end by a child process, because LMDB ends the
 * process that meets certain damage, and copied into a fresh file where the disk has room for that. That takes a core
 * about a second for 50 MB of the file, a busy machine two or three times as long. `ulimit -v` must leave four times
 * maxBytes of address space, and 1 GiB at least: with less, the store is refused.
 *
 * @example
 * const store = await openStore({ path: 'queue' });
 * const event: CdpEvent = { type: 'track', event: 'Order Completed', messageId: 'm-1', userId: 'u-1' };
 * await store.put([{ connection: connection.id, events: [toQueued(connection, event, 'm-1')] }]);
 * const worker = store.work(connection, workFor(manifest));
 * await worker.idle();
 * await worker.stop(10_000);
 * await store.close();
 */
export function openStore(options: StoreOptions & { readonly share?: false | undefined }): Promise<EmbeddedStore>;
export function openStore(options: StoreOptions): Promise<DeliveryStore>;
export async function openStore({ waitMs = 0, share = false, ...options }: StoreOptions): Promise<DeliveryStore> {
  if (!share) return whenFree(waitMs, () => open(options));
  const reach = (): Promise<DeliveryStore> => whenFree(waitMs, () => openOrReach(options));
  return new SharedStore(await reach(), reach);
}

const open = async (options: QueueOptions): Promise<EmbeddedStore> => (await openParts(options)).store;

/** Tries until the store can be had, or the time to wait is over. */
async function whenFree<T>(waitMs: number, attempt: () => Promise<T>): Promise<T> {
  const end = performance.now() + waitMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      const left = end - performance.now();
      if (!isBusy(error) || left <= 0) throw error;
      if (error.owner === 'working') await untilOwnerEnds(error.path, Math.min(left, longestSleepMs));
      // Processes that wait for one store do not ask in step.
      else await setTimeout(Math.min(left, pauseMs * (0.5 + Math.random())));
    }
  }
}

async function openOrReach(options: QueueOptions): Promise<DeliveryStore> {
  try {
    return await open(options);
  } catch (error) {
    const path = folderPath(options.path, 'openStore(): path');
    const owner = isBusy(error) && error.owner === 'working' ? await reachOwner(path, lmdbPromises) : undefined;
    if (owner === undefined) throw error;
    const { maxBytes } = options;
    if (maxBytes === undefined) return owner;
    const there = await owner.status().catch(() => undefined);
    if (there?.maxBytes === maxBytes) return owner;
    await owner.close();
    // It has ended meanwhile.
    if (there === undefined) throw error;
    const why = `process ${there.processes[0]?.pid} has the queue store, and keeps the limit of ${there.maxBytes} bytes that it has`;
    throw new StoreRefused('busy', path, why, { owner: 'working' });
  }
}

const isBusy = (error: unknown): error is StoreRefused => error instanceof StoreRefused && error.code === 'busy';
