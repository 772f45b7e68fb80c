import type { IncomingEvent } from '../../api/event.ts';
import { failpoint } from '../failpoint.ts';
import type { RegisteredConnection } from '../queue.ts';
import { importKeyOf, registeredAfterImport } from '../record-import.ts';
import type { StoredRecords } from '../store.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { DedupIndex } from './dedup-index.ts';
import * as keys from './keys.ts';
import { decodeState } from './record.ts';
import { register } from './registration.ts';
import type { StoreWriter } from './store-writer.ts';
import type { Tables } from './tables.ts';

export interface RecordTransferOptions {
  readonly tables: Tables;
  readonly writer: StoreWriter;
  readonly dedupIndex: DedupIndex;
  readonly budget: ByteBudget;
  readonly now: () => number;
}

/** Takes records in from another store as they are, and out once that has them. */
export class RecordTransfer {
  readonly #options: RecordTransferOptions;

  constructor(options: RecordTransferOptions) {
    this.#options = options;
  }

  async import(
    connection: string,
    registered: RegisteredConnection | undefined,
    { waiting, dead }: StoredRecords,
  ): Promise<void> {
    const { writer, dedupIndex, budget, now } = this.#options;
    writer.assertOpen();
    writer.assertFlushing();
    const at = now();
    const state = writer.counters.register(connection);
    const batch = writer.newBatch(state);
    const added: string[] = [];
    const settleKeys = (): void => dedupIndex.committed(state.number, added);
    const isNew = (key: string): boolean => {
      if (!dedupIndex.add(state.number, key, at, batch.operations)) return false;
      added.push(key);
      return true;
    };
    try {
      for (const event of waiting) {
        if (!isNew(importKeyOf(event))) continue;
        const { id, lanes, acceptedAt, trace, attempts, ambiguous: doubtful, history: trouble } = event;
        const of = { connection, id, lanes, acceptedAt, trace, attempts, notBefore: 0, doubtful, trouble };
        batch.import({ kind: 'waiting', ...of }, JSON.parse(event.text) as IncomingEvent);
      }
      for (const letter of dead) {
        if (!isNew(importKeyOf(letter))) continue;
        const { seq: _seq, event, ...of } = letter;
        batch.import({ kind: 'dead', ...of }, event);
      }
      budget.makeSpaceFor(batch.change.bytes);
      register(state, batch, registeredAfterImport(connection, state.counts.registered, registered));
    } catch (error) {
      settleKeys();
      throw error;
    }
    await writer.write(state, batch, { kind: 'put', onCommitted: settleKeys, onFailed: settleKeys });
  }

  async remove(connection: string, { waiting, dead }: StoredRecords): Promise<void> {
    const { tables, writer } = this.#options;
    writer.assertOpen();
    const state = writer.counters.connection(connection);
    if (state === undefined) return;
    const batch = writer.newBatch(state);
    for (const { seq } of waiting) {
      const key = keys.eventKey(state.number, seq);
      const bytes = tables.log.getBinary(key);
      if (bytes === undefined) continue;
      const record = decodeState(bytes);
      batch.removeWaiting(key, bytes.length, record === 'bad' ? undefined : record.lanes);
    }
    for (const { seq } of dead) {
      const key = keys.eventKey(state.number, seq);
      const bytes = tables.dead.getBinary(key);
      if (bytes !== undefined) batch.remove('dead', key, bytes.length);
    }
    failpoint('before a page leaves');
    // The next caller builds the scheduler anew.
    await writer.write(state, batch, { onCommitted: () => void (state.scheduler = undefined) });
    failpoint('after a page left');
  }
}
