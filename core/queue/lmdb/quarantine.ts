import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Emit } from '../../runtime/signals.ts';
import { syncDirectory, type StoreDirectory } from './store-directory.ts';
import * as keys from './keys.ts';
import type { RecordTable, Tables } from './tables.ts';
import type { ConnectionState, StoreWriter } from './store-writer.ts';

/** Sets records aside whose checksum is wrong: the bytes into a file of their own, then out of the table. */
export class Quarantine {
  readonly #tables: Tables;
  readonly #folder: StoreDirectory;
  readonly #writer: StoreWriter;
  readonly #emit: Emit;
  /** Those on their way out: they are still seen until that is on disk. */
  readonly #pending = new Set<string>();

  constructor(tables: Tables, folder: StoreDirectory, writer: StoreWriter, emit: Emit) {
    this.#tables = tables;
    this.#folder = folder;
    this.#writer = writer;
    this.#emit = emit;
  }

  /** Never throws: what cannot be set aside is tried again, and in nobody's way meanwhile. */
  setAside(known: ConnectionState, table: RecordTable, bad: readonly Buffer[]): void {
    const fresh = bad.filter((key) => !this.#pending.has(nameOf(table, key)));
    if (fresh.length === 0) return;
    for (const key of fresh) this.#pending.add(nameOf(table, key));
    void this.#setAside(known, table, fresh);
  }

  async #setAside(known: ConnectionState, table: RecordTable, keysOfBad: readonly Buffer[]): Promise<void> {
    try {
      mkdirSync(this.#folder.quarantineDirectory, { recursive: true, mode: 0o700 });
      const draft = this.#writer.newBatch(known);
      for (const key of keysOfBad) {
        const bytes = this.#tables[table].getBinary(key);
        if (bytes === undefined) continue;
        const file = path.join(this.#folder.quarantineDirectory, `${nameOf(table, key)}.bin`);
        writeFileSync(file, bytes, { flush: true, mode: 0o600 });
        draft.remove(table, key, bytes.length);
        draft.change.quarantined += 1;
        const what = `the checksum of record ${keys.seqOf(key)} (${table}) is wrong; its bytes are in ${file}`;
        this.#emitDefect(known, 'queue record', new Error(what));
      }
      syncDirectory(this.#folder.quarantineDirectory);
      await this.#writer.write(known, draft);
      for (const key of keysOfBad) this.#pending.delete(nameOf(table, key));
    } catch (error) {
      this.#emitDefect(known, 'queue quarantine', error);
      setTimeout(() => {
        if (this.#writer.isOpen()) void this.#setAside(known, table, keysOfBad);
      }, retryMs).unref();
    }
  }

  #emitDefect({ counts }: ConnectionState, where: string, error: unknown): void {
    this.#emit({ kind: 'defect', slug: counts.id, connection: counts.id, where, error });
  }
}

const retryMs = 60_000;

const nameOf = (table: RecordTable, key: Buffer): string => `${table}-${key.toString('hex')}`;
