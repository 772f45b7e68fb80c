import { failpoint } from '../failpoint.ts';
import * as keys from './keys.ts';
import type { ConnectionState } from './store-counters.ts';
import type { StoreWriter } from './store-writer.ts';
import type { Tables } from './tables.ts';

/** How many records one transaction removes. */
const pageLength = 500;

interface Page {
  readonly state: ConnectionState;
  readonly records: readonly { readonly key: Buffer; readonly length: number }[];
}

/** The events kept for replay: until they are pruned, or evicted because their space is needed. */
export class ReplayLog {
  readonly #tables: Tables;
  readonly #writer: StoreWriter;
  /** Where the first record is that is not being removed. */
  readonly #firstKey = new Map<ConnectionState, Buffer>();

  constructor(tables: Tables, writer: StoreWriter) {
    this.#tables = tables;
    this.#writer = writer;
  }

  /**
   * Removes the oldest records, at the latest with the transaction that writes what is put next. Returns how many bytes
   * that frees.
   */
  evict(bytes: number): number {
    let freed = 0;
    while (freed < bytes) {
      const state = this.#withOldest();
      if (state === undefined) break;
      const page = this.#page(state, keys.endOf(state.number), bytes - freed);
      for (const { length } of page.records) freed += length;
      // When this fails, the put that needs the space fails with it.
      this.#remove(page).catch(() => undefined);
    }
    return freed;
  }

  /** Removes what was done before that time. Returns how many records. */
  async prune(before: number): Promise<number> {
    let pruned = 0;
    for (const state of this.#writer.counters.connections()) {
      const end = keys.doneKey(state.number, keys.keyTime(before), 0);
      for (;;) {
        const page = this.#page(state, end, Number.POSITIVE_INFINITY);
        if (page.records.length === 0) break;
        await this.#remove(page);
        pruned += page.records.length;
        failpoint('during pruning');
      }
    }
    return pruned;
  }

  #withOldest(): ConnectionState | undefined {
    let oldest: { readonly state: ConnectionState; readonly doneAt: number } | undefined;
    for (const state of this.#writer.counters.connections()) {
      const range = { start: this.#firstKeyOf(state), end: keys.endOf(state.number), limit: 1 };
      const [key] = [...this.#tables.done.getKeys(range)];
      const doneAt = key === undefined ? Number.POSITIVE_INFINITY : keys.doneAtOf(key);
      if (doneAt < (oldest?.doneAt ?? Number.POSITIVE_INFINITY)) oldest = { state, doneAt };
    }
    return oldest?.state;
  }

  #firstKeyOf(state: ConnectionState): Buffer {
    return this.#firstKey.get(state) ?? keys.doneKey(state.number, 0, 0);
  }

  /** The oldest records before a key, until they have that size together. */
  #page(state: ConnectionState, end: Buffer, bytes: number): Page {
    const records: { readonly key: Buffer; readonly length: number }[] = [];
    let size = 0;
    for (const { key, value } of this.#tables.done.getRange({
      start: this.#firstKeyOf(state),
      end,
      limit: pageLength,
    })) {
      records.push({ key, length: value.length });
      size += value.length;
      if (size >= bytes) break;
    }
    return { state, records };
  }

  async #remove({ state, records }: Page): Promise<void> {
    const batch = this.#writer.newBatch(state);
    for (const { key, length } of records) batch.remove('done', key, length);
    const firstKey = keys.justAfter(records.at(-1)!.key);
    this.#firstKey.set(state, firstKey);
    const settled = (): void => {
      if (this.#firstKey.get(state) === firstKey) this.#firstKey.delete(state);
    };
    await this.#writer.write(state, batch, { onCommitted: settled, onFailed: settled });
  }
}
