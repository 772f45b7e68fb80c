import { failpoint } from '../failpoint.ts';
import * as keys from './keys.ts';
import type { Tables } from './tables.ts';
import type { ConnectionState, StoreWriter } from './store-writer.ts';

/** How many are forgotten in one transaction. */
const pageLength = 500;

interface Page {
  readonly known: ConnectionState;
  readonly leaving: readonly { readonly key: Buffer; readonly length: number }[];
}

/** What is kept for replay: until its time is over, or its room is needed. */
export class ReplayLog {
  readonly #tables: Tables;
  readonly #writer: StoreWriter;
  /** Where the first one is that is not on its way out. */
  readonly #firstKey = new Map<ConnectionState, Buffer>();

  constructor(tables: Tables, writer: StoreWriter) {
    this.#tables = tables;
    this.#writer = writer;
  }

  /** Forgets the oldest ones, so that they are gone no later than what is written next is there. Returns how many bytes that gives. */
  evict(bytes: number): number {
    let free = 0;
    while (free < bytes) {
      const known = this.#withOldest();
      if (known === undefined) break;
      const page = this.#page(known, keys.endOf(known.number), bytes - free);
      for (const { length } of page.leaving) free += length;
      // The put that this makes room for fails with it.
      this.#remove(page).catch(() => undefined);
    }
    return free;
  }

  /** Forgets what was done before that time. Returns how many. */
  async prune(before: number): Promise<number> {
    let pruned = 0;
    for (const known of this.#writer.connections()) {
      const end = keys.doneKey(known.number, keys.keyTime(before), 0);
      for (;;) {
        const page = this.#page(known, end, Number.POSITIVE_INFINITY);
        if (page.leaving.length === 0) break;
        await this.#remove(page);
        pruned += page.leaving.length;
        failpoint('during pruning');
      }
    }
    return pruned;
  }

  #withOldest(): ConnectionState | undefined {
    let oldest: { readonly known: ConnectionState; readonly at: number } | undefined;
    for (const known of this.#writer.connections()) {
      const range = { start: this.#firstKeyOf(known), end: keys.endOf(known.number), limit: 1 };
      const [key] = [...this.#tables.done.getKeys(range)];
      const at = key === undefined ? Number.POSITIVE_INFINITY : keys.doneAtOf(key);
      if (at < (oldest?.at ?? Number.POSITIVE_INFINITY)) oldest = { known, at };
    }
    return oldest?.known;
  }

  #firstKeyOf(known: ConnectionState): Buffer {
    return this.#firstKey.get(known) ?? keys.doneKey(known.number, 0, 0);
  }

  /** The oldest before a key, until they are of that size together. */
  #page(known: ConnectionState, end: Buffer, bytes: number): Page {
    const leaving: { readonly key: Buffer; readonly length: number }[] = [];
    let size = 0;
    for (const { key, value } of this.#tables.done.getRange({
      start: this.#firstKeyOf(known),
      end,
      limit: pageLength,
    })) {
      leaving.push({ key, length: value.length });
      size += value.length;
      if (size >= bytes) break;
    }
    return { known, leaving };
  }

  async #remove({ known, leaving }: Page): Promise<void> {
    const draft = this.#writer.newBatch(known);
    for (const { key, length } of leaving) draft.remove('done', key, length);
    const first = Buffer.concat([leaving.at(-1)!.key, Buffer.of(0)]);
    this.#firstKey.set(known, first);
    const seen = (): void => {
      if (this.#firstKey.get(known) === first) this.#firstKey.delete(known);
    };
    await this.#writer.write(known, draft, { onCommitted: seen, onFailed: seen });
  }
}
