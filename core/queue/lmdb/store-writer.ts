import { QueueFull } from '../queue.ts';
import { GroupCommit, type Operation, type PendingWrite } from './group-commit.ts';
import { StoreCounters, type ConnectionState, type CountedChange } from './store-counters.ts';
import type { StoreDirectory } from './store-directory.ts';
import { FlushFailed, FlushOverdue, StoreRefused } from './store-errors.ts';
import { configKey, probeKey, withChecksum, type StoreConfig, type StoreMeta } from './store-meta.ts';
import type { Tables } from './tables.ts';
import { WriteBatch } from './write-batch.ts';

interface StoreWrite extends PendingWrite {
  readonly counted?: readonly CountedChange[] | undefined;
}

interface WriteOptions {
  readonly kind?: PendingWrite['kind'];
  readonly onCommitted?: (() => void) | undefined;
  readonly onFailed?: (() => void) | undefined;
}

/** Pages of the tree that a transaction writes besides its records. */
const treeOverheadBytes = 256 * 1024;
/** What a dead letter adds to its event: a reason with the vendor's words. */
const deadLetterOverheadBytes = 1_024;
const maxProbeBytes = 64 * 1024 * 1024;

/** A put does not wait longer for its flush. */
export const flushTimeoutMs = 30_000;

/** Commits batches in the order in which they were made, and keeps the counters as they are on disk. */
export class StoreWriter {
  readonly counters: StoreCounters;
  readonly #directory: StoreDirectory;
  readonly #config: StoreConfig;
  readonly #groupCommit: GroupCommit<StoreWrite>;
  #committedSeq: number;
  #closed = false;
  #unreadable = false;

  constructor(tables: Tables, directory: StoreDirectory, meta: StoreMeta) {
    this.#directory = directory;
    this.#config = meta.config;
    this.counters = new StoreCounters(tables, meta, directory.ownerNumber);
    this.#committedSeq = meta.totals.seq;
    const { path } = directory;
    this.#groupCommit = new GroupCommit(tables, {
      assertOwner: () => {
        if (!this.counters.isOurs())
          throw new StoreRefused('taken', path, 'another process has taken the queue store over. Stop this one');
      },
      withCommit: (writes) => this.counters.operationsAfter(writes.flatMap(({ counted }) => counted ?? [])),
      isCommitted: () => this.counters.isWritten(),
      flushFailed: (cause) => new FlushFailed(path, cause),
      flushOverdue: () => new FlushOverdue(path, flushTimeoutMs),
      flushTimeoutMs,
    });
  }

  /** The last sequence number on disk: nothing after it is claimed. */
  get committedSeq(): number {
    return this.#committedSeq;
  }
  /** The last sequence number given out. */
  get lastSeq(): number {
    return this.counters.sequence.seq;
  }
  get closed(): boolean {
    return this.#closed;
  }

  /** The first transaction of a store, or one that changes its configuration. */
  writeConfig(): Promise<void> {
    return this.writeUncounted([['meta', configKey, withChecksum(this.#config)]]);
  }

  newBatch({ number }: ConnectionState): WriteBatch {
    return new WriteBatch(number, this.counters.sequence);
  }

  /** As writeAll(). */
  write(state: ConnectionState, batch: WriteBatch, options?: WriteOptions): Promise<void> {
    return this.writeAll([{ state, batch }], options);
  }

  /**
   * Commits batches in one transaction. Call it in the turn of the event loop that made them: that keeps their sequence
   * numbers in order.
   */
  async writeAll(
    batches: readonly { readonly state: ConnectionState; readonly batch: WriteBatch }[],
    options: WriteOptions = {},
  ): Promise<void> {
    this.assertOpen();
    const counted = batches.map(({ state, batch: { change } }) => ({ state, change }));
    const { seq } = this.counters.sequence;
    for (const one of counted) this.counters.started(one);
    await this.#write({
      kind: options.kind ?? 'other',
      operations:
        batches.length === 1 ? batches[0]!.batch.operations : batches.flatMap(({ batch }) => batch.operations),
      counted,
      onCommitted: () => {
        for (const one of counted) this.counters.committed(one);
        this.#committedSeq = seq;
        options.onCommitted?.();
      },
      onFailed: () => {
        for (const one of counted) this.counters.failed(one);
        options.onFailed?.();
      },
    });
  }

  /** Commits operations that change no count. Without operations it proves that the disk takes a transaction. */
  async writeUncounted(operations: readonly Operation[]): Promise<void> {
    this.assertOpen();
    await this.#write({ kind: 'probe', operations, onCommitted: () => undefined });
  }

  /**
   * Rejects when the outcomes of so many events would find no room. The pages that this takes are free in the file
   * afterwards, so that other files on the same disk cannot take them.
   */
  async probeSpaceFor(events: number): Promise<void> {
    if (events === 0) return this.writeUncounted([]);
    let records = 1;
    for (const { counts } of this.counters.connections()) records += counts.waiting + counts.done + counts.dead;
    const each = this.counters.totals.bytes / records + deadLetterOverheadBytes;
    const bytes = Math.min(maxProbeBytes, treeOverheadBytes + Math.ceil(2 * events * each));
    await this.writeUncounted([['meta', probeKey, Buffer.alloc(bytes)]]);
    await this.writeUncounted([['meta', probeKey, undefined]]);
  }

  /** Runs between two transactions: what is written meanwhile waits. */
  paused<T>(run: () => Promise<T>): Promise<T> {
    this.assertOpen();
    return this.#groupCommit.paused(run);
  }

  /** Throws once nothing can be done with the store any more. */
  assertOpen(): void {
    if (this.#closed) throw this.#closedError();
    this.#groupCommit.assertUsable();
  }

  isOpen(): boolean {
    try {
      this.assertOpen();
      return true;
    } catch {
      return false;
    }
  }

  /** Throws when a put would only wait for a flush that is overdue. */
  assertFlushing(): void {
    this.#groupCommit.assertFlushing();
  }

  /** Throws once the store was closed to the end: then nothing can be read. */
  assertReadable(): void {
    if (this.#unreadable) throw this.#closedError();
  }

  /** Refuses every later call. */
  close(): void {
    this.#closed = true;
  }

  /** Resolves when nothing is on its way: whether LMDB can be closed, see GroupCommit.idle(). */
  async idle(): Promise<boolean> {
    const closable = await this.#groupCommit.idle();
    this.#unreadable = true;
    return closable;
  }

  /** Whether no other process has taken the store, as far as it can be read. */
  isOurs(): boolean {
    try {
      return this.counters.isOurs();
    } catch {
      return false;
    }
  }

  async #write(write: StoreWrite): Promise<void> {
    try {
      await this.#groupCommit.write(write);
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      const message = `${this.#directory.path}: the disk is full (${String(error)}). Nothing of this was kept`;
      throw new QueueFull(message, { cause: error });
    }
  }

  #closedError(): Error {
    return Object.assign(new Error(`${this.#directory.path}: the queue store is closed`), { code: 'closed' });
  }
}

/**
 * What LMDB says when the disk, the quota, the limit on file size or its map is full. EIO is among them: LMDB reports
 * it for a write of which only a part reached the disk, and that is how a full disk shows first.
 */
const isDiskFull = (error: unknown): boolean =>
  /^Error: (MDB_MAP_FULL|No space left|Disk quota|File too large|Input\/output error)/i.test(String(error));
