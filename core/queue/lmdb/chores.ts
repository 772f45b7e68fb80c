import type { DeadFilter, DeadLetter } from '../queue.ts';
import { failpoint } from '../failpoint.ts';
import { full } from './draft.ts';
import * as keys from './keys.ts';
import { pageLength, type Found, type Records } from './records.ts';
import type { Seen } from './seen.ts';
import type { Tables } from './tables.ts';
import type { Known, Writer } from './writer.ts';

/** What is done to records whose delivery is over: any number of them, by page, one chore after another. */
export class Chores {
  readonly #tables: Tables;
  readonly #writer: Writer;
  readonly #records: Records;
  readonly #now: () => number;
  #last: Promise<unknown> = Promise.resolve();

  constructor(tables: Tables, writer: Writer, records: Records, now: () => number) {
    this.#tables = tables;
    this.#writer = writer;
    this.#records = records;
    this.#now = now;
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
      await pause();
    }
  }

  revive(connection: string, filter: DeadFilter): Promise<number> {
    return this.#after(async () => {
      const known = this.#writer.known(connection);
      if (known === undefined) return 0;
      let revived = 0;
      for (const page of this.#letters(known, filter)) {
        const draft = this.#writer.draft(known);
        for (const { key, bytes, record } of page) {
          draft.remove('dead', key, bytes.length);
          draft.again(bytes, record, record.id, this.#now());
        }
        await this.#writer.write(known, draft);
        revived += page.length;
      }
      return revived;
    });
  }

  replay(connection: string, from: number, to: number, maxBytes: number): Promise<number> {
    return this.#after(async () => {
      const known = this.#writer.known(connection);
      if (known === undefined || to < from) return 0;
      // What is replayed may be done again before the end is reached: those are not what was asked for.
      const last = this.#writer.totals.seq;
      const start = keys.doneKey(known.number, keys.timeOf(from), 0);
      const end = keys.doneKey(known.number, keys.timeOf(to), keys.largestSeq);
      let size = 0;
      for (const page of this.#records.pages(known, 'done', start, end)) {
        for (const { bytes, record } of page) if (record.seq <= last) size += bytes.length;
        await pause();
      }
      const { bytes: kept } = this.#writer.totals;
      if (kept + size > maxBytes) throw full(kept, size, maxBytes);
      let replayed = 0;
      for (const page of this.#records.pages(known, 'done', start, end)) {
        const draft = this.#writer.draft(known);
        for (const { bytes, record } of page) {
          if (record.seq > last) continue;
          draft.again(bytes, record, undefined, this.#now());
          replayed += 1;
        }
        await this.#writer.write(known, draft);
      }
      return replayed;
    });
  }

  prune(before: number, now: number, seen: Seen): Promise<number> {
    return this.#after(async () => {
      let pruned = 0;
      for (const known of this.#writer.everyKnown()) {
        const start = keys.doneKey(known.number, 0, 0);
        const end = keys.doneKey(known.number, keys.timeOf(before), 0);
        for (;;) {
          const page = [...this.#tables.done.getRange({ start, end, limit: pageLength })];
          if (page.length === 0) break;
          const draft = this.#writer.draft(known);
          for (const { key, value } of page) draft.remove('done', key, value.length);
          await this.#writer.write(known, draft);
          pruned += page.length;
          failpoint('during pruning');
        }
      }
      for (;;) {
        const page = seen.passed(now, pageLength);
        if (page.length === 0) return pruned;
        await this.#writer.writeAside(page.map((key) => [this.#tables.seen, key, undefined] as const));
      }
    });
  }

  *#letters(known: Known, filter: DeadFilter): Generator<readonly Found<'dead'>[], void, undefined> {
    const { seq = 0, reason, since = 0 } = filter;
    const start = keys.deadKey(known.number, seq);
    const end = filter.seq === undefined ? keys.after(known.number) : keys.deadKey(known.number, seq + 1);
    for (const page of this.#records.pages(known, 'dead', start, end))
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

const pause = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
