import { decode, type QueueRecord } from './record.ts';
import type { Quarantine } from './quarantine.ts';
import type { Tables } from './tables.ts';
import type { ConnectionState, StoreWriter } from './store-writer.ts';

/** How many records are looked at in one go: that long the process does nothing else. */
export const pageLength = 500;

export interface FoundRecord<K extends 'done' | 'dead'> {
  readonly key: Buffer;
  readonly bytes: Buffer;
  readonly record: QueueRecord<K>;
}

/** Records that are kept, by page. What is not intact goes to quarantine instead. */
export class RecordReader {
  readonly #tables: Tables;
  readonly #quarantine: Quarantine;
  readonly #writer: StoreWriter;

  constructor(tables: Tables, quarantine: Quarantine, writer: StoreWriter) {
    this.#tables = tables;
    this.#quarantine = quarantine;
    this.#writer = writer;
  }

  /** Those of a connection from one key to another, which is excluded. Each page is as the store is when it is asked for. */
  *pages<K extends 'done' | 'dead'>(
    known: ConnectionState,
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
      this.#quarantine.setAside(known, table, bad);
      yield found;
      if (page.length < pageLength) return;
      from = Buffer.concat([page.at(-1)!.key, Buffer.of(0)]);
    }
  }
}
