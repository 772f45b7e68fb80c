import { ambiguousCodes } from '../../api/outcome.ts';
import { yieldToEventLoop } from '../../policy/clock.ts';
import { QueueFull, type DeadFilter, type DeadLetter, type LaneOf } from '../queue.ts';
import type { Delivered } from './delivered.ts';
import * as keys from './keys.ts';
import { pageLength, type Found, type Records } from './records.ts';
import type { Seen } from './seen.ts';
import { recordTables, type Tables } from './tables.ts';
import type { Known, Writer } from './writer.ts';

/** How many seen ids are forgotten in one transaction. */
const seenPage = 10_000;

export interface ChoresOptions {
  readonly tables: Tables;
  readonly writer: Writer;
  readonly records: Records;
  readonly delivered: Delivered;
  readonly seen: Seen;
  readonly maxBytes: number;
  readonly now: () => number;
}

/** What is done to records whose delivery is over: any number of them, by page, one chore after another. */
export class Chores {
  readonly #options: ChoresOptions;
  readonly #writer: Writer;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ChoresOptions) {
    this.#options = options;
    this.#writer = options.writer;
  }

  /** Resolves when none is under way. */
  async idle(): Promise<void> {
    await this.#last.catch(() => undefined);
  }

  async *dead(connection: string, filter: DeadFilter): AsyncGenerator<DeadLetter, void, undefined> {
    this.#writer.mustBeOpen();
    const known = this.#writer.known(connection);
    if (known === undefined) return;
    for (const page of this.#letters(known, filter)) {
      for (const { record } of page) {
        const { seq, id, lane, event, acceptedAt, diedAt, outcome, reason, attempts, configHash } = record;
        yield { connection, seq, id, lane, event, acceptedAt, diedAt, outcome, reason, attempts, configHash };
      }
      await yieldToEventLoop();
    }
  }

  revive(connection: string, filter: DeadFilter, laneOf: LaneOf): Promise<number> {
    return this.#eachLetter(connection, filter, (draft, { bytes, record }) => {
      const { id, event, outcome, reason } = record;
      const doubtful = outcome === 'unknown' || ambiguousCodes.has(reason.code) ? true : undefined;
      const lane = record.lane ?? laneOf(event);
      draft.again(bytes, { connection, id, lane, acceptedAt: this.#options.now(), doubtful, renamed: false });
    });
  }

  forget(connection: string, filter: DeadFilter): Promise<number> {
    return this.#eachLetter(connection, filter, () => undefined);
  }

  replay(connection: string, from: number, to: number, laneOf: LaneOf): Promise<number> {
    return this.#after(async () => {
      const known = this.#writer.known(connection);
      if (known === undefined || to < from) return 0;
      const { records, maxBytes, now } = this.#options;
      // What is replayed may be done again before the end is reached: those are not what was asked for.
      const { last } = this.#writer;
      const start = keys.doneKey(known.number, keys.timeOf(from), 0);
      const end = keys.doneKey(known.number, keys.timeOf(to), keys.largestSeq);
      let size = 0;
      for (const page of records.pages(known, 'done', start, end)) {
        for (const { bytes, record } of page) if (record.seq <= last) size += bytes.length;
        await yieldToEventLoop();
      }
      const kept = this.#writer.bytes + this.#options.seen.bytes;
      if (kept + size > maxBytes)
        throw new QueueFull(
          `the queue keeps ${kept} bytes of at most ${maxBytes}, and what is to be replayed takes ${size} more. Nothing was ` +
            'replayed. Replay a shorter time, or open the store with more maxBytes',
        );
      let replayed = 0;
      for (const page of records.pages(known, 'done', start, end)) {
        const draft = this.#writer.draft(known);
        for (const { bytes, record } of page) {
          if (record.seq > last) continue;
          const { id, event } = record;
          const lane = record.lane ?? laneOf(event);
          draft.again(bytes, { connection, id, lane, acceptedAt: now(), renamed: true });
          replayed += 1;
        }
        await this.#writer.write(known, draft);
      }
      return replayed;
    });
  }

  /** `mayTake` throws where something of it is claimed. */
  purge(connection: string, mayTake: (known: Known) => void): Promise<number> {
    return this.#after(async () => {
      const known = this.#writer.known(connection);
      if (known === undefined) return 0;
      const { tables, seen } = this.#options;
      const { last } = this.#writer;
      let purged = 0;
      for (const table of recordTables) {
        const end = keys.after(known.number);
        for (let from = keys.first(known.number); ;) {
          mayTake(known);
          const page = [...tables[table].getRange({ start: from, end, limit: pageLength })];
          const draft = this.#writer.draft(known);
          for (const { key, value } of page) if (keys.seqOf(key) <= last) draft.remove(table, key, value.length);
          // Whose turn it is, is found out anew by who asks next.
          const landed = (): void => void (known.scheduler = undefined);
          if (draft.operations.length > 0) await this.#writer.write(known, draft, { landed });
          purged += draft.operations.length;
          if (page.length < pageLength) break;
          from = Buffer.concat([page.at(-1)!.key, Buffer.of(0)]);
          await yieldToEventLoop();
        }
      }
      for (;;) {
        const operations = seen.forgettingAll(known.number, seenPage);
        if (operations.length === 0) return purged;
        await this.#writer.writeAside(operations);
      }
    });
  }

  prune(before: number, now: number): Promise<number> {
    return this.#after(async () => {
      const { delivered, seen } = this.#options;
      const pruned = await delivered.prune(before);
      for (;;) {
        const operations = seen.forgetting(now, seenPage);
        if (operations.length === 0) return pruned;
        await this.#writer.writeAside(operations);
      }
    });
  }

  /** Takes out the letters there are now: one that comes back dead meanwhile is not taken again. Returns how many. */
  #eachLetter(
    connection: string,
    filter: DeadFilter,
    instead: (draft: ReturnType<Writer['draft']>, letter: Found<'dead'>) => void,
  ): Promise<number> {
    return this.#after(async () => {
      const known = this.#writer.known(connection);
      if (known === undefined) return 0;
      let taken = 0;
      for (const page of this.#letters(known, filter)) {
        const draft = this.#writer.draft(known);
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

  *#letters(known: Known, filter: DeadFilter): Generator<readonly Found<'dead'>[], void, undefined> {
    const { seq = 0, reason, since = 0 } = filter;
    const start = keys.deadKey(known.number, seq);
    const end = keys.deadKey(known.number, (filter.seq ?? this.#writer.last) + 1);
    for (const page of this.#options.records.pages(known, 'dead', start, end))
      yield page.filter(
        ({ record }) => record.diedAt >= since && (reason === undefined || record.reason.code === reason),
      );
  }

  /** So that none of them meets what another is about to move. */
  #after<T>(run: () => Promise<T>): Promise<T> {
    this.#writer.mustBeOpen();
    const done = this.#last.then(run);
    this.#last = done.catch(() => undefined);
    return done;
  }
}
