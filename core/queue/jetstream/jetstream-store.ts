import type { SharedRateLimiter } from '../../policy/shared-limiter.ts';
import { errorText } from '../../runtime/error-text.ts';
import type { Signal } from '../../runtime/signals.ts';
import {
  assertConnectionId,
  connectionIdOf,
  type Compacted,
  type DeadFilter,
  type DeadLetter,
  type LanesOf,
  type Put,
  type PutResult,
  type WaitingEvent,
} from '../queue.ts';
import {
  lanesBy,
  type MovableStore,
  type StoreConnection,
  type StoredRecords,
  type StoreStatus,
  type StoreWorkOptions,
} from '../store.ts';
import type { QueueWorker } from '../work-options.ts';
import { misconfiguredState } from '../worker-state.ts';
import { asStoreError, closedError, storeErrorOf } from './broker-errors.ts';
import { ConnectionLeases } from './connection-leases.ts';
import { deadLetterOf } from './dead-letters.ts';
import { purgeConnection, replayEvents, requeueLetters, statusOf } from './operations.ts';
import { exportRecords, importRecords, removeRecords } from './record-transfer.ts';
import { RecentIds } from './recent-ids.ts';
import { openParts, type PartsOptions, type StoreParts } from './store-parts.ts';
import { SuspendedConnection } from './suspended-connection.ts';
import type { Workers } from './processes.ts';
import { tokenOf } from './names.ts';
import { readChannels } from './channels.ts';

/** A connection that this process delivers for. */
interface Working {
  readonly connection: StoreConnection;
  readonly leases: ConnectionLeases;
  readonly worker: QueueWorker;
}

export type CreateParts = (hooks: Pick<PartsOptions, 'workers' | 'onProcesses' | 'onDefect' | 'onLost'>) => StoreParts;

/** The store of a process on a broker that others share with it. */
export class JetStreamStore implements MovableStore {
  readonly promises = jetStreamPromises;
  readonly #parts: StoreParts;
  readonly #onSignal: ((signal: Signal) => unknown) | undefined;
  /** By connection id; `undefined` for one that cannot be delivered for. */
  readonly #working = new Map<string, Working | undefined>();
  /** By connection id: a worker that follows another one knows what that one has met. */
  readonly #recent = new Map<string, RecentIds>();
  #closing: Promise<void> | undefined;
  #lost: Error | undefined;

  private constructor(create: CreateParts, onSignal: ((signal: Signal) => unknown) | undefined) {
    this.#onSignal = onSignal;
    this.#parts = create({
      workers: () => this.#workers(),
      onProcesses: () => this.#processesChanged(),
      onDefect: (where, error) => this.#defect('', '', where, error),
      onLost: (error) => this.#lose(error),
    });
  }

  static async open(create: CreateParts, onSignal: ((signal: Signal) => unknown) | undefined): Promise<JetStreamStore> {
    const store = new JetStreamStore(create, onSignal);
    await openParts(store.#parts);
    store.#parts.registry.onChange(({ id }) => store.#shareLanesOf(id));
    return store;
  }

  get rateLimiter(): SharedRateLimiter {
    return this.#parts.rateLimiter;
  }

  async put(puts: readonly Put[]): Promise<readonly PutResult[]> {
    this.#assertOpen();
    const ids = puts.map(connectionIdOf);
    ids.forEach(assertConnectionId);
    const results = await asStoreError(this.#parts.putter.putAll(puts));
    for (const id of ids) this.#wake(id);
    return results;
  }

  work(connection: StoreConnection, options: StoreWorkOptions = {}): QueueWorker {
    this.#assertOpen();
    const { id = connection.id } = options;
    if (this.#working.get(id) !== undefined) throw new Error(`a worker delivers for ${id} already`);
    const { broker, streams, processes, suspensions, now } = this.#parts;
    const { names, layout, dedupWindowMs, leaseMs } = streams;
    const token = tokenOf(id);
    const leases = new ConnectionLeases({
      ...this.#parts,
      names,
      token,
      connection: id,
      by: processes.key,
      connectionOf: new SuspendedConnection(connection, {
        suspensions,
        token,
        configHash: options.configHash ?? '',
        by: processes.key,
        isAlive: (key) => processes.isAlive(key),
      }),
      work: options,
      epoch: layout.epoch,
      leaseMs,
      recent: this.#recentOf(id, dedupWindowMs),
      now,
      waiting: async () => {
        const channels = await readChannels(broker, names, token);
        return channels.reduce((sum, { waiting }) => sum + waiting, 0);
      },
      onDefect: (where, error) => this.#defect(connection.slug, id, where, error),
    });
    const inner = leases.worker();
    const stopListening = suspensions.onChange(token, () => leases.suspensionChanged());
    const over = inner.ended().then(async () => {
      stopListening();
      this.#working.delete(id);
      await processes.tell();
    });
    const worker = { ...inner, stop: (graceMs: number) => inner.stop(graceMs).then(() => over), ended: () => over };
    this.#working.set(id, { connection, leases, worker });
    void processes.tell();
    this.#shareLanesOf(id);
    return worker;
  }

  markMisconfigured(connection: string): void {
    if (this.#working.has(connection)) return;
    this.#working.set(connection, undefined);
    void this.#parts.processes.tell();
  }

  async peek(connection: string, most: number, after?: number): Promise<readonly WaitingEvent[]> {
    this.#assertOpen();
    return asStoreError(this.#parts.stored.peek(connection, most, after));
  }

  async *dead(connection: string, filter?: DeadFilter): AsyncGenerator<DeadLetter, void, undefined> {
    this.#assertOpen();
    try {
      for await (const letter of this.#parts.deadLetters.list(connection, filter)) yield deadLetterOf(letter);
    } catch (error) {
      throw storeErrorOf(error);
    }
  }

  async reasons(connection: string): Promise<Readonly<Record<string, number>>> {
    this.#assertOpen();
    return asStoreError(this.#parts.deadLetters.reasons(connection));
  }

  async requeue(connection: string, filter?: DeadFilter, lanesOf?: LanesOf): Promise<number> {
    this.#assertOpen();
    const count = await asStoreError(
      requeueLetters(this.#parts, connection, filter, this.#lanesOf(connection) ?? lanesOf),
    );
    this.#wake(connection);
    return count;
  }

  async drop(connection: string, filter?: DeadFilter): Promise<number> {
    this.#assertOpen();
    return asStoreError(this.#parts.deadLetters.drop(connection, filter));
  }

  async replay(connection: string, from: number, to: number, lanesOf?: LanesOf): Promise<number> {
    this.#assertOpen();
    const count = await asStoreError(
      replayEvents(this.#parts, connection, { from, to }, this.#lanesOf(connection) ?? lanesOf),
    );
    this.#wake(connection);
    return count;
  }

  async purge(connection: string): Promise<number> {
    this.#assertOpen();
    return asStoreError(purgeConnection(this.#parts, connection));
  }

  async exportRecords(connection: string, most: number): Promise<StoredRecords> {
    this.#assertOpen();
    return asStoreError(exportRecords(this.#parts, connection, most));
  }

  async importRecords(...of: Parameters<MovableStore['importRecords']>): Promise<void> {
    this.#assertOpen();
    await asStoreError(importRecords(this.#parts, ...of));
    this.#wake(of[0]);
  }

  async removeRecords(connection: string, records: StoredRecords): Promise<void> {
    this.#assertOpen();
    return asStoreError(removeRecords(this.#parts, connection, records));
  }

  async prune(before: number): Promise<number> {
    this.#assertOpen();
    return asStoreError(this.#parts.retention.prune(before));
  }

  /** The broker gives space back by itself. */
  async compact(): Promise<Compacted> {
    const { bytes } = await this.status();
    return { before: bytes, after: bytes };
  }

  async status(connection?: string): Promise<StoreStatus> {
    this.#assertOpen();
    return asStoreError(statusOf(this.#parts, connection));
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    const { registry, processes, suspensions, done, records, rateLimiter, broker } = this.#parts;
    await Promise.all([...this.#working.values()].map(async (working) => working?.worker.stop(0)));
    registry.close();
    suspensions.close();
    rateLimiter.close();
    await done.close();
    await records.close();
    await processes.close();
    await broker.connection.close();
  }

  #workers(): Workers | null {
    if (this.#working.size === 0) return null;
    return Object.fromEntries(
      [...this.#working].map(([id, working]) => {
        const state = working?.worker.state() ?? misconfiguredState;
        return [id, { destination: working?.connection.slug ?? null, ...state }];
      }),
    );
  }

  #lose(error: Error): void {
    this.#lost = error;
    for (const working of this.#working.values()) working?.leases.lose(error);
  }

  #processesChanged(): void {
    for (const [id, working] of this.#working) {
      this.#shareLanesOf(id);
      working?.leases.suspensionChanged();
    }
  }

  /** Asks for those lanes of a connection that are this process's, once the connection has any. */
  #shareLanesOf(id: string): void {
    const working = this.#working.get(id);
    const { registry, processes, streams } = this.#parts;
    if (working === undefined || registry.get(id)?.hasLanes !== true) return;
    working.leases.setLanes(processes.lanesHere(id, streams.layout.lanes));
  }

  #wake(connection: string): void {
    this.#working.get(connection)?.leases.wake();
  }

  #lanesOf(connection: string): LanesOf | undefined {
    const working = this.#working.get(connection);
    return working === undefined ? undefined : lanesBy(working.connection);
  }

  #recentOf(connection: string, windowMs: number): RecentIds {
    const recent = this.#recent.get(connection) ?? new RecentIds(windowMs);
    this.#recent.set(connection, recent);
    return recent;
  }

  #defect(slug: string, connection: string, where: string, error: unknown): void {
    this.#onSignal?.({ kind: 'defect', slug, connection, where, error: errorText(error) });
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw closedError();
    if (this.#lost !== undefined) throw this.#lost;
  }
}

export const jetStreamPromises = { atomicPut: false, dedup: 'put' } as const;
