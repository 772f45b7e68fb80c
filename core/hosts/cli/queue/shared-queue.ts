import {
  countReasons,
  OwnerClient,
  OwnerGone,
  type Claim,
  type DeadFilter,
  type DeadLetter,
  type DeliveryQueue,
  type LanesOf,
  type QueueStatus,
  type StoreReport,
} from '../../../queue/index.ts';

/** What a store says of itself; `owner` is `undefined` where this process has it open. */
export type SharedStatus = QueueStatus & Pick<StoreReport, 'hosted'> & Partial<Pick<StoreReport, 'owner'>>;

/**
 * A store that this process opened, or one that another process owns and answers for. Where that one ends, this process
 * opens the store, or asks the next owner.
 */
export class SharedQueue {
  readonly #reach: () => Promise<DeliveryQueue | OwnerClient>;
  #queue: DeliveryQueue | OwnerClient;

  constructor(queue: DeliveryQueue | OwnerClient, reach: () => Promise<DeliveryQueue | OwnerClient>) {
    this.#queue = queue;
    this.#reach = reach;
  }

  /** The store, where this process has it open. */
  get own(): DeliveryQueue | undefined {
    return this.#queue instanceof OwnerClient ? undefined : this.#queue;
  }

  status(connection?: string): Promise<SharedStatus> {
    return this.#call(
      async (queue) =>
        queue instanceof OwnerClient
          ? queue.status(connection)
          : { ...queue.status(Date.now(), connection), hosted: null },
      true,
    );
  }

  /** What was put already is a duplicate when it is put again. */
  put(...put: Parameters<DeliveryQueue['put']>): ReturnType<DeliveryQueue['put']> {
    return this.#call((queue) => queue.put(...put), true);
  }

  peek(connection: string, most: number, after?: number): Promise<readonly Claim[]> {
    return this.#call(async (queue) => queue.peek(connection, most, after), true);
  }

  dead(connection: string, filter?: DeadFilter): AsyncIterable<DeadLetter> {
    return this.#queue.dead(connection, filter);
  }

  /** Dead letters by the code of their reason. */
  reasons(connection: string): Promise<Readonly<Record<string, number>>> {
    return this.#call(
      (queue) => (queue instanceof OwnerClient ? queue.reasons(connection) : countReasons(queue.dead(connection))),
      true,
    );
  }

  /** Another process gives lanes by the settings that it delivers with, whatever those of the caller are. */
  requeue(connection: string, filter?: DeadFilter, lanesOf?: LanesOf): Promise<number> {
    return this.#call((queue: Pick<DeliveryQueue, 'requeue'>) => queue.requeue(connection, filter, lanesOf));
  }

  drop(connection: string, filter?: DeadFilter): Promise<number> {
    return this.#call((queue) => queue.drop(connection, filter));
  }

  /** As for requeue(). */
  replay(connection: string, from: number, to: number, lanesOf?: LanesOf): Promise<number> {
    return this.#call((queue: Pick<DeliveryQueue, 'replay'>) => queue.replay(connection, from, to, lanesOf));
  }

  purge(connection: string): Promise<number> {
    return this.#call((queue) => queue.purge(connection));
  }

  close(): Promise<void> {
    return this.#queue.close();
  }

  /** `mayRepeat`: what may have been done is done again, where its answer was lost. */
  async #call<T>(call: (queue: DeliveryQueue | OwnerClient) => Promise<T>, mayRepeat = false): Promise<T> {
    for (;;) {
      try {
        return await call(this.#queue);
      } catch (error) {
        if (!(error instanceof OwnerGone) || (error.maybeDone && !mayRepeat)) throw error;
        await this.#queue.close();
        this.#queue = await this.#reach();
      }
    }
  }
}
