import { statSync } from 'node:fs';
import type { Emit } from '../../runtime/signals.ts';
import type { Compacted } from '../queue.ts';
import { SerialCalls } from '../serial-calls.ts';
import { finishSwap, hasRoom } from './store-copy.ts';
import type { StoreDirectory } from './store-directory.ts';
import { StoreRefused } from './store-errors.ts';
import type { StoreWriter } from './store-writer.ts';
import { lastTransaction, reopen, usedBytes, type Tables } from './tables.ts';
import { copyStore, type SwapWhen } from './verify-store.ts';

/** How long nothing is written before a store is copied by itself. */
const idleMs = 60_000;
/** It is worth a copy when so much of the file is free, and more than half of it. */
const freeBytes = 64 * 1024 * 1024;

interface CompactionOptions {
  readonly tables: Tables;
  readonly directory: StoreDirectory;
  readonly writer: StoreWriter;
  readonly maxBytes: number;
  readonly emit: Emit;
}

/** Gives free space back to the disk: a child copies the store into a fresh file, with which this process goes on. */
export class Compaction {
  readonly #options: CompactionOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #stopped = new AbortController();
  readonly #calls = new SerialCalls();
  /** The last transaction, when the timer last came. */
  #last = -1;

  constructor(options: CompactionOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#tick(), idleMs).unref();
  }

  /** Nothing is written meanwhile: what comes waits. */
  run(): Promise<Compacted> {
    const { writer, directory } = this.#options;
    return this.#calls.run(async () => {
      writer.assertOpen();
      const inode = statSync(directory.dataFile).ino;
      const compacted = await writer.paused(() => this.#copy((swap) => swap()));
      if (statSync(directory.dataFile).ino !== inode) return compacted;
      const what = 'a copy of the queue store could not take its place. Nothing was changed';
      throw new StoreRefused('unwritable', directory.path, what);
    });
  }

  /** Ends a copy that is being made. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopped.abort();
    await this.#calls.idle();
  }

  /** Never rejects: nobody waits for it. After a failure it does not come again. */
  async #tick(): Promise<void> {
    if (this.#calls.isBusy) return;
    await this.#calls
      .run(() => this.#runWhereIdle())
      .catch((error: unknown) => {
        if (this.#stopped.signal.aborted) return;
        clearInterval(this.#timer);
        this.#options.emit({ kind: 'defect', slug: '', connection: '', where: 'queue compaction', error });
      });
  }

  async #runWhereIdle(): Promise<void> {
    const { tables, directory, writer } = this.#options;
    if (!writer.isOpen()) return;
    const last = lastTransaction(tables.root);
    const isIdle = last === this.#last;
    this.#last = last;
    if (!isIdle) return;
    const { size } = statSync(directory.dataFile);
    const used = usedBytes(tables);
    if (size - used < Math.max(freeBytes, size / 2) || !hasRoom(directory.copyFile, used)) return;
    // Where something was written before the swap, the copy goes, and the timer comes again.
    await this.#copy((swap) => writer.paused(swap));
  }

  async #copy(swapWhen: SwapWhen): Promise<Compacted> {
    const { tables, directory, maxBytes } = this.#options;
    const { dataFile, copyFile } = directory;
    const before = statSync(dataFile).size;
    const swapAndReopen = async (swap: () => Promise<unknown>): Promise<void> => {
      await swap();
      finishSwap(copyFile, dataFile);
      if (!tables.isInPlace()) await reopen(tables, dataFile, { readOnly: false, bytes: maxBytes });
    };
    await copyStore(directory, (swap) => swapWhen(() => swapAndReopen(swap)), this.#stopped.signal);
    return { before, after: statSync(dataFile).size };
  }
}
