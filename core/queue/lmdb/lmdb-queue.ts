import type { Emit } from '../../runtime/signals.ts';
import type { DeliveryLog, FileDelivery } from '../delivery-log.ts';
import { failpoint } from '../failpoint.ts';
import {
  connectionIdOf,
  type Claim,
  type ClaimKind,
  type Compacted,
  type DeadFilter,
  type DeadLetter,
  type DeliveryQueue,
  type LanesOf,
  type Put,
  type PutResult,
  type QueuedEvent,
  type QueueStatus,
  type Settlement,
} from '../queue.ts';
import { ByteBudget } from './byte-budget.ts';
import { Claims } from './claims.ts';
import { Compaction } from './compaction.ts';
import { DedupIndex } from './dedup-index.ts';
import { DeliveryTable } from './delivery-table.ts';
import { Maintenance } from './maintenance.ts';
import { Quarantine } from './quarantine.ts';
import { RecordReader } from './record-reader.ts';
import { RecordTransfer } from './record-transfer.ts';
import { ReplayLog } from './replay-log.ts';
import { registeredWith } from '../registered-with.ts';
import { register, registeredBefore, withUncheckedLanes } from './registration.ts';
import { resultOf, type StartedPut } from './started-put.ts';
import type { StoreCounters } from './store-counters.ts';
import type { StoreDirectory } from './store-directory.ts';
import type { StoreMeta } from './store-meta.ts';
import { StoreWriter } from './store-writer.ts';
import type { Tables } from './tables.ts';

export interface LmdbQueueOptions {
  readonly maxBytes: number;
  readonly dedupWindowMs: number;
  readonly now: () => number;
  readonly emit: Emit;
  /** Has what other processes have asked for answered; `undefined` where that is nothing. */
  readonly beforeClose?: (() => Promise<unknown> | undefined) | undefined;
}

/** What openQueue() returns. The port says what each method promises. */
export class LmdbQueue implements DeliveryQueue {
  readonly #tables: Tables;
  readonly #directory: StoreDirectory;
  readonly #now: () => number;
  readonly #beforeClose: LmdbQueueOptions['beforeClose'];
  readonly #crashedAt: number;
  readonly #writer: StoreWriter;
  readonly #counters: StoreCounters;
  readonly #dedupIndex: DedupIndex;
  readonly #budget: ByteBudget;
  readonly #claims: Claims;
  readonly #maintenance: Maintenance;
  readonly #deliveries: DeliveryTable;
  /** For the store above. */
  readonly transfer: RecordTransfer;
  readonly #compaction: Compaction;
  #closing: Promise<void> | undefined;

  constructor(tables: Tables, directory: StoreDirectory, meta: StoreMeta, options: LmdbQueueOptions) {
    const { maxBytes, dedupWindowMs, now, emit, beforeClose } = options;
    const { seenMs, crashedAt = 0 } = meta.config;
    const writer = new StoreWriter(tables, directory, meta);
    const dedupIndex = new DedupIndex(tables, { bucketMs: seenMs, windowMs: dedupWindowMs });
    const quarantine = new Quarantine(tables, directory, writer, emit);
    const replayLog = new ReplayLog(tables, writer);
    const records = new RecordReader(tables, quarantine, writer);
    const budget = new ByteBudget(maxBytes, writer, dedupIndex, replayLog);
    this.#tables = tables;
    this.#directory = directory;
    this.#now = now;
    this.#beforeClose = beforeClose;
    this.#crashedAt = crashedAt;
    this.#writer = writer;
    this.#counters = writer.counters;
    this.#dedupIndex = dedupIndex;
    this.#budget = budget;
    this.#claims = new Claims({ tables, writer, quarantine });
    this.#compaction = new Compaction({ tables, directory, writer, maxBytes, emit });
    this.#maintenance = new Maintenance({ tables, writer, records, replayLog, dedupIndex, budget, now });
    this.#deliveries = new DeliveryTable(tables, writer, now);
    this.transfer = new RecordTransfer({ tables, writer, dedupIndex, budget, now });
  }

  /** The first transaction of a new store, or one that changes its configuration. */
  writeConfig(): Promise<void> {
    return this.#writer.writeConfig();
  }

  async put(connection: Put['connection'], events: readonly QueuedEvent[]): Promise<PutResult> {
    const [result] = await this.putAll([{ connection, events }]);
    return result!;
  }

  async putAll(puts: readonly Put[]): Promise<readonly PutResult[]> {
    this.#writer.assertOpen();
    this.#writer.assertFlushing();
    const now = this.#now();
    const parts: StartedPut[] = [];
    const settleIds = (): void => {
      for (const { state, accepted } of parts) this.#dedupIndex.committed(state.number, accepted);
    };
    try {
      for (const put of puts) this.#startPut(put, now, parts);
      this.#budget.makeSpaceFor(parts.reduce((bytes, { batch }) => bytes + batch.change.bytes, 0));
      for (const { state, batch, registered } of parts) {
        if (registered !== undefined) register(state, batch, registered);
        else if (batch.hasLanes) register(state, batch, withUncheckedLanes(state.counts.registered));
      }
    } catch (error) {
      settleIds();
      throw error;
    }
    failpoint('before put');
    await this.#writer.writeAll(parts, { kind: 'put', onCommitted: settleIds, onFailed: settleIds });
    failpoint('after put before ack');
    return parts.map(resultOf);
  }

  /** Adds a part, also where it throws halfway: its ids are to be given back. */
  #startPut(put: Put, now: number, parts: StartedPut[]): void {
    const { connection, events } = put;
    const id = connectionIdOf(put);
    const state = this.#counters.register(id);
    const batch = this.#writer.newBatch(state);
    const before = registeredBefore(state, parts);
    const registered = typeof connection === 'string' ? undefined : registeredWith(before, connection, now);
    const accepted: string[] = [];
    const settled: number[] = [];
    // The caller may change the array while this waits for the disk.
    parts.push({ state, batch, registered, accepted, settled, total: events.length });
    for (const [position, queued] of events.entries()) {
      if (!this.#dedupIndex.add(state.number, queued.id, now, batch.operations)) continue;
      accepted.push(queued.id);
      if (queued.outcome !== undefined) settled.push(position);
      batch.add(queued, id, now);
    }
  }

  peek(connection: string, most: number, after?: number): readonly Claim[] {
    this.#writer.assertOpen();
    const state = this.#counters.connection(connection);
    return state === undefined ? [] : this.#claims.peek(state, most, after);
  }

  claim(
    connection: string,
    most: number,
    now: number,
    mostBytes = Number.POSITIVE_INFINITY,
    kind?: ClaimKind,
  ): readonly Claim[] {
    this.#writer.assertOpen();
    const state = this.#counters.connection(connection);
    return state === undefined ? [] : this.#claims.claim(state, most, now, mostBytes, kind);
  }

  nextAt(connection: string): number | undefined {
    this.#writer.assertOpen();
    const state = this.#counters.connection(connection);
    return state === undefined ? undefined : this.#claims.nextAt(state);
  }

  async settle(
    connection: string,
    settlements: readonly Settlement[],
    at: { readonly now: number; readonly configHash: string; readonly reserveFor?: number },
  ): Promise<void> {
    this.#writer.assertOpen();
    if (settlements.length === 0) return this.#writer.probeSpaceFor(at.reserveFor ?? 0);
    return this.#claims.settle(connection, settlements, at);
  }

  release(connection: string, seqs: readonly number[]): void {
    this.#writer.assertOpen();
    const state = this.#counters.connection(connection);
    if (state !== undefined) this.#claims.release(state, seqs);
  }

  dead(connection: string, filter: DeadFilter = {}): AsyncGenerator<DeadLetter, void, undefined> {
    return this.#maintenance.dead(connection, filter);
  }

  requeue(connection: string, filter: DeadFilter = {}, lanesOf: LanesOf = noLanesOf): Promise<number> {
    return this.#maintenance.requeue(connection, filter, lanesOf);
  }

  drop(connection: string, filter: DeadFilter = {}): Promise<number> {
    return this.#maintenance.drop(connection, filter);
  }

  replay(connection: string, from: number, to: number, lanesOf: LanesOf = noLanesOf): Promise<number> {
    return this.#maintenance.replay(connection, from, to, lanesOf);
  }

  async purge(connection: string): Promise<number> {
    this.#deliveries.assertIdle(connection);
    const purged = await this.#maintenance.purge(connection, (state) => {
      if (this.#claims.hasAny(state)) throw new Error(`events of ${connection} are claimed`);
    });
    return purged + (await this.#deliveries.purge(connection));
  }

  /** See LmdbStore. */
  deliveryLog(
    delivery: FileDelivery,
    { restart = false }: { readonly restart?: boolean | undefined } = {},
  ): Promise<DeliveryLog> {
    return this.#deliveries.open(delivery, restart);
  }

  prune(before: number, now: number): Promise<number> {
    return this.#maintenance.prune(before, now);
  }

  compact(): Promise<Compacted> {
    return this.#compaction.run();
  }

  crashedAt(): number {
    return this.#crashedAt;
  }

  ambiguousSinceCrash(connection: string, more = 0): number {
    const state = this.#counters.connection(connection);
    if (state === undefined) return 0;
    const { doubted } = state.counts;
    // A count of an earlier crash says nothing about this one.
    const events = (doubted?.crashedAt === this.#crashedAt ? doubted.events : 0) + more;
    if (more > 0) state.counts = { ...state.counts, doubted: { crashedAt: this.#crashedAt, events } };
    return events;
  }

  waiting(connection: string): number {
    this.#writer.assertOpen();
    return this.#counters.connection(connection)?.counts.waiting ?? 0;
  }

  status(now: number, connection?: string): QueueStatus {
    this.#writer.assertOpen();
    const all = this.#counters.connections();
    const states = connection === undefined ? [...all] : [this.#counters.connection(connection) ?? []].flat();
    const connections = states.map((state) => {
      const { id, waiting, dead, done, registered } = state.counts;
      return { connection: id, waiting, oldestMs: this.#claims.oldestMs(state, now), dead, done, registered };
    });
    const { bytes, quarantined } = this.#counters.totals;
    const seenBytes = this.#dedupIndex.bytes;
    return {
      connections: connections.sort((a, b) => (a.connection < b.connection ? -1 : 1)),
      bytes: bytes + seenBytes,
      seenBytes,
      maxBytes: this.#budget.maxBytes,
      quarantined,
      deliveries: this.#deliveries.logs(),
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const answered = this.#beforeClose?.();
    if (answered !== undefined) await answered;
    this.#writer.close();
    await this.#compaction.stop();
    await this.#maintenance.idle();
    const closable = await this.#writer.idle();
    // Another process may own the store by now; do not mark its store as closed.
    const isClean = closable && this.#writer.isOurs();
    if (closable) await this.#tables.root.close();
    else this.#tables.root.close().catch(() => undefined);
    this.#directory.close(isClean);
  }
}

const noLanesOf = (): undefined => undefined;
