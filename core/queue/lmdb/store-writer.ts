import { QueueFull } from '../queue.ts';
import { WriteBatch, type CountsChange, type Sequence } from './write-batch.ts';
import type { StoreDirectory } from './store-directory.ts';
import { GroupCommit, type PendingWrite, type Operation } from './group-commit.ts';
import { FlushFailed, FlushOverdue, StoreRefused } from './store-errors.ts';
import {
  countsKey,
  configKey,
  probeKey,
  withChecksum,
  totalsKey,
  type ConnectionCounts,
  type StoreConfig,
  type StoreMeta,
  type Tables,
  type StoreTotals,
} from './tables.ts';
import type { LaneScheduler } from './lane-scheduler.ts';

/** A connection that something was ever put for. */
export interface ConnectionState {
  readonly number: number;
  /** As they are on disk, but for what is doubted: that goes there with the next transaction. */
  counts: ConnectionCounts;
  /** Whose turn it is; from when somebody asked. */
  scheduler: LaneScheduler | undefined;
}

interface CountedWrite extends PendingWrite {
  readonly change?: CountsChange | undefined;
  readonly state?: ConnectionState | undefined;
}

interface WriteOptions {
  readonly kind?: PendingWrite['kind'];
  readonly onCommitted?: (() => void) | undefined;
  readonly onFailed?: (() => void) | undefined;
}

/** Pages of the tree that a transaction writes beside its records. */
const treeOverhead = 256 * 1024;
/** What a dead letter says beside its event: a reason with what the vendor said of it. */
const deadLetterOverhead = 1_024;
const maxProbeBytes = 64 * 1024 * 1024;

/** A flush that takes longer does not keep a producer waiting. */
export const flushTimeoutMs = 30_000;

/** Puts drafts on disk, in the order they were written, and keeps the numbers about the records as they are there. */
export class StoreWriter {
  readonly #tables: Tables;
  readonly #folder: StoreDirectory;
  readonly #config: StoreConfig;
  readonly #commit: GroupCommit<CountedWrite>;
  readonly #connections = new Map<string, ConnectionState>();
  readonly #sequence: Sequence;
  #totals: StoreTotals;
  /** The last seq that is on disk for certain: nothing after it is handed out. */
  #committedSeq: number;
  /** By how much the bytes will change once all that is on its way has landed. */
  #pendingBytes = 0;
  /** What the last transaction wrote, or tried to. */
  #lastTotals: Buffer = Buffer.alloc(0);
  #closed = false;
  #isUnreadable = false;

  constructor(tables: Tables, folder: StoreDirectory, { totals, config, counts }: StoreMeta) {
    this.#tables = tables;
    this.#folder = folder;
    this.#config = config;
    this.#totals = totals;
    this.#committedSeq = totals.seq;
    this.#sequence = { seq: totals.seq, stamp: totals.stamp };
    for (const [number, kept] of counts) this.#connections.set(kept.id, { number, counts: kept, scheduler: undefined });
    const { path } = folder;
    this.#commit = new GroupCommit(tables, {
      beforeCommit: () => {
        if (!folder.isOwned())
          throw new StoreRefused('taken', path, 'another process has taken the queue store over. Stop this one');
      },
      withCommit: (entries) => this.#withCommit(entries),
      isCommitted: () => this.#isCommitted(),
      flushFailed: (cause) => new FlushFailed(path, cause),
      flushOverdue: () => new FlushOverdue(path, flushTimeoutMs),
      flushTimeoutMs,
    });
  }

  /** As they are on disk. */
  get totals(): StoreTotals {
    return this.#totals;
  }
  /** As they will be. */
  get bytes(): number {
    return this.#totals.bytes + this.#pendingBytes;
  }
  get committedSeq(): number {
    return this.#committedSeq;
  }
  /** The last seq given. */
  get lastSeq(): number {
    return this.#sequence.seq;
  }
  get closed(): boolean {
    return this.#closed;
  }

  connection(connection: string): ConnectionState | undefined {
    return this.#connections.get(connection);
  }
  connections(): Iterable<ConnectionState> {
    return this.#connections.values();
  }
  /** From the first put on, a connection has a number. */
  register(connection: string): ConnectionState {
    let known = this.#connections.get(connection);
    if (known === undefined) {
      let number = 1;
      for (const other of this.#connections.values()) number = Math.max(number, other.number + 1);
      known = { number, counts: { id: connection, waiting: 0, done: 0, dead: 0 }, scheduler: undefined };
      this.#connections.set(connection, known);
    }
    return known;
  }

  /** The first transaction of a store, or one that says how it is made from now on. */
  writeConfig(): Promise<void> {
    return this.writeUncounted([[this.#tables.meta, configKey, withChecksum(this.#config)]]);
  }

  newBatch({ number }: ConnectionState): WriteBatch {
    return new WriteBatch(this.#tables, this.#config.lanes, number, this.#sequence);
  }

  /** Puts a draft on disk: in the turn in which it was made, as its numbers are in order then. */
  async write(known: ConnectionState, draft: WriteBatch, told: WriteOptions = {}): Promise<void> {
    this.assertOpen();
    const { operations, newWaiting, change } = draft;
    const { seq } = this.#sequence;
    this.#pendingBytes += change.bytes;
    await this.#write({
      kind: told.kind ?? 'other',
      operations,
      state: known,
      change,
      onCommitted: () => {
        this.#pendingBytes -= change.bytes;
        this.#totals = changed(this.#totals, change);
        known.counts = counted(known.counts, change);
        this.#committedSeq = seq;
        // Where nobody asked yet, the first to ask finds it on disk.
        if (known.scheduler !== undefined)
          for (const { lane, seq: one } of newWaiting) known.scheduler.added(lane, one);
        told.onCommitted?.();
      },
      onFailed: () => {
        this.#pendingBytes -= change.bytes;
        told.onFailed?.();
      },
    });
  }

  /** What changes no number. Without operations it proves that the disk takes any. */
  async writeUncounted(operations: readonly Operation[]): Promise<void> {
    this.assertOpen();
    await this.#write({ kind: 'proof', operations, onCommitted: () => undefined });
  }

  /**
   * Rejects where what becomes of so many events would find no room. The pages that this takes are free in the file afterwards, so that
   * others of the same disk cannot have them.
   */
  async probeSpaceFor(events: number): Promise<void> {
    if (events === 0) return this.writeUncounted([]);
    let records = 1;
    for (const { counts } of this.#connections.values()) records += counts.waiting + counts.done + counts.dead;
    const each = this.#totals.bytes / records + deadLetterOverhead;
    const bytes = Math.min(maxProbeBytes, treeOverhead + Math.ceil(2 * events * each));
    await this.writeUncounted([[this.#tables.meta, probeKey, Buffer.alloc(bytes)]]);
    await this.writeUncounted([[this.#tables.meta, probeKey, undefined]]);
  }

  /** Throws, from when nothing can be done with the store any more. */
  assertOpen(): void {
    if (this.#closed) throw this.#closedError();
    this.#commit.assertUsable();
  }

  isOpen(): boolean {
    try {
      this.assertOpen();
      return true;
    } catch {
      return false;
    }
  }

  /** Throws where a put would only wait for a flush that is overdue. */
  assertFlushing(): void {
    this.#commit.assertFlushing();
  }

  /** Nothing can be read once the store was closed to the end. */
  assertReadable(): void {
    if (this.#isUnreadable) throw this.#closedError();
  }

  /** Takes nothing more. */
  close(): void {
    this.#closed = true;
  }

  /** The end: resolves when nothing is on its way, see Journal.idle(). */
  async idle(): Promise<boolean> {
    const sound = await this.#commit.idle();
    this.#isUnreadable = true;
    return sound;
  }

  async #write(entry: CountedWrite): Promise<void> {
    try {
      await this.#commit.write(entry);
    } catch (error) {
      throw isNoRoom(error)
        ? new QueueFull(`${this.#folder.path}: the disk takes no more (${String(error)}). Nothing of this was kept`, {
            cause: error,
          })
        : error;
    }
  }

  /** The numbers as they are with these entries. Each transaction has a stamp of its own, to be told by. */
  #withCommit(entries: readonly CountedWrite[]): Operation[] {
    this.#sequence.stamp += 1;
    let totals: StoreTotals = { ...this.#totals, ...this.#sequence };
    const counts = new Map<ConnectionState, ConnectionCounts>();
    for (const { state, change } of entries) {
      if (state === undefined || change === undefined) continue;
      totals = changed(totals, change);
      counts.set(state, counted(counts.get(state) ?? state.counts, change));
    }
    this.#lastTotals = withChecksum(totals);
    const { meta } = this.#tables;
    const operations: Operation[] = [[meta, totalsKey, this.#lastTotals]];
    for (const [{ number }, one] of counts) operations.push([meta, countsKey(number), withChecksum(one)]);
    return operations;
  }

  #isCommitted(): boolean {
    try {
      this.#tables.root.resetReadTxn();
      return this.#tables.meta.getBinary(totalsKey)?.equals(this.#lastTotals) ?? false;
    } catch {
      // What cannot be read cannot be trusted either.
      return true;
    }
  }

  #closedError(): Error {
    return Object.assign(new Error(`${this.#folder.path}: the queue store is closed`), { code: 'closed' });
  }
}

const changed = (totals: StoreTotals, { bytes, quarantined }: CountsChange): StoreTotals => ({
  ...totals,
  bytes: totals.bytes + bytes,
  quarantined: totals.quarantined + quarantined,
});

const counted = ({ waiting, done, dead, ...others }: ConnectionCounts, change: CountsChange): ConnectionCounts => ({
  ...others,
  waiting: waiting + change.waiting,
  done: done + change.done,
  dead: dead + change.dead,
});

/**
 * What LMDB says when the disk, the quota, the limit on file size or its map is full. EIO is among them: it is what LMDB makes of a
 * write that only got half its bytes onto the disk, which is how a full one begins.
 */
const isNoRoom = (error: unknown): boolean =>
  /^Error: (MDB_MAP_FULL|No space left|Disk quota|File too large|Input\/output error)/i.test(String(error));
