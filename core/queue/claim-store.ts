import {
  assertConnectionId,
  connectionIdOf,
  type Compacted,
  type DeadFilter,
  type DeadLetter,
  type DeliveryQueue,
  type LanesOf,
  type Put,
  type PutResult,
  type WaitingEvent,
} from './queue.ts';
import {
  lanesBy,
  type ConnectionWorker,
  type DeliveryStore,
  type StoreConnection,
  type StoreProcess,
  type StorePromises,
  type StoreStatus,
  type StoreWorkOptions,
} from './store.ts';
import type { QueueWorker } from './work-options.ts';
import { work } from './worker.ts';
import { misconfiguredState } from './worker-state.ts';

export interface ClaimStoreOptions {
  readonly promises: StorePromises;
  /** Who this process is. */
  readonly process: Omit<StoreProcess, 'isHere' | 'workers'>;
  /** Epoch ms. */
  readonly now: () => number;
}

interface Working {
  readonly connection: StoreConnection;
  readonly worker: QueueWorker;
}

/** The store of a process that has a queue: hands its events out to workers of its own. */
export class ClaimStore implements DeliveryStore {
  readonly promises: StorePromises;
  readonly #queue: DeliveryQueue;
  readonly #options: ClaimStoreOptions;
  /** By connection id; `undefined` for one that cannot be delivered for. */
  readonly #working = new Map<string, Working | undefined>();

  constructor(queue: DeliveryQueue, options: ClaimStoreOptions) {
    this.#queue = queue;
    this.#options = options;
    this.promises = options.promises;
  }

  async put(puts: readonly Put[]): Promise<readonly PutResult[]> {
    const ids = puts.map(connectionIdOf);
    ids.forEach(assertConnectionId);
    const results = await this.#queue.putAll(puts);
    for (const id of ids) this.wake(id);
    return results;
  }

  work(connection: StoreConnection, options: StoreWorkOptions = {}): QueueWorker {
    const { id = connection.id, configHash = '' } = options;
    if (this.#working.get(id) !== undefined) throw new Error(`a worker delivers for ${id} already`);
    const worker = work({ now: this.#options.now, ...options, queue: this.#queue, connection, id, configHash });
    this.#working.set(id, { connection, worker });
    void worker.ended().then(() => this.#working.delete(id));
    return worker;
  }

  markMisconfigured(connection: string): void {
    if (!this.#working.has(connection)) this.#working.set(connection, undefined);
  }

  async peek(connection: string, most: number, after?: number): Promise<readonly WaitingEvent[]> {
    return this.#queue.peek(connection, most, after);
  }

  dead(connection: string, filter?: DeadFilter): AsyncIterable<DeadLetter> {
    return this.#queue.dead(connection, filter);
  }

  async reasons(connection: string): Promise<Readonly<Record<string, number>>> {
    const counts: Record<string, number> = {};
    for await (const { reason } of this.#queue.dead(connection)) counts[reason.code] = (counts[reason.code] ?? 0) + 1;
    return counts;
  }

  async requeue(connection: string, filter?: DeadFilter, lanesOf?: LanesOf): Promise<number> {
    const count = await this.#queue.requeue(connection, filter, this.#lanesOf(connection) ?? lanesOf);
    this.wake(connection);
    return count;
  }

  drop(connection: string, filter?: DeadFilter): Promise<number> {
    return this.#queue.drop(connection, filter);
  }

  async replay(connection: string, from: number, to: number, lanesOf?: LanesOf): Promise<number> {
    const count = await this.#queue.replay(connection, from, to, this.#lanesOf(connection) ?? lanesOf);
    this.wake(connection);
    return count;
  }

  purge(connection: string): Promise<number> {
    return this.#queue.purge(connection);
  }

  prune(before: number): Promise<number> {
    return this.#queue.prune(before, this.#options.now());
  }

  compact(): Promise<Compacted> {
    return this.#queue.compact();
  }

  async status(connection?: string): Promise<StoreStatus> {
    const status = this.#queue.status(this.#options.now(), connection);
    const workers: Record<string, ConnectionWorker> = Object.create(null) as object as Record<string, never>;
    for (const [id, working] of this.#working)
      workers[id] = {
        destination: working?.connection.slug ?? null,
        ...(working?.worker.state() ?? misconfiguredState),
      };
    const { pid, host, startedAt } = this.#options.process;
    const here = { pid, host, startedAt, isHere: true, workers: this.#working.size === 0 ? null : workers };
    return { ...status, processes: [here] };
  }

  close(): Promise<void> {
    return this.#queue.close();
  }

  /** Has the worker of a connection look at what is new. */
  protected wake(connection: string): void {
    this.#working.get(connection)?.worker.wake();
  }

  /** Throws where this process delivers for a connection. */
  protected assertUnattended(connection: string): void {
    if (this.#working.get(connection) !== undefined)
      throw new Error(`a worker delivers for ${connection}: stop it first`);
  }

  #lanesOf(connection: string): LanesOf | undefined {
    const working = this.#working.get(connection);
    return working === undefined ? undefined : lanesBy(working.connection);
  }
}
