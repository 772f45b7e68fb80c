import { ClaimStore, type ClaimStoreOptions } from '../claim-store.ts';
import type { DeliveryLog, FileDelivery } from '../delivery-log.ts';
import type { EmbeddedStore } from '../store.ts';
import type { LmdbQueue } from './lmdb-queue.ts';

/** The store of a process that has it open on its own disk, which also keeps the outcomes of files. */
export class LmdbStore extends ClaimStore implements EmbeddedStore {
  readonly #queue: LmdbQueue;

  constructor(queue: LmdbQueue, options: Omit<ClaimStoreOptions, 'promises'>) {
    super(queue, { promises: lmdbPromises, ...options });
    this.#queue = queue;
  }

  deliveryLog(delivery: FileDelivery, options?: { readonly restart?: boolean | undefined }): Promise<DeliveryLog> {
    return this.#queue.deliveryLog(delivery, options);
  }
}

export const lmdbPromises = { atomicPut: true, dedup: 'event' } as const;
