import { failpoint, isArmed } from '../failpoint.ts';
import type { Table, Tables } from './tables.ts';

/** One write of a transaction. */
export type Operation = readonly [table: Table, key: Buffer, value: Buffer | undefined];

/** What one caller wants written, all of it or nothing. */
export interface Entry {
  readonly operations: readonly Operation[];
  /** Once it is on disk, in the order of the entries. */
  readonly landed: () => void;
}

/**
 * Writes entries to disk. Entries that come while a transaction is on its way share the next one, and its flush. When a transaction
 * fails, so does every entry that was made since, because it may build on what is not there: `undo` is called once, before their
 * promises reject.
 */
export class Journal {
  readonly #tables: Tables;
  readonly #before: () => void;
  readonly #undo: () => void;
  readonly #finish: () => readonly Operation[];
  #forming: { entry: Entry; resolve: () => void; reject: (error: unknown) => void }[] = [];
  #running: Promise<void> | undefined;
  /** The last transaction did. */
  #failed = false;

  constructor(
    tables: Tables,
    {
      before,
      finish,
      undo,
    }: {
      /** Throws to refuse the transaction. */
      readonly before: () => void;
      /** What is written along with every transaction. */
      readonly finish: () => readonly Operation[];
      readonly undo: () => void;
    },
  ) {
    this.#tables = tables;
    this.#before = before;
    this.#finish = finish;
    this.#undo = undo;
  }

  /** Resolves when it is on disk. */
  write(entry: Entry): Promise<void> {
    const written = new Promise<void>((resolve, reject) => {
      this.#forming.push({ entry, resolve, reject });
    });
    this.#running ??= this.#run();
    return written;
  }

  /**
   * Resolves when nothing is on its way: whether LMDB can be closed. After a transaction that failed it waits for a flush that never
   * comes, until one has gone well.
   */
  async idle(): Promise<boolean> {
    while (this.#running !== undefined) await this.#running;
    if (this.#failed) await this.#commit([]).catch(() => undefined);
    return !this.#failed;
  }

  async #run(): Promise<void> {
    // One turn later, so that what is put in the same turn shares the first flush, too.
    await Promise.resolve();
    while (this.#forming.length > 0) {
      const group = this.#forming;
      this.#forming = [];
      try {
        if (group.some(({ entry }) => entry.operations.length > 0)) await this.#commit(group.map(({ entry }) => entry));
      } catch (error) {
        const failed = [...group, ...this.#forming];
        this.#forming = [];
        this.#undo();
        for (const { reject } of failed) reject(error);
        continue;
      }
      for (const { entry, resolve } of group) {
        entry.landed();
        resolve();
      }
    }
    this.#running = undefined;
  }

  async #commit(entries: readonly Entry[]): Promise<void> {
    this.#before();
    const { root } = this.#tables;
    const committed = root.batch(() => {
      for (const { operations } of entries) apply(operations);
      apply(this.#finish());
    });
    try {
      await committed;
      this.#failed = false;
    } catch (error) {
      this.#failed = true;
      // LMDB says why in a promise of its own; one that nobody listens to would end the process.
      const cause: unknown = await (error as { commitError?: Promise<never> }).commitError?.catch(
        (why: unknown) => why,
      );
      throw cause ?? error;
    }
    if (isArmed && entries.some((entry) => this.#buries(entry))) failpoint('during a dead letter');
    await root.flushed;
  }

  #buries({ operations }: Entry): boolean {
    return operations.some(([table, , value]) => table === this.#tables.dead && value !== undefined);
  }
}

function apply(operations: readonly Operation[]): void {
  for (const [table, key, value] of operations) void (value === undefined ? table.remove(key) : table.put(key, value));
}
