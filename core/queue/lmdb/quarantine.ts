import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Emit } from '../../runtime/signals.ts';
import { quarantineRetryMs } from '../waits.ts';
import * as keys from './keys.ts';
import type { ConnectionState } from './store-counters.ts';
import type { StoreDirectory } from './store-directory.ts';
import { syncDirectory } from './store-files.ts';
import type { StoreWriter } from './store-writer.ts';
import type { RecordTable, Tables } from './tables.ts';

/**
 * Sets damaged records aside: first writes the bytes into a file of their own, then removes the record from its table.
 */
export class Quarantine {
  readonly #tables: Tables;
  readonly #directory: StoreDirectory;
  readonly #writer: StoreWriter;
  readonly #emit: Emit;
  /** Records on their way out: readers meet them until their removal is on disk. */
  readonly #pending = new Set<string>();

  constructor(tables: Tables, directory: StoreDirectory, writer: StoreWriter, emit: Emit) {
    this.#tables = tables;
    this.#directory = directory;
    this.#writer = writer;
    this.#emit = emit;
  }

  /** Never throws. A record that cannot be set aside now is tried again later, and delays nothing meanwhile. */
  setAside(state: ConnectionState, table: RecordTable, bad: readonly Buffer[]): void {
    const fresh = bad.filter((key) => !this.#pending.has(nameOf(table, key)));
    if (fresh.length === 0) return;
    for (const key of fresh) this.#pending.add(nameOf(table, key));
    void this.#setAside(state, table, fresh);
  }

  async #setAside(state: ConnectionState, table: RecordTable, bad: readonly Buffer[]): Promise<void> {
    const directory = this.#directory.quarantineDirectory;
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      const batch = this.#writer.newBatch(state);
      for (const key of bad) {
        const bytes = this.#tables[table].getBinary(key);
        if (bytes === undefined) continue;
        const file = path.join(directory, `${nameOf(table, key)}.bin`);
        writeFileSync(file, bytes, { flush: true, mode: 0o600 });
        batch.remove(table, key, bytes.length);
        batch.change.quarantined += 1;
        const what = `the checksum of record ${keys.seqOf(key)} (${table}) is wrong; its bytes are in ${file}`;
        this.#emitDefect(state, 'queue record', new Error(what));
      }
      syncDirectory(directory);
      await this.#writer.write(state, batch);
      for (const key of bad) this.#pending.delete(nameOf(table, key));
    } catch (error) {
      this.#emitDefect(state, 'queue quarantine', error);
      setTimeout(() => {
        if (this.#writer.isOpen()) void this.#setAside(state, table, bad);
      }, quarantineRetryMs).unref();
    }
  }

  #emitDefect({ counts }: ConnectionState, where: string, error: unknown): void {
    this.#emit({ kind: 'defect', slug: counts.id, connection: counts.id, where, error });
  }
}

const nameOf = (table: RecordTable, key: Buffer): string => `${table}-${key.toString('hex')}`;
