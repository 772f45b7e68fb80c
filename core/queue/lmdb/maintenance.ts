import { ambiguousCodes } from '../../api/outcome.ts';
import { yieldToEventLoop } from '../../policy/clock.ts';
import { QueueFull, type DeadFilter, type DeadLetter, type LaneOf } from '../queue.ts';
import type { ReplayLog } from './replay-log.ts';
import * as keys from './keys.ts';
import { pageLength, type FoundRecord, type RecordReader } from './record-reader.ts';
import type { DedupIndex } from './dedup-index.ts';
import { recordTables, type Tables } from './tables.ts';
import type { ConnectionState, StoreWriter } from './store-writer.ts';

/** How many seen ids are forgotten in one transaction. */
const dedupPageLength = 10_000;

export interface MaintenanceOptions {
  readonly tables: Tables;
  readonly writer: StoreWriter;
  readonly records: RecordReader;
  readonly replayLog: ReplayLog;
  readonly dedupIndex: DedupIndex;
  readonly maxBytes: number;
  readonly now: () => number;
}

/** What is done to records whose delivery is over: any number of them, by page, one chore after another. */
export class Maintenance {
  readonly #options: MaintenanceOptions;
  readonly #writer: StoreWriter;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: MaintenanceOptions) {
    this.#options = options;
    this.#writer = options.writer;
  }

  /** Resolves when none is under way. */
  async idle(): Promise<void> {
    await this.#last.catch(() => undefined);
  }

  async *dead(connection: string, filter: DeadFilter): AsyncGenerator<DeadLetter, void, undefined> {
    this.#writer.assertOpen();
    const known = this.#writer.connection(connection);
    if (known === undefined) return;
    for (const page of this.#deadLetters(known, filter)) {
      for (const { record } of page) {
        const { seq, id, lane, event, acceptedAt, diedAt, outcome, reason, attempts, configHash } = record;
        yield { connection, seq, id, lane, event, acceptedAt, diedAt, outcome, reason, attempts, configHash };
      }
      await yieldToEventLoop();
    }
  }

  revive(connection: string, filter: DeadFilter, laneOf: LaneOf): Promise<number> {
    return this.#removeDeadLetters(connection, filter, (draft, { bytes, record }) => {
      const { id, event, outcome, reason } = record;
      const doubtful = outcome === 'unknown' || ambiguousCodes.has(reason.code) ? true : undefined;
      const lane = record.lane ?? laneOf(event);
      draft.requeue(bytes, { connection, id, lane, acceptedAt: this.#options.now(), doubtful, renamed: false });
    });
  }

  forget(connection: string, filter: DeadFilter): Promise<number> {
    return this.#removeDeadLetters(connection, filter, () => undefined);
  }

  replay(connection: string, from: number, to: number, laneOf: LaneOf): Promise<number> {
    return this.#exclusively(async () => {
      const known = this.#writer.connection(connection);
      if (known === undefined || to < from) return 0;
      const { records, maxBytes, now } = this.#options;
      // What is replayed may be done again before the end is reached: those are not what was asked for.
      const { lastSeq } = this.#writer;
      const start = keys.doneKey(known.number, keys.keyTime(from), 0);
      const end = keys.doneKey(known.number, keys.keyTime(to), keys.largestSeq);
      let size = 0;
      for (const page of records.pages(known, 'done', start, end)) {
        for (const { bytes, record } of page) if (record.seq <= lastSeq) size += bytes.length;
        await yieldToEventLoop();
      }
      const kept = this.#writer.bytes + this.#options.dedupIndex.bytes;
      if (kept + size > maxBytes)
        throw new QueueFull(
          `the queue keeps ${kept} bytes of at most ${maxBytes}, and what is to be replayed takes ${size} more. Nothing was ` +
            'replayed. Replay a shorter time, or open the store with more maxBytes',
        );
      let replayed = 0;
      for (const page of records.pages(known, 'done', start, end)) {
        const draft = this.#writer.newBatch(known);
        for (const { bytes, record } of page) {
          if (record.seq > lastSeq) continue;
          const { id, event } = record;
          const lane = record.lane ?? laneOf(event);
          draft.requeue(bytes, { connection, id, lane, acceptedAt: now(), renamed: true });
          replayed += 1;
        }
        await this.#writer.write(known, draft);
      }
      return replayed;
    });
  }

  /** `mayTake` throws where something of it is claimed. */
  purge(connection: string, mayTake: (known: ConnectionState) => void): Promise<number> {
    return this.#exclusively(async () => {
      const known = this.#writer.connection(connection);
      if (known === undefined) return 0;
      const { tables, dedupIndex } = this.#options;
      const { lastSeq } = this.#writer;
      let purged = 0;
      for (const table of recordTables) {
        const end = keys.endOf(known.number);
        for (let from = keys.startOf(known.number); ;) {
          mayTake(known);
          const page = [...tables[table].getRange({ start: from, end, limit: pageLength })];
          const draft = this.#writer.newBatch(known);
          for (const { key, value } of page) if (keys.seqOf(key) <= lastSeq) draft.remove(table, key, value.length);
          // Whose turn it is, is found out anew by who asks next.
          const onCommitted = (): void => void (known.scheduler = undefined);
          if (draft.operations.length > 0) await this.#writer.write(known, draft, { onCommitted });
          purged += draft.operations.length;
          if (page.length < pageLength) break;
          from = Buffer.concat([page.at(-1)!.key, Buffer.of(0)]);
          await yieldToEventLoop();
        }
      }
      for (;;) {
        const operations = dedupIndex.ofConnection(known.number, dedupPageLength);
        if (operations.length === 0) return purged;
        await this.#writer.writeUncounted(operations);
      }
    });
  }

  prune(before: number, now: number): Promise<number> {
    return this.#exclusively(async () => {
      const { replayLog, dedupIndex } = this.#options;
      const pruned = await replayLog.prune(before);
      for (;;) {
        const operations = dedupIndex.expired(now, dedupPageLength);
        if (operations.length === 0) return pruned;
        await this.#writer.writeUncounted(operations);
      }
    });
  }

  /** Takes out the letters there are now: one that comes back dead meanwhile is not taken again. Returns how many. */
  #removeDeadLetters(
    connection: string,
    filter: DeadFilter,
    instead: (draft: ReturnType<StoreWriter['newBatch']>, letter: FoundRecord<'dead'>) => void,
  ): Promise<number> {
    return this.#exclusively(async () => {
      const known = this.#writer.connection(connection);
      if (known === undefined) return 0;
      let taken = 0;
      for (const page of this.#deadLetters(known, filter)) {
        const draft = this.#writer.newBatch(known);
        for (const letter of page) {
          draft.remove('dead', letter.key, letter.bytes.length);
          instead(draft, letter);
        }
        await this.#writer.write(known, draft);
        taken += page.length;
      }
      return taken;
    });
  }

  *#deadLetters(
    known: ConnectionState,
    filter: DeadFilter,
  ): Generator<readonly FoundRecord<'dead'>[], void, undefined> {
    const { seq = 0, reason, since = 0 } = filter;
    const start = keys.deadKey(known.number, seq);
    const end = keys.deadKey(known.number, (filter.seq ?? this.#writer.lastSeq) + 1);
    for (const page of this.#options.records.pages(known, 'dead', start, end))
      yield page.filter(
        ({ record }) => record.diedAt >= since && (reason === undefined || record.reason.code === reason),
      );
  }

  /** So that none of them meets what another is about to move. */
  #exclusively<T>(run: () => Promise<T>): Promise<T> {
    this.#writer.assertOpen();
    const done = this.#last.then(run);
    this.#last = done.catch(() => undefined);
    return done;
  }
}
