import { QueueFull } from '../queue.ts';
import { Draft, type Change, type Numbers } from './draft.ts';
import type { Folder } from './folder.ts';
import { Journal, type Entry, type Operation } from './journal.ts';
import { FlushFailed, FlushOverdue, StoreRefused } from './store-errors.ts';
import {
  countsKey,
  makeKey,
  roomKey,
  seal,
  totalsKey,
  type Counts,
  type Make,
  type Meta,
  type Tables,
  type Totals,
} from './tables.ts';
import type { LaneScheduler } from './lane-scheduler.ts';

/** A connection that something was ever put for. */
export interface Known {
  readonly number: number;
  /** As they are on disk, but for what is doubted: that goes there with the next transaction. */
  counts: Counts;
  /** Whose turn it is; from when somebody asked. */
  scheduler: LaneScheduler | undefined;
}

interface Written extends Entry {
  readonly change?: Change | undefined;
  readonly known?: Known | undefined;
}

interface Told {
  readonly kind?: Entry['kind'];
  readonly landed?: (() => void) | undefined;
  readonly failed?: (() => void) | undefined;
}

/** Pages of the tree that a transaction writes beside its records. */
const pagesBeside = 256 * 1024;
/** What a dead letter says beside its event: a reason with what the vendor said of it. */
const besideEvent = 1_024;
const mostProven = 64 * 1024 * 1024;

/** A flush that takes longer does not keep a producer waiting. */
export const stallMs = 30_000;

/** Puts drafts on disk, in the order they were written, and keeps the numbers about the records as they are there. */
export class Writer {
  readonly #tables: Tables;
  readonly #folder: Folder;
  readonly #make: Make;
  readonly #journal: Journal<Written>;
  readonly #known = new Map<string, Known>();
  readonly #numbers: Numbers;
  #totals: Totals;
  /** The last seq that is on disk for certain: nothing after it is handed out. */
  #visible: number;
  /** By how much the bytes will change once all that is on its way has landed. */
  #coming = 0;
  /** What the last transaction wrote, or tried to. */
  #sealed: Buffer = Buffer.alloc(0);
  #closed = false;
  #gone = false;

  constructor(tables: Tables, folder: Folder, { totals, make, counts }: Meta) {
    this.#tables = tables;
    this.#folder = folder;
    this.#make = make;
    this.#totals = totals;
    this.#visible = totals.seq;
    this.#numbers = { seq: totals.seq, stamp: totals.stamp };
    for (const [number, kept] of counts) this.#known.set(kept.id, { number, counts: kept, scheduler: undefined });
    const { path } = folder;
    this.#journal = new Journal(tables, {
      before: () => {
        if (!folder.isOurs())
          throw new StoreRefused('taken', path, 'another process has taken the queue store over. Stop this one');
      },
      finish: (entries) => this.#finish(entries),
      isThere: () => this.#isThere(),
      unflushed: (cause) => new FlushFailed(path, cause),
      stalled: () => new FlushOverdue(path, stallMs),
      stallMs,
    });
  }

  /** As they are on disk. */
  get totals(): Totals {
    return this.#totals;
  }
  /** As they will be. */
  get bytes(): number {
    return this.#totals.bytes + this.#coming;
  }
  get visible(): number {
    return this.#visible;
  }
  /** The last seq given. */
  get last(): number {
    return this.#numbers.seq;
  }
  get closed(): boolean {
    return this.#closed;
  }

  known(connection: string): Known | undefined {
    return this.#known.get(connection);
  }
  everyKnown(): Iterable<Known> {
    return this.#known.values();
  }
  /** From the first put on, a connection has a number. */
  knownFromNow(connection: string): Known {
    let known = this.#known.get(connection);
    if (known === undefined) {
      let number = 1;
      for (const other of this.#known.values()) number = Math.max(number, other.number + 1);
      known = { number, counts: { id: connection, waiting: 0, done: 0, dead: 0 }, scheduler: undefined };
      this.#known.set(connection, known);
    }
    return known;
  }

  /** The first transaction of a store, or one that says how it is made from now on. */
  begin(): Promise<void> {
    return this.writeAside([[this.#tables.meta, makeKey, seal(this.#make)]]);
  }

  draft({ number }: Known): Draft {
    return new Draft(this.#tables, this.#make.lanes, number, this.#numbers);
  }

  /** Puts a draft on disk: in the turn in which it was made, as its numbers are in order then. */
  async write(known: Known, draft: Draft, told: Told = {}): Promise<void> {
    this.mustBeOpen();
    const { operations, arrivals, change } = draft;
    const { seq } = this.#numbers;
    this.#coming += change.bytes;
    await this.#write({
      kind: told.kind ?? 'other',
      operations,
      known,
      change,
      landed: () => {
        this.#coming -= change.bytes;
        this.#totals = changed(this.#totals, change);
        known.counts = counted(known.counts, change);
        this.#visible = seq;
        // Where nobody asked yet, the first to ask finds it on disk.
        if (known.scheduler !== undefined) for (const { lane, seq: one } of arrivals) known.scheduler.added(lane, one);
        told.landed?.();
      },
      failed: () => {
        this.#coming -= change.bytes;
        told.failed?.();
      },
    });
  }

  /** What changes no number. Without operations it proves that the disk takes any. */
  async writeAside(operations: readonly Operation[]): Promise<void> {
    this.mustBeOpen();
    await this.#write({ kind: 'proof', operations, landed: () => undefined });
  }

  /**
   * Rejects where what becomes of so many events would find no room. The pages that this takes are free in the file afterwards, so that
   * others of the same disk cannot have them.
   */
  async proveRoomFor(events: number): Promise<void> {
    if (events === 0) return this.writeAside([]);
    let records = 1;
    for (const { counts } of this.#known.values()) records += counts.waiting + counts.done + counts.dead;
    const each = this.#totals.bytes / records + besideEvent;
    const bytes = Math.min(mostProven, pagesBeside + Math.ceil(2 * events * each));
    await this.writeAside([[this.#tables.meta, roomKey, Buffer.alloc(bytes)]]);
    await this.writeAside([[this.#tables.meta, roomKey, undefined]]);
  }

  /** Throws, from when nothing can be done with the store any more. */
  mustBeOpen(): void {
    if (this.#closed) throw this.#closedError();
    this.#journal.mustGoOn();
  }

  isOpen(): boolean {
    try {
      this.mustBeOpen();
      return true;
    } catch {
      return false;
    }
  }

  /** Throws where a put would only wait for a flush that is overdue. */
  mustFlow(): void {
    this.#journal.mustFlow();
  }

  /** Nothing can be read once the store was closed to the end. */
  mustBeReadable(): void {
    if (this.#gone) throw this.#closedError();
  }

  /** Takes nothing more. */
  close(): void {
    this.#closed = true;
  }

  /** The end: resolves when nothing is on its way, see Journal.idle(). */
  async idle(): Promise<boolean> {
    const sound = await this.#journal.idle();
    this.#gone = true;
    return sound;
  }

  async #write(entry: Written): Promise<void> {
    try {
      await this.#journal.write(entry);
    } catch (error) {
      throw isNoRoom(error)
        ? new QueueFull(`${this.#folder.path}: the disk takes no more (${String(error)}). Nothing of this was kept`, {
            cause: error,
          })
        : error;
    }
  }

  /** The numbers as they are with these entries. Each transaction has a stamp of its own, to be told by. */
  #finish(entries: readonly Written[]): Operation[] {
    this.#numbers.stamp += 1;
    let totals: Totals = { ...this.#totals, ...this.#numbers };
    const counts = new Map<Known, Counts>();
    for (const { known, change } of entries) {
      if (known === undefined || change === undefined) continue;
      totals = changed(totals, change);
      counts.set(known, counted(counts.get(known) ?? known.counts, change));
    }
    this.#sealed = seal(totals);
    const { meta } = this.#tables;
    const operations: Operation[] = [[meta, totalsKey, this.#sealed]];
    for (const [{ number }, one] of counts) operations.push([meta, countsKey(number), seal(one)]);
    return operations;
  }

  #isThere(): boolean {
    try {
      this.#tables.root.resetReadTxn();
      return this.#tables.meta.getBinary(totalsKey)?.equals(this.#sealed) ?? false;
    } catch {
      // What cannot be read cannot be trusted either.
      return true;
    }
  }

  #closedError(): Error {
    return Object.assign(new Error(`${this.#folder.path}: the queue store is closed`), { code: 'closed' });
  }
}

const changed = (totals: Totals, { bytes, quarantined }: Change): Totals => ({
  ...totals,
  bytes: totals.bytes + bytes,
  quarantined: totals.quarantined + quarantined,
});

const counted = ({ waiting, done, dead, ...others }: Counts, change: Change): Counts => ({
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
