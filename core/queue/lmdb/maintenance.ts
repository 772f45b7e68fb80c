import { ambiguousCodes } from '../../api/reason-codes.ts';
import { yieldToEventLoop } from '../../policy/clock.ts';
import type { DeadFilter, DeadLetter, LanesOf } from '../queue.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { DedupIndex } from './dedup-index.ts';
import type { Operation } from './group-commit.ts';
import * as keys from './keys.ts';
import { decodeState } from './record.ts';
import { pageLength, type FoundRecord, type RecordReader } from './record-reader.ts';
import { register, withUncheckedLanes } from './registration.ts';
import type { ReplayLog } from './replay-log.ts';
import { SerialCalls } from '../serial-calls.ts';
import type { ConnectionState } from './store-counters.ts';
import type { StoreWriter } from './store-writer.ts';
import { recordTables, type RecordTable, type Tables } from './tables.ts';
import type { WriteBatch } from './write-batch.ts';

/** How many ids one transaction removes. */
const idPageLength = 10_000;

export interface MaintenanceOptions {
  readonly tables: Tables;
  readonly writer: StoreWriter;
  readonly records: RecordReader;
  readonly replayLog: ReplayLog;
  readonly dedupIndex: DedupIndex;
  readonly budget: ByteBudget;
  readonly now: () => number;
}

/** Dead letters, replay, purge and prune: work on any number of records, page by page, one call after another. */
export class Maintenance {
  readonly #options: MaintenanceOptions;
  readonly #writer: StoreWriter;
  readonly #calls = new SerialCalls();

  constructor(options: MaintenanceOptions) {
    this.#options = options;
    this.#writer = options.writer;
  }

  /** Resolves when no call is under way. */
  async idle(): Promise<void> {
    await this.#calls.idle();
  }

  async *dead(connection: string, filter: DeadFilter): AsyncGenerator<DeadLetter, void, undefined> {
    this.#writer.assertOpen();
    const state = this.#writer.counters.connection(connection);
    if (state === undefined) return;
    for (const page of this.#deadLetters(state, filter)) {
      for (const { record } of page) {
        const { seq, id, lanes, event, acceptedAt, diedAt, outcome, reason, attempts, configHash, trace } = record;
        yield { connection, seq, id, lanes, event, acceptedAt, diedAt, outcome, reason, attempts, configHash, trace };
      }
      await yieldToEventLoop();
    }
  }

  requeue(connection: string, filter: DeadFilter, lanesOf: LanesOf): Promise<number> {
    return this.#removeDeadLetters(connection, filter, (batch, { bytes, record }) => {
      const { id, event, outcome, reason, trace } = record;
      const doubtful = outcome === 'unknown' || ambiguousCodes.has(reason.code) ? true : undefined;
      const lanes = record.lanes ?? lanesOf(event);
      batch.requeue(bytes, { connection, id, lanes, acceptedAt: this.#options.now(), trace, doubtful, renamed: false });
    });
  }

  drop(connection: string, filter: DeadFilter): Promise<number> {
    return this.#removeDeadLetters(connection, filter, () => undefined);
  }

  replay(connection: string, from: number, to: number, lanesOf: LanesOf): Promise<number> {
    return this.#exclusively(async () => {
      const state = this.#writer.counters.connection(connection);
      if (state === undefined || to < from) return 0;
      const { records, budget, now } = this.#options;
      // A replayed event may be delivered before this ends, and then lies in the same range under a higher number.
      const { lastSeq } = this.#writer;
      const start = keys.doneKey(state.number, keys.keyTime(from), 0);
      const end = keys.doneKey(state.number, keys.keyTime(to), keys.largestSeq);
      let size = 0;
      for (const page of records.pages(state, 'done', start, end)) {
        for (const { bytes, record } of page)
          if (record.seq <= lastSeq) size += bytes.length + keys.laneKeysBytes(record.lanes ?? lanesOf(record.event));
        await yieldToEventLoop();
      }
      budget.assertReplayFits(size);
      let replayed = 0;
      for (const page of records.pages(state, 'done', start, end)) {
        const batch = this.#writer.newBatch(state);
        for (const { bytes, record } of page) {
          if (record.seq > lastSeq) continue;
          const { id, event } = record;
          const lanes = record.lanes ?? lanesOf(event);
          batch.requeue(bytes, { connection, id, lanes, acceptedAt: now(), renamed: true });
          replayed += 1;
        }
        if (batch.hasLanes) register(state, batch, withUncheckedLanes(state.counts.registered));
        await this.#writer.write(state, batch);
      }
      return replayed;
    });
  }

  /** `assertUnclaimed` throws when an event of the connection is claimed. */
  purge(connection: string, assertUnclaimed: (state: ConnectionState) => void): Promise<number> {
    return this.#exclusively(async () => {
      const state = this.#writer.counters.connection(connection);
      if (state === undefined) return 0;
      const { lastSeq } = this.#writer;
      let purged = 0;
      for (const table of recordTables)
        purged += await this.#purgeTable(state, table, lastSeq, () => assertUnclaimed(state));
      // What damaged records left there.
      await this.#purgeTable(state, 'lanes', lastSeq, () => assertUnclaimed(state));
      await this.#removeIds((most) => this.#options.dedupIndex.ofConnection(state.number, most));
      if (state.counts.waiting + state.arriving > 0) return purged;
      const batch = this.#writer.newBatch(state);
      register(state, batch, undefined);
      await this.#writer.write(state, batch);
      return purged;
    });
  }

  prune(before: number, now: number): Promise<number> {
    return this.#exclusively(async () => {
      const { replayLog, dedupIndex } = this.#options;
      const pruned = await replayLog.prune(before);
      await this.#removeIds((most) => dedupIndex.expired(now, most));
      return pruned;
    });
  }

  async #purgeTable(
    state: ConnectionState,
    table: RecordTable | 'lanes',
    lastSeq: number,
    assertUnclaimed: () => void,
  ): Promise<number> {
    let purged = 0;
    const end = keys.endOf(state.number);
    for (let start = keys.startOf(state.number); ;) {
      assertUnclaimed();
      const page = [...this.#options.tables[table].getRange({ start, end, limit: pageLength })];
      const batch = this.#writer.newBatch(state);
      const old = page.filter(({ key }) => keys.seqOf(key) <= lastSeq);
      for (const { key, value } of old) {
        if (table === 'log') batch.removeWaiting(key, value.length, lanesIn(value));
        else if (table === 'lanes') batch.removeLaneKey(key);
        else batch.remove(table, key, value.length);
      }
      // The next caller builds the scheduler anew.
      const onCommitted = (): void => void (state.scheduler = undefined);
      if (old.length > 0) await this.#writer.write(state, batch, { onCommitted });
      purged += old.length;
      if (page.length < pageLength) return purged;
      start = keys.justAfter(page.at(-1)!.key);
      await yieldToEventLoop();
    }
  }

  async #removeIds(next: (most: number) => readonly Operation[]): Promise<void> {
    for (let page = next(idPageLength); page.length > 0; page = next(idPageLength))
      await this.#writer.writeUncounted(page);
  }

  /** Removes the dead letters that exist now; one that dies again meanwhile is not removed twice. Returns how many. */
  #removeDeadLetters(
    connection: string,
    filter: DeadFilter,
    replace: (batch: WriteBatch, letter: FoundRecord<'dead'>) => void,
  ): Promise<number> {
    return this.#exclusively(async () => {
      const state = this.#writer.counters.connection(connection);
      if (state === undefined) return 0;
      let removed = 0;
      for (const page of this.#deadLetters(state, filter)) {
        const batch = this.#writer.newBatch(state);
        for (const letter of page) {
          batch.remove('dead', letter.key, letter.bytes.length);
          replace(batch, letter);
        }
        if (batch.hasLanes) register(state, batch, withUncheckedLanes(state.counts.registered));
        await this.#writer.write(state, batch);
        removed += page.length;
      }
      return removed;
    });
  }

  *#deadLetters(
    state: ConnectionState,
    filter: DeadFilter,
  ): Generator<readonly FoundRecord<'dead'>[], void, undefined> {
    const { seq = 0, reason, since = 0 } = filter;
    const start = keys.eventKey(state.number, seq);
    const end = keys.eventKey(state.number, (filter.seq ?? this.#writer.lastSeq) + 1);
    for (const page of this.#options.records.pages(state, 'dead', start, end))
      yield page.filter(
        ({ record }) => record.diedAt >= since && (reason === undefined || record.reason.code === reason),
      );
  }

  /** Runs one call after another, so that none meets records that another is about to move. */
  #exclusively<T>(run: () => Promise<T>): Promise<T> {
    this.#writer.assertOpen();
    return this.#calls.run(run);
  }
}

function lanesIn(bytes: Buffer): readonly string[] | undefined {
  const record = decodeState(Buffer.from(bytes));
  return record === 'bad' ? undefined : record.lanes;
}
