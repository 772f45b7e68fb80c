import { yieldToEventLoop } from '../../policy/clock.ts';
import { failpoint, isArmed } from '../failpoint.ts';
import type { TableName, Tables } from './tables.ts';

/** One write of a transaction; without a value it removes the key. */
export type Operation = readonly [table: TableName, key: Buffer, value: Buffer | undefined];

/** What one caller wants written, all of it or nothing. No write builds on another that is not on disk. */
export interface PendingWrite {
  /**
   * A put fails first where the disk has no room for all writes, and does not wait longer than the timeout for its
   * flush.
   */
  readonly kind: 'put' | 'other' | 'probe';
  readonly operations: readonly Operation[];
  /** Called once it is on disk, in the order of the writes. */
  readonly onCommitted: () => void;
  /** Called once it is certain that nothing of it is or will be on disk, before its promise rejects. */
  readonly onFailed?: (() => void) | undefined;
}

interface QueuedWrite<W extends PendingWrite> {
  readonly write: W;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface GroupCommitOptions<W extends PendingWrite> {
  /** Called before and after a transaction. Throws to refuse it and every later one. */
  readonly assertOwner: () => void;
  /** What a transaction writes in addition. */
  readonly withCommit: (writes: readonly W[]) => readonly Operation[];
  /**
   * Whether the transaction that failed is in the tree all the same: its pages were written, and only their flush
   * failed.
   */
  readonly isCommitted: () => boolean;
  /** The error for every later call after a failed flush. */
  readonly flushFailed: (cause: unknown) => Error;
  /** The error for a put that waited longer than `flushTimeoutMs`. */
  readonly flushOverdue: () => Error;
  readonly flushTimeoutMs: number;
}

/**
 * Commits writes. Those that come while a transaction is on its way share the next one, and its flush.
 *
 * When a transaction fails because the disk is full, its puts fail, and so do those made since, which may count on its
 * ids. The other writes are tried again without the puts, then one by one. When a flush fails, everything fails from
 * then on: Linux forgets the pages that it could not write, so a later flush that succeeds proves nothing about them.
 */
export class GroupCommit<W extends PendingWrite> {
  readonly #tables: Tables;
  readonly #options: GroupCommitOptions<W>;
  #nextGroup: QueuedWrite<W>[] = [];
  /** What is to run between two transactions. */
  #pauses: (() => Promise<unknown>)[] = [];
  #running: Promise<void> | undefined;
  /** Whether the last transaction failed. */
  #lastFailed = false;
  /** What every call is rejected with, once nothing is accepted any more. */
  #terminal: { readonly error: unknown } | undefined;
  #isFlushOverdue = false;

  constructor(tables: Tables, options: GroupCommitOptions<W>) {
    this.#tables = tables;
    this.#options = options;
  }

  /** Throws the error that every write is rejected with, once there is one. */
  assertUsable(): void {
    if (this.#terminal !== undefined) throw this.#terminal.error;
  }

  /** Throws when a put would only wait for a flush that is overdue. */
  assertFlushing(): void {
    if (this.#isFlushOverdue) throw this.#options.flushOverdue();
  }

  /** Resolves when it is on disk. */
  write(write: W): Promise<void> {
    const written = new Promise<void>((resolve, reject) => {
      this.#nextGroup.push({ write, resolve, reject });
    });
    this.#running ??= this.#run();
    return written;
  }

  /** Runs once nothing is on its way, before the next transaction: what is written meanwhile waits. */
  async paused<T>(run: () => Promise<T>): Promise<T> {
    this.assertUsable();
    const done = new Promise<T>((resolve, reject) => {
      this.#pauses.push(() => run().then(resolve, reject));
    });
    this.#running ??= this.#run();
    return done;
  }

  /**
   * Resolves when nothing is on its way: whether LMDB can be closed. After a failed transaction LMDB's close waits for
   * a flush that never comes, until a later transaction has succeeded.
   */
  async idle(): Promise<boolean> {
    while (this.#running !== undefined) await this.#running;
    if (this.#terminal !== undefined) return false;
    if (this.#lastFailed) await this.#commit([]).catch(() => undefined);
    return !this.#lastFailed;
  }

  async #run(): Promise<void> {
    // One microtask later, so that writes of the same turn share the first flush, too.
    await Promise.resolve();
    while (this.#nextGroup.length > 0 || this.#pauses.length > 0) {
      for (const pause of this.#pauses.splice(0)) await pause();
      const group = this.#nextGroup;
      this.#nextGroup = [];
      if (group.length > 0) await this.#commitGroup(group);
      // A caller whose write is done may have another, which then shares the next flush.
      await yieldToEventLoop();
    }
    this.#running = undefined;
  }

  /** Never rejects. */
  async #commitGroup(group: readonly QueuedWrite<W>[]): Promise<void> {
    const failure = await this.#tryCommit(group);
    if (failure === undefined) return;
    if (this.#isUnusable()) return this.#failAll(group);
    fail([...putsOf(group), ...putsOf(this.#nextGroup)], failure.cause);
    this.#nextGroup = othersOf(this.#nextGroup);
    const others = othersOf(group);
    if (others.length === 0) return;
    const second = others.length < group.length ? await this.#tryCommit(others) : failure;
    if (second === undefined) return;
    for (const [index, one] of others.entries()) {
      const last = others.length === 1 ? second : await this.#tryCommit([one]);
      if (this.#isUnusable()) return this.#failAll(others.slice(index));
      if (last !== undefined) fail([one], last.cause);
    }
  }

  /** Commits a group and resolves its writes; or returns why it failed. */
  async #tryCommit(group: readonly QueuedWrite<W>[]): Promise<{ readonly cause: unknown } | undefined> {
    const writes = group.map(({ write }) => write);
    const timeout = setTimeout(() => this.#onFlushOverdue(group), this.#options.flushTimeoutMs).unref();
    try {
      this.assertUsable();
      if (writes.some(({ kind, operations }) => kind === 'probe' || operations.length > 0)) await this.#commit(writes);
    } catch (cause) {
      return { cause };
    } finally {
      clearTimeout(timeout);
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

  async #commit(writes: readonly W[]): Promise<void> {
    this.#assertOwner();
    const { root } = this.#tables;
    const committed = root.batch(() => {
      for (const { operations } of writes) this.#apply(operations);
      this.#apply(this.#options.withCommit(writes));
    });
    try {
      await committed;
      this.#lastFailed = false;
    } catch (error) {
      this.#lastFailed = true;
      // LMDB gives the cause in a promise of its own; a rejection that nobody handles would end the process.
      const cause: unknown = await (error as { commitError?: Promise<never> }).commitError?.catch(
        (why: unknown) => why,
      );
      if (this.#options.isCommitted()) this.#terminal = { error: this.#options.flushFailed(cause ?? error) };
      throw cause ?? error;
    }
    if (isArmed && writes.some((write) => this.#writesDeadLetter(write))) failpoint('during a dead letter');
    await root.flushed;
    // Another process may have put a copy in the place of the store meanwhile, which has nothing of this.
    this.#assertOwner();
  }

  #assertOwner(): void {
    try {
      this.#options.assertOwner();
    } catch (error) {
      this.#terminal = { error };
      throw error;
    }
  }

  /** Rejects the puts; what was written of them may reach the disk all the same. */
  #onFlushOverdue(group: readonly QueuedWrite<W>[]): void {
    this.#isFlushOverdue = true;
    const error = this.#options.flushOverdue();
    for (const { reject } of putsOf(group)) reject(error);
    fail(putsOf(this.#nextGroup), error);
    this.#nextGroup = othersOf(this.#nextGroup);
  }

  /** A method, so that the compiler does not take the field for unchanged across an await. */
  #isUnusable(): boolean {
    return this.#terminal !== undefined;
  }

  #failAll(group: readonly QueuedWrite<W>[]): void {
    const all = [...group, ...this.#nextGroup];
    this.#nextGroup = [];
    fail(all, this.#terminal?.error);
  }

  #apply(operations: readonly Operation[]): void {
    for (const [name, key, value] of operations) {
      const table = this.#tables[name];
      void (value === undefined ? table.remove(key) : table.put(key, value));
    }
  }

  #writesDeadLetter({ operations }: W): boolean {
    return operations.some(([table, , value]) => table === 'dead' && value !== undefined);
  }
}

const putsOf = <W extends PendingWrite>(group: readonly QueuedWrite<W>[]): QueuedWrite<W>[] =>
  group.filter(({ write }) => write.kind === 'put');
const othersOf = <W extends PendingWrite>(group: readonly QueuedWrite<W>[]): QueuedWrite<W>[] =>
  group.filter(({ write }) => write.kind !== 'put');

function fail(group: readonly QueuedWrite<PendingWrite>[], error: unknown): void {
  for (const { write } of group) write.onFailed?.();
  for (const { reject } of group) reject(error);
}
