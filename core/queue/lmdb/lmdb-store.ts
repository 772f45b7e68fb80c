import { ClaimStore, type ClaimStoreOptions } from '../claim-store.ts';
import type { DeliveryLog, FileDelivery } from '../delivery-log.ts';
import { createAmbiguityMarker } from '../ambiguous-after-crash.ts';
import type { DeadLetter, RegisteredConnection } from '../queue.ts';
import type { EmbeddedStore, StoredRecords } from '../store.ts';
import type { LmdbQueue } from './lmdb-queue.ts';

/** The store of a process that has it open on its own disk, which also keeps the outcomes of files. */
export class LmdbStore extends ClaimStore implements EmbeddedStore {
  readonly #queue: LmdbQueue;

  constructor(queue: LmdbQueue, options: Omit<ClaimStoreOptions, 'promises'>) {
    super(queue, { promises: lmdbPromises, ...options });
    this.#queue = queue;
  }

  async exportRecords(connection: string, most: number): Promise<StoredRecords> {
    this.assertUnattended(connection);
    const waiting = this.#queue.peek(connection, most);
    if (waiting.length > 0)
      return { waiting: createAmbiguityMarker(this.#queue, connection, mostOut)(waiting), dead: [] };
    const dead: DeadLetter[] = [];
    for await (const letter of this.dead(connection)) {
      dead.push(letter);
      if (dead.length >= most) break;
    }
    return { waiting, dead };
  }

  async importRecords(
    connection: string,
    registered: RegisteredConnection | undefined,
    records: StoredRecords,
  ): Promise<void> {
    await this.#queue.transfer.import(connection, registered, records);
    this.wake(connection);
  }

  async removeRecords(connection: string, records: StoredRecords): Promise<void> {
    this.assertUnattended(connection);
    await this.#queue.transfer.remove(connection, records);
  }

  deliveryLog(delivery: FileDelivery, options?: { readonly restart?: boolean | undefined }): Promise<DeliveryLog> {
    return this.#queue.deliveryLog(delivery, options);
  }
}

/** A worker of any destination has no more out at once; which settings the last one had, nobody knows any more. */
const mostOut = 10_000;

export const lmdbPromises = { atomicPut: true, dedup: 'event' } as const;
