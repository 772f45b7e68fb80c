import { QueueFull } from '../queue.ts';
import { Draft } from './draft.ts';
import type { Folder } from './folder.ts';
import { Journal, type Operation } from './journal.ts';
import { StoreRefused } from './refused.ts';
import {
  countsKey,
  makeKey,
  seal,
  totalsKey,
  type Counts,
  type Make,
  type Meta,
  type Tables,
  type Totals,
} from './tables.ts';
import type { Turns } from './turns.ts';

/** A connection that something was ever put for. */
export interface Known {
  readonly number: number;
  /** As of the last draft that was taken, and as of the last that is on disk. */
  counts: Counts;
  kept: Counts;
  /** Whose turn it is; from when somebody asked. */
  turns: Turns | undefined;
}

/**
 * Keeps the numbers about the records, twice: as they will be once all that was written is on disk, which is what the next draft builds
 * on, and as they are there. Drafts land in the order they were written; when one does not, none that was built on it does.
 */
export class Writer {
  readonly #tables: Tables;
  readonly #folder: Folder;
  readonly #make: Make;
  readonly #journal: Journal;
  readonly #known = new Map<string, Known>();
  #totals: Totals;
  #kept: Totals;
  #dirty = new Set<Known>();
  #closed = false;
  #gone = false;

  constructor(tables: Tables, folder: Folder, { totals, make, counts }: Meta, undone: () => void) {
    this.#tables = tables;
    this.#folder = folder;
    this.#make = make;
    this.#totals = totals;
    this.#kept = totals;
    for (const [number, kept] of counts) this.#known.set(kept.id, { number, counts: kept, kept, turns: undefined });
    this.#journal = new Journal(tables, {
      before: () => this.#mustBeOurs(),
      finish: () => this.#numbers(),
      undo: () => {
        this.#undo();
        undone();
      },
    });
  }

  /** As they are on disk. Nothing after `seq` is handed out. */
  get kept(): Totals {
    return this.#kept;
  }
  /** As they will be. */
  get totals(): Totals {
    return this.#totals;
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
      const counts = { id: connection, waiting: 0, done: 0, dead: 0 };
      let number = 1;
      for (const other of this.#known.values()) number = Math.max(number, other.number + 1);
      known = { number, counts, kept: counts, turns: undefined };
      this.#known.set(connection, known);
    }
    return known;
  }

  /** The first transaction of a store that has none yet. */
  begin(): Promise<void> {
    return this.#journal.write({
      operations: [[this.#tables.meta, makeKey, seal(this.#make)]],
      landed: () => undefined,
    });
  }

  draft(known: Known): Draft {
    return new Draft(this.#tables, this.#make.lanes, known, this.#totals);
  }

  /** Takes a draft for the truth to build on, and puts it on disk. No other may have been written since it was made. */
  async write(known: Known, draft: Draft, landed: () => void = () => undefined): Promise<void> {
    this.mustBeOpen();
    const { totals, counts, operations, arrivals } = draft;
    this.#totals = totals;
    known.counts = counts;
    if (operations.length > 0) this.#dirty.add(known);
    await this.#write(operations, () => {
      this.#kept = totals;
      known.kept = counts;
      // Where nobody asked yet, the first to ask finds it on disk.
      if (known.turns !== undefined) for (const { lane, seq } of arrivals) known.turns.arrived(lane, seq);
      landed();
    });
  }

  /** What changes no number. */
  writeAside(operations: readonly Operation[]): Promise<void> {
    this.mustBeOpen();
    return this.#write(operations, () => undefined);
  }

  mustBeOpen(): void {
    if (this.#closed) throw new Error(`${this.#folder.path}: the queue store is closed`);
  }

  /** Takes nothing more. */
  close(): void {
    this.#closed = true;
  }

  /** Nothing can be read any more once the store was closed to the end. */
  mustBeReadable(): void {
    if (this.#gone) throw new Error(`${this.#folder.path}: the queue store is closed`);
  }

  /** The end: resolves when nothing is on its way, see Journal.idle(). */
  async idle(): Promise<boolean> {
    const sound = await this.#journal.idle();
    this.#gone = true;
    return sound;
  }

  async #write(operations: readonly Operation[], landed: () => void): Promise<void> {
    try {
      await this.#journal.write({ operations, landed });
    } catch (error) {
      throw isNoRoom(error)
        ? new QueueFull(`${this.#folder.path}: the disk takes no more (${String(error)}). Nothing of this was kept`, {
            cause: error,
          })
        : error;
    }
  }

  #mustBeOurs(): void {
    const { path } = this.#folder;
    if (!this.#folder.isOurs())
      throw new StoreRefused('taken', path, 'another process has taken the queue store over. Stop this one');
  }

  /** What goes along with every transaction. */
  #numbers(): Operation[] {
    const operations: Operation[] = [[this.#tables.meta, totalsKey, seal(this.#totals)]];
    for (const { number, counts } of this.#dirty) operations.push([this.#tables.meta, countsKey(number), seal(counts)]);
    this.#dirty.clear();
    return operations;
  }

  #undo(): void {
    // Numbers are not given twice: what failed may lie in the file, where salvage finds it.
    const { seq, stamp } = this.#totals;
    this.#totals = { ...this.#kept, seq, stamp };
    for (const known of this.#known.values()) known.counts = known.kept;
    this.#dirty.clear();
  }
}

/**
 * What LMDB says when the disk, the quota, the limit on file size or its map is full. EIO is among them: it is what LMDB makes of a
 * write that only got half its bytes onto the disk, which is how a full one begins.
 */
const isNoRoom = (error: unknown): boolean =>
  /MDB_MAP_FULL|No space left|Disk quota|File too large|Input\/output error/i.test(String(error));
