import { yieldToEventLoop } from '../../policy/clock.ts';
import { failpoint, isArmed } from '../failpoint.ts';
import type { Table, Tables } from './tables.ts';

/** One write of a transaction. */
export type Operation = readonly [table: Table, key: Buffer, value: Buffer | undefined];

/** What one caller wants written, all of it or nothing. No entry builds on another that is not on disk. */
export interface Entry {
  /** A put gives way to the others where the disk has no room for all, and does not wait for ever for a flush. */
  readonly kind: 'put' | 'other' | 'proof';
  readonly operations: readonly Operation[];
  /** Once it is on disk, in the order of the entries. */
  readonly landed: () => void;
  /** Once it is certain that nothing of it is or will be there, before its promise rejects. */
  readonly failed?: (() => void) | undefined;
}

interface Waiting<E extends Entry> {
  readonly entry: E;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface JournalOptions<E extends Entry> {
  /** Throws to refuse the transaction, and every later one. */
  readonly before: () => void;
  /** What is written along with a transaction. */
  readonly finish: (entries: readonly E[]) => readonly Operation[];
  /** Whether the transaction that failed is in the tree all the same, as its pages were written and only their flush failed. */
  readonly isThere: () => boolean;
  /** What to reject with where a flush has failed: nobody can say any more what is on disk. */
  readonly unflushed: (cause: unknown) => Error;
  /** What to reject a put with that has waited for its flush for `stallMs`. */
  readonly stalled: () => Error;
  readonly stallMs: number;
}

/**
 * Writes entries to disk. Entries that come while a transaction is on its way share the next one, and its flush.
 *
 * When a transaction fails for want of room, its puts fail, and those that were made since, which may count on their ids; the others
 * are tried again without them, then each by itself. When a flush fails, everything does, from then on: Linux forgets the pages it
 * could not write, so that the next flush says nothing about them.
 */
export class Journal<E extends Entry> {
  readonly #tables: Tables;
  readonly #options: JournalOptions<E>;
  #forming: Waiting<E>[] = [];
  #running: Promise<void> | undefined;
  /** The last transaction did. */
  #failed = false;
  /** Why nothing more is taken, ever. */
  #over: { readonly error: unknown } | undefined;
  /** A flush takes longer than it may. */
  #stalled = false;

  constructor(tables: Tables, options: JournalOptions<E>) {
    this.#tables = tables;
    this.#options = options;
  }

  /** Throws what everything is rejected with, from when it is. */
  mustGoOn(): void {
    if (this.#over !== undefined) throw this.#over.error;
  }

  /** Throws where a put would only wait for a flush that is overdue. */
  mustFlow(): void {
    if (this.#stalled) throw this.#options.stalled();
  }

  /** Resolves when it is on disk. */
  write(entry: E): Promise<void> {
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
    if (this.#over !== undefined) return false;
    if (this.#failed) await this.#commit([]).catch(() => undefined);
    return !this.#failed;
  }

  async #run(): Promise<void> {
    // One turn later, so that what is put in the same turn shares the first flush, too.
    await Promise.resolve();
    while (this.#forming.length > 0) {
      const group = this.#forming;
      this.#forming = [];
      await this.#settle(group);
      // Who was told now may have more, which shares the next flush with what came meanwhile.
      await yieldToEventLoop();
    }
    this.#running = undefined;
  }

  /** Never rejects. */
  async #settle(group: readonly Waiting<E>[]): Promise<void> {
    const error = await this.#attempt(group);
    if (error === undefined) return;
    if (this.#isOver()) return this.#failAll(group);
    fail([...puts(group), ...puts(this.#forming)], error.cause);
    this.#forming = others(this.#forming);
    const left = others(group);
    if (left.length === 0) return;
    const again = left.length < group.length ? await this.#attempt(left) : error;
    if (again === undefined) return;
    for (const [index, one] of left.entries()) {
      const alone = left.length === 1 ? again : await this.#attempt([one]);
      if (this.#isOver()) return this.#failAll(left.slice(index));
      if (alone !== undefined) fail([one], alone.cause);
    }
  }

  /** Puts a group on disk, and says so; or returns why it is not there. */
  async #attempt(group: readonly Waiting<E>[]): Promise<{ readonly cause: unknown } | undefined> {
    const entries = group.map(({ entry }) => entry);
    const overdue = setTimeout(() => this.#stall(group), this.#options.stallMs).unref();
    try {
      this.mustGoOn();
      if (entries.some(({ kind, operations }) => kind === 'proof' || operations.length > 0))
        await this.#commit(entries);
    } catch (cause) {
      return { cause };
    } finally {
      clearTimeout(overdue);
      this.#stalled = false;
    }
    for (const { entry, resolve, reject } of group) {
      try {
        entry.landed();
        resolve();
      } catch (error) {
        reject(error);
      }
    }
    return undefined;
  }

  async #commit(entries: readonly E[]): Promise<void> {
    try {
      this.#options.before();
    } catch (error) {
      this.#over = { error };
      throw error;
    }
    const { root } = this.#tables;
    const committed = root.batch(() => {
      for (const { operations } of entries) apply(operations);
      apply(this.#options.finish(entries));
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
      if (this.#options.isThere()) this.#over = { error: this.#options.unflushed(cause ?? error) };
      throw cause ?? error;
    }
    if (isArmed && entries.some((entry) => this.#buries(entry))) failpoint('during a dead letter');
    await root.flushed;
  }

  /** The puts are told; what was written of them may land all the same. */
  #stall(group: readonly Waiting<E>[]): void {
    this.#stalled = true;
    const error = this.#options.stalled();
    for (const { reject } of puts(group)) reject(error);
    fail(puts(this.#forming), error);
    this.#forming = others(this.#forming);
  }

  #isOver(): boolean {
    return this.#over !== undefined;
  }

  #failAll(group: readonly Waiting<E>[]): void {
    const all = [...group, ...this.#forming];
    this.#forming = [];
    fail(all, this.#over?.error);
  }

  #buries({ operations }: E): boolean {
    return operations.some(([table, , value]) => table === this.#tables.dead && value !== undefined);
  }
}

const puts = <E extends Entry>(waiting: readonly Waiting<E>[]): Waiting<E>[] =>
  waiting.filter(({ entry }) => entry.kind === 'put');
const others = <E extends Entry>(waiting: readonly Waiting<E>[]): Waiting<E>[] =>
  waiting.filter(({ entry }) => entry.kind !== 'put');

function fail(waiting: readonly Waiting<Entry>[], error: unknown): void {
  for (const { entry } of waiting) entry.failed?.();
  for (const { reject } of waiting) reject(error);
}

function apply(operations: readonly Operation[]): void {
  for (const [table, key, value] of operations) void (value === undefined ? table.remove(key) : table.put(key, value));
}
