import type { Operation } from './group-commit.ts';
import type { LaneScheduler } from '../lane-scheduler.ts';
import {
  countsKey,
  readTotals,
  totalsKey,
  withChecksum,
  type ConnectionCounts,
  type StoreMeta,
  type StoreTotals,
} from './store-meta.ts';
import type { Tables } from './tables.ts';
import type { WaitingRecord } from './waiting-log.ts';
import type { CountsChange, Sequence } from './write-batch.ts';

/** A connection for which something was put at least once. */
export interface ConnectionState {
  readonly number: number;
  /** As committed, except for `doubted` and `registered`, which reach the disk with the next transaction. */
  counts: ConnectionCounts;
  /** Waiting events that are on their way to the disk. */
  arriving: number;
  /** Built by the first call that needs it. */
  scheduler: LaneScheduler<WaitingRecord> | undefined;
}

/** A write that changes how many records a connection has. */
export interface CountedChange {
  readonly state: ConnectionState;
  readonly change: CountsChange;
}

/** The connections of a store and the numbers about its records, as they are on disk. */
export class StoreCounters {
  /** The last numbers given out: ahead of the disk while a write is on its way. */
  readonly sequence: Sequence;
  readonly #tables: Tables;
  readonly #connections = new Map<string, ConnectionState>();
  #totals: StoreTotals;
  /** The fence on disk, as far as this process knows: that of the owner before, until this one has written its own. */
  #fenceOnDisk: number | undefined;
  /** By how much the bytes change once everything on its way is committed. */
  #pendingBytes = 0;
  /** What the last transaction wrote, or tried to write. */
  #lastTotals: Buffer = Buffer.alloc(0);

  constructor(tables: Tables, { totals, counts }: StoreMeta, ownerNumber: number) {
    this.#tables = tables;
    this.#fenceOnDisk = totals.fence;
    this.#totals = { ...totals, fence: Math.max(ownerNumber, (totals.fence ?? 0) + 1) };
    this.sequence = { seq: totals.seq, stamp: totals.stamp };
    for (const [number, one] of counts)
      this.#connections.set(one.id, { number, counts: one, arriving: 0, scheduler: undefined });
  }

  /** As committed. */
  get totals(): StoreTotals {
    return this.#totals;
  }
  /** Once everything on its way is committed. */
  get bytes(): number {
    return this.#totals.bytes + this.#pendingBytes;
  }

  connection(id: string): ConnectionState | undefined {
    return this.#connections.get(id);
  }
  connections(): Iterable<ConnectionState> {
    return this.#connections.values();
  }

  /** Gives a connection its number with its first put. */
  register(id: string): ConnectionState {
    let state = this.#connections.get(id);
    if (state === undefined) {
      let number = 1;
      for (const other of this.#connections.values()) number = Math.max(number, other.number + 1);
      state = { number, counts: { id, waiting: 0, done: 0, dead: 0 }, arriving: 0, scheduler: undefined };
      this.#connections.set(id, state);
    }
    return state;
  }

  started({ state, change }: CountedChange): void {
    this.#pendingBytes += change.bytes;
    state.arriving += Math.max(0, change.waiting);
  }
  committed({ state, change }: CountedChange): void {
    this.#ended({ state, change });
    this.#totals = totalsAfter(this.#totals, change);
    state.counts = countsAfter(state.counts, change);
  }
  failed(counted: CountedChange): void {
    this.#ended(counted);
  }
  #ended({ state, change }: CountedChange): void {
    this.#pendingBytes -= change.bytes;
    state.arriving -= Math.max(0, change.waiting);
  }

  /**
   * Writes the numbers as they are after these changes. Each transaction gets a stamp of its own, so that isWritten()
   * can tell it.
   */
  operationsAfter(changes: readonly CountedChange[]): Operation[] {
    this.sequence.stamp += 1;
    let totals: StoreTotals = { ...this.#totals, ...this.sequence };
    const counts = new Map<ConnectionState, ConnectionCounts>();
    for (const { state, change } of changes) {
      totals = totalsAfter(totals, change);
      counts.set(state, countsAfter(counts.get(state) ?? state.counts, change));
    }
    this.#lastTotals = withChecksum(totals);
    const operations: Operation[] = [['meta', totalsKey, this.#lastTotals]];
    for (const [{ number }, one] of counts) operations.push(['meta', countsKey(number), withChecksum(one)]);
    return operations;
  }

  /** Whether no other owner has written since this one read the store, or wrote to it; nor put a copy in its place. */
  isOurs(): boolean {
    if (!this.#tables.isInPlace()) return false;
    this.#tables.root.resetReadTxn();
    const fence = readTotals(this.#tables.meta)?.fence;
    if (fence === this.#totals.fence) this.#fenceOnDisk = fence;
    return fence === this.#fenceOnDisk;
  }

  /** Whether the operations that were made last are in the tree. */
  isWritten(): boolean {
    try {
      this.#tables.root.resetReadTxn();
      return this.#tables.meta.getBinary(totalsKey)?.equals(this.#lastTotals) ?? false;
    } catch {
      // A store that cannot be read cannot be trusted either.
      return true;
    }
  }
}

const totalsAfter = (totals: StoreTotals, { bytes, quarantined }: CountsChange): StoreTotals => ({
  ...totals,
  bytes: totals.bytes + bytes,
  quarantined: totals.quarantined + quarantined,
});

const countsAfter = ({ waiting, done, dead, ...others }: ConnectionCounts, change: CountsChange): ConnectionCounts => ({
  ...others,
  waiting: waiting + change.waiting,
  done: done + change.done,
  dead: dead + change.dead,
});
