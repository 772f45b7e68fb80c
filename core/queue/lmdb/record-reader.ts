import * as keys from './keys.ts';
import type { Quarantine } from './quarantine.ts';
import { decode, type QueueRecord } from './record.ts';
import type { ConnectionState } from './store-counters.ts';
import type { StoreWriter } from './store-writer.ts';
import type { Tables } from './tables.ts';

/** How many records are read in one go: the process does nothing else meanwhile. */
export const pageLength = 500;

export interface FoundRecord<K extends 'done' | 'dead'> {
  readonly key: Buffer;
  readonly bytes: Buffer;
  readonly record: QueueRecord<K>;
}

/** Reads settled records page by page. Damaged ones go to quarantine instead. */
export class RecordReader {
  readonly #tables: Tables;
  readonly #quarantine: Quarantine;
  readonly #writer: StoreWriter;

  constructor(tables: Tables, quarantine: Quarantine, writer: StoreWriter) {
    this.#tables = tables;
    this.#quarantine = quarantine;
    this.#writer = writer;
  }

  /**
   * The records of a connection from `start` up to, not including, `end`. Each page shows the store at the moment it is
   * asked for.
   */
  *pages<K extends 'done' | 'dead'>(
    state: ConnectionState,
    table: K,
    start: Buffer,
    end: Buffer,
  ): Generator<readonly FoundRecord<K>[], void, undefined> {
    for (let from = start; ;) {
      this.#writer.assertReadable();
      const page = [...this.#tables[table].getRange({ start: from, end, limit: pageLength })];
      const found: FoundRecord<K>[] = [];
      const bad: Buffer[] = [];
      for (const { key, value } of page) {
        const bytes = Buffer.from(value);
        const record = decode(bytes);
        if (record === 'bad' || record.kind !== table) bad.push(key);
        else found.push({ key, bytes, record: record as QueueRecord<K> });
      }
      this.#quarantine.setAside(state, table, bad);
      yield found;
      if (page.length < pageLength) return;
      from = keys.justAfter(page.at(-1)!.key);
    }
  }
}
