import type { Compacted, DeadFilter, DeadLetter, LanesOf, Put, PutResult, WaitingEvent } from '../queue.ts';
import type { DeliveryStore, StoreConnection, StorePromises, StoreStatus, StoreWorkOptions } from '../store.ts';
import type { QueueWorker } from '../work-options.ts';
import { OwnerGone } from './client.ts';

/**
 * A store that this process opened, or one that another process owns and answers for. Where that one ends, this process
 * opens the store, or asks the next owner.
 */
export class SharedStore implements DeliveryStore {
  readonly #reach: () => Promise<DeliveryStore>;
  #store: DeliveryStore;
  #replacing: Promise<void> | undefined;
  #isClosed = false;

  constructor(store: DeliveryStore, reach: () => Promise<DeliveryStore>) {
    this.#store = store;
    this.#reach = reach;
  }

  get promises(): StorePromises {
    return this.#store.promises;
  }

  /** What was put already is a duplicate when it is put again. */
  put(puts: readonly Put[]): Promise<readonly PutResult[]> {
    return this.#call((store) => store.put(puts), true);
  }
  work(connection: StoreConnection, options?: StoreWorkOptions): QueueWorker {
    return this.#store.work(connection, options);
  }
  markMisconfigured(connection: string): void {
    this.#store.markMisconfigured(connection);
  }
  peek(connection: string, most: number, after?: number): Promise<readonly WaitingEvent[]> {
    return this.#call((store) => store.peek(connection, most, after), true);
  }
  dead(connection: string, filter?: DeadFilter): AsyncIterable<DeadLetter> {
    return this.#store.dead(connection, filter);
  }
  reasons(connection: string): Promise<Readonly<Record<string, number>>> {
    return this.#call((store) => store.reasons(connection), true);
  }
  requeue(connection: string, filter?: DeadFilter, lanesOf?: LanesOf): Promise<number> {
    return this.#call((store) => store.requeue(connection, filter, lanesOf));
  }
  drop(connection: string, filter?: DeadFilter): Promise<number> {
    return this.#call((store) => store.drop(connection, filter));
  }
  replay(connection: string, from: number, to: number, lanesOf?: LanesOf): Promise<number> {
    return this.#call((store) => store.replay(connection, from, to, lanesOf));
  }
  purge(connection: string): Promise<number> {
    return this.#call((store) => store.purge(connection));
  }
  prune(before: number): Promise<number> {
    return this.#call((store) => store.prune(before), true);
  }
  compact(): Promise<Compacted> {
    return this.#call((store) => store.compact(), true);
  }
  status(connection?: string): Promise<StoreStatus> {
    return this.#call((store) => store.status(connection), true);
  }
  async close(): Promise<void> {
    this.#isClosed = true;
    // What it has opened by then is closed, too.
    await this.#replacing?.catch(() => undefined);
    await this.#store.close();
  }

  /** `mayRepeat`: what may have been done is done again, where its answer was lost. */
  async #call<T>(call: (store: DeliveryStore) => Promise<T>, mayRepeat = false): Promise<T> {
    for (;;) {
      this.#assertOpen();
      const store = this.#store;
      try {
        return await call(store);
      } catch (error) {
        if (!(error instanceof OwnerGone) || (error.maybeDone && !mayRepeat)) throw error;
        this.#assertOpen();
        // Several calls may have met the same end.
        if (store === this.#store)
          this.#replacing ??= this.#replace(store).finally(() => (this.#replacing = undefined));
        await this.#replacing;
      }
    }
  }

  #assertOpen(): void {
    if (this.#isClosed) throw Object.assign(new Error('the queue store is closed'), { code: 'closed' });
  }

  async #replace(store: DeliveryStore): Promise<void> {
    await store.close();
    this.#store = await this.#reach();
  }
}
