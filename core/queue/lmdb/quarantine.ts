import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Emit } from '../../runtime/signals.ts';
import { syncFolder, type Folder } from './folder.ts';
import * as keys from './keys.ts';
import type { RecordTable, Tables } from './tables.ts';
import type { Known, Writer } from './writer.ts';

/** Sets records aside whose checksum is wrong: the bytes into a file of their own, then out of the table. */
export class Quarantine {
  readonly #tables: Tables;
  readonly #folder: Folder;
  readonly #writer: Writer;
  readonly #emit: Emit;
  /** Those on their way out: they are still seen until that is on disk. */
  readonly #leaving = new Set<string>();

  constructor(tables: Tables, folder: Folder, writer: Writer, emit: Emit) {
    this.#tables = tables;
    this.#folder = folder;
    this.#writer = writer;
    this.#emit = emit;
  }

  /** Never throws: what cannot be set aside is tried again, and in nobody's way meanwhile. */
  take(known: Known, table: RecordTable, bad: readonly Buffer[]): void {
    const fresh = bad.filter((key) => !this.#leaving.has(nameOf(table, key)));
    if (fresh.length === 0) return;
    for (const key of fresh) this.#leaving.add(nameOf(table, key));
    void this.#take(known, table, fresh);
  }

  async #take(known: Known, table: RecordTable, keysOfBad: readonly Buffer[]): Promise<void> {
    try {
      mkdirSync(this.#folder.quarantine, { recursive: true, mode: 0o700 });
      const draft = this.#writer.draft(known);
      for (const key of keysOfBad) {
        const bytes = this.#tables[table].getBinary(key);
        if (bytes === undefined) continue;
        const file = path.join(this.#folder.quarantine, `${nameOf(table, key)}.bin`);
        writeFileSync(file, bytes, { flush: true, mode: 0o600 });
        draft.remove(table, key, bytes.length);
        draft.change.quarantined += 1;
        const what = `the checksum of record ${keys.seqOf(key)} (${table}) is wrong; its bytes are in ${file}`;
        this.#tell(known, 'queue record', new Error(what));
      }
      syncFolder(this.#folder.quarantine);
      await this.#writer.write(known, draft);
      for (const key of keysOfBad) this.#leaving.delete(nameOf(table, key));
    } catch (error) {
      this.#tell(known, 'queue quarantine', error);
      setTimeout(() => {
        if (this.#writer.isOpen()) void this.#take(known, table, keysOfBad);
      }, retryMs).unref();
    }
  }

  #tell({ counts }: Known, where: string, error: unknown): void {
    this.#emit({ kind: 'defect', slug: counts.id, connection: counts.id, where, error });
  }
}

const retryMs = 60_000;

const nameOf = (table: RecordTable, key: Buffer): string => `${table}-${key.toString('hex')}`;
