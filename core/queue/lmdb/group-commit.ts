import { yieldToEventLoop } from '../../policy/clock.ts';
import { failpoint, isArmed } from '../failpoint.ts';
import type { Table, Tables } from './tables.ts';

/** One write of a transaction. */
export type Operation = readonly [table: Table, key: Buffer, value: Buffer | undefined];

/** What one caller wants written, all of it or nothing. No entry builds on another that is not on disk. */
export interface PendingWrite {
  /** A put gives way to the others where the disk has no room for all, and does not wait for ever for a flush. */
  readonly kind: 'put' | 'other' | 'proof';
  readonly operations: readonly Operation[];
  /** Once it is on disk, in the order of the entries. */
  readonly onCommitted: () => void;
  /** Once it is certain that nothing of it is or will be there, before its promise rejects. */
  readonly onFailed?: (() => void) | undefined;
}

interface QueuedWrite<E extends PendingWrite> {
  readonly write: E;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface GroupCommitOptions<E extends PendingWrite> {
  /** Throws to refuse the transaction, and every later one. */
  readonly beforeCommit: () => void;
  /** What is written along with a transaction. */
  readonly withCommit: (entries: readonly E[]) => readonly Operation[];
  /** Whether the transaction that failed is in the tree all the same, as its pages were written and only their flush failed. */
  readonly isCommitted: () => boolean;
  /** What to reject with where a flush has failed: nobody can say any more what is on disk. */
  readonly flushFailed: (cause: unknown) => Error;
  /** What to reject a put with that has waited for its flush for `stallMs`. */
  readonly flushOverdue: () => Error;
  readonly flushTimeoutMs: number;
}

/**
 * Writes entries to disk. Entries that come while a transaction is on its way share the next one, and its flush.
 *
 * When a transaction fails for want of room, its puts fail, and those that were made since, which may count on their ids; the others
 * are tried again without them, then each by itself. When a flush fails, everything does, from then on: Linux forgets the pages it
 * could not write, so that the next flush says nothing about them.
 */
export class GroupCommit<E extends PendingWrite> {
  readonly #tables: Tables;
  readonly #options: GroupCommitOptions<E>;
  #nextGroup: QueuedWrite<E>[] = [];
  #running: Promise<void> | undefined;
  /** The last transaction did. */
  #lastFailed = false;
  /** Why nothing more is taken, ever. */
  #terminalError: { readonly error: unknown } | undefined;
  /** A flush takes longer than it may. */
  #isFlushOverdue = false;

  constructor(tables: Tables, options: GroupCommitOptions<E>) {
    this.#tables = tables;
    this.#options = options;
  }

  /** Throws what everything is rejected with, from when it is. */
  assertUsable(): void {
    if (this.#terminalError !== undefined) throw this.#terminalError.error;
  }

  /** Throws where a put would only wait for a flush that is overdue. */
  assertFlushing(): void {
    if (this.#isFlushOverdue) throw this.#options.flushOverdue();
  }

  /** Resolves when it is on disk. */
  write(entry: E): Promise<void> {
    const written = new Promise<void>((resolve, reject) => {
      this.#nextGroup.push({ write: entry, resolve, reject });
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
    if (this.#terminalError !== undefined) return false;
    if (this.#lastFailed) await this.#commit([]).catch(() => undefined);
    return !this.#lastFailed;
  }

  async #run(): Promise<void> {
    // One turn later, so that what is put in the same turn shares the first flush, too.
    await Promise.resolve();
    while (this.#nextGroup.length > 0) {
      const group = this.#nextGroup;
      this.#nextGroup = [];
      await this.#commitGroup(group);
      // Who was told now may have more, which shares the next flush with what came meanwhile.
      await yieldToEventLoop();
    }
    this.#running = undefined;
  }

  /** Never rejects. */
  async #commitGroup(group: readonly QueuedWrite<E>[]): Promise<void> {
    const error = await this.#tryCommit(group);
    if (error === undefined) return;
    if (this.#isUnusable()) return this.#failAll(group);
    fail([...puts(group), ...puts(this.#nextGroup)], error.cause);
    this.#nextGroup = others(this.#nextGroup);
    const left = others(group);
    if (left.length === 0) return;
    const again = left.length < group.length ? await this.#tryCommit(left) : error;
    if (again === undefined) return;
    for (const [index, one] of left.entries()) {
      const alone = left.length === 1 ? again : await this.#tryCommit([one]);
      if (this.#isUnusable()) return this.#failAll(left.slice(index));
      if (alone !== undefined) fail([one], alone.cause);
    }
  }

  /** Puts a group on disk, and says so; or returns why it is not there. */
  async #tryCommit(group: readonly QueuedWrite<E>[]): Promise<{ readonly cause: unknown } | undefined> {
    const entries = group.map(({ write }) => write);
    const overdue = setTimeout(() => this.#onFlushOverdue(group), this.#options.flushTimeoutMs).unref();
    try {
      this.assertUsable();
      if (entries.some(({ kind, operations }) => kind === 'proof' || operations.length > 0))
        await this.#commit(entries);
    } catch (cause) {
      return { cause };
    } finally {
      clearTimeout(overdue);
      this.#isFlushOverdue = false;
    }
    for (const { write, resolve, reject } of group) {
      try {
        write.onCommitted();
        resolve();
      } catch (error) {
        reject(error);
      }
    }
    return undefined;
  }

  async #commit(entries: readonly E[]): Promise<void> {
    try {
      this.#options.beforeCommit();
    } catch (error) {
      this.#terminalError = { error };
      throw error;
    }
    const { root } = this.#tables;
    const committed = root.batch(() => {
      for (const { operations } of entries) apply(operations);
      apply(this.#options.withCommit(entries));
    });
    try {
      await committed;
      this.#lastFailed = false;
    } catch (error) {
      this.#lastFailed = true;
      // LMDB says why in a promise of its own; one that nobody listens to would end the process.
      const cause: unknown = await (error as { commitError?: Promise<never> }).commitError?.catch(
        (why: unknown) => why,
      );
      if (this.#options.isCommitted()) this.#terminalError = { error: this.#options.flushFailed(cause ?? error) };
      throw cause ?? error;
    }
    if (isArmed && entries.some((entry) => this.#writesDeadLetter(entry))) failpoint('during a dead letter');
    await root.flushed;
  }

  /** The puts are told; what was written of them may land all the same. */
  #onFlushOverdue(group: readonly QueuedWrite<E>[]): void {
    this.#isFlushOverdue = true;
    const error = this.#options.flushOverdue();
    for (const { reject } of puts(group)) reject(error);
    fail(puts(this.#nextGroup), error);
    this.#nextGroup = others(this.#nextGroup);
  }

  #isUnusable(): boolean {
    return this.#terminalError !== undefined;
  }

  #failAll(group: readonly QueuedWrite<E>[]): void {
    const all = [...group, ...this.#nextGroup];
    this.#nextGroup = [];
    fail(all, this.#terminalError?.error);
  }

  #writesDeadLetter({ operations }: E): boolean {
    return operations.some(([table, , value]) => table === this.#tables.dead && value !== undefined);
  }
}

const puts = <E extends PendingWrite>(waiting: readonly QueuedWrite<E>[]): QueuedWrite<E>[] =>
  waiting.filter(({ write }) => write.kind === 'put');
const others = <E extends PendingWrite>(waiting: readonly QueuedWrite<E>[]): QueuedWrite<E>[] =>
  waiting.filter(({ write }) => write.kind !== 'put');

function fail(waiting: readonly QueuedWrite<PendingWrite>[], error: unknown): void {
  for (const { write } of waiting) write.onFailed?.();
  for (const { reject } of waiting) reject(error);
}

function apply(operations: readonly Operation[]): void {
  for (const [table, key, value] of operations) void (value === undefined ? table.remove(key) : table.put(key, value));
}
