import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Emit } from '../../runtime/signals.ts';
import type { ReasonCode } from '../../api/outcome.ts';
import { failpoint } from '../failpoint.ts';
import { laneNumber, noLane } from '../lane.ts';
import {
  QueueFull,
  type Claim,
  type DeadFilter,
  type DeadLetter,
  type DeliveryQueue,
  type QueuedEvent,
  type QueueStatus,
  type Settlement,
} from '../queue.ts';
import {
  decode,
  encode,
  restate,
  type Place,
  type QueueRecord,
  type RecordKind,
  type RecordState,
  type StateOf,
} from '../record.ts';
import type { Folder } from './folder.ts';
import { syncFolder } from './folder.ts';
import { Journal, type Entry } from './journal.ts';
import * as keys from './keys.ts';
import { StoreRefused } from './refused.ts';
import {
  countsKey,
  makeKey,
  seal,
  totalsKey,
  type Counts,
  type Make,
  type Meta,
  type RecordTable,
  type Table,
  type Tables,
  type Totals,
} from './tables.ts';
import { Turns } from './turns.ts';

const tableOf = { waiting: 'log', done: 'done', dead: 'dead' } as const satisfies Record<RecordKind, RecordTable>;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

interface Known {
  readonly number: number;
  /** As of the last entry that was made, and as of the last that is on disk. */
  counts: Writable<Counts>;
  kept: Counts;
  turns: Turns | undefined;
}

interface Held {
  readonly lane: number;
  readonly bytes: Buffer;
  readonly record: QueueRecord<'waiting'>;
  settling: boolean;
}

/** How many records a chore (dead, revive, replay, prune) looks at in one go: what it blocks the process for. */
const chunk = 500;

/** What openQueue() gives. See the port for what each method promises. */
export class LmdbQueue implements DeliveryQueue {
  readonly #tables: Tables;
  readonly #folder: Folder;
  readonly #maxBytes: number;
  readonly #windowMs: number;
  readonly #make: Make;
  readonly #now: () => number;
  readonly #emit: Emit;
  readonly #journal: Journal;
  readonly #known = new Map<string, Known>();
  readonly #held = new Map<number, Held>();
  /** Keys of records that are on their way to quarantine. */
  readonly #leaving = new Set<string>();
  /** Keys of seen ids that are on their way to the disk. */
  readonly #arriving = new Set<string>();
  #totals: Writable<Totals>;
  #kept: Totals;
  /** The last seq that is on disk for certain: nothing after it is handed out. */
  #visible: number;
  #dirty = new Set<Known>();
  #chores: Promise<unknown> = Promise.resolve();
  #closed = false;
  #gone = false;

  constructor(
    tables: Tables,
    folder: Folder,
    { totals, make, counts }: Meta,
    options: {
      readonly maxBytes: number;
      readonly dedupWindowMs: number;
      readonly now: () => number;
      readonly emit: Emit;
    },
  ) {
    this.#tables = tables;
    this.#folder = folder;
    this.#make = make;
    this.#maxBytes = options.maxBytes;
    this.#windowMs = options.dedupWindowMs;
    this.#now = options.now;
    this.#emit = options.emit;
    this.#totals = { ...totals };
    this.#kept = totals;
    this.#visible = totals.seq;
    for (const [number, kept] of counts)
      this.#known.set(kept.id, { number, counts: { ...kept }, kept, turns: undefined });
    this.#journal = new Journal(tables, {
      before: () => {
        if (!folder.isOurs())
          throw new StoreRefused('taken', folder.path, 'another process has taken the queue store over. Stop this one');
      },
      finish: () => {
        const operations: (readonly [Table, Buffer, Buffer])[] = [[tables.meta, totalsKey, seal(this.#totals)]];
        for (const known of this.#dirty) operations.push([tables.meta, countsKey(known.number), seal(known.counts)]);
        this.#dirty.clear();
        return operations;
      },
      undo: () => {
        // Numbers are not given twice: what failed may lie in the file, where salvage finds it.
        const { seq, stamp } = this.#totals;
        this.#totals = { ...this.#kept, seq, stamp };
        for (const known of this.#known.values()) known.counts = { ...known.kept };
        this.#dirty.clear();
        this.#arriving.clear();
      },
    });
  }

  /** The first transaction of a store that has none yet. */
  async begin(): Promise<void> {
    await this.#journal.write({
      operations: [[this.#tables.meta, makeKey, seal(this.#make)]],
      landed: () => undefined,
    });
  }

  async put(
    connection: string,
    events: readonly QueuedEvent[],
  ): Promise<{ readonly accepted: number; readonly duplicates: number }> {
    this.#mustBeOpen();
    const known = this.#knownAs(connection);
    const draft = this.#draft(known);
    const now = this.#now();
    const fresh: string[] = [];
    let accepted = 0;
    try {
      for (const queued of events) {
        if (!this.#isNew(draft, known, queued.id, now, fresh)) continue;
        accepted += 1;
        draft.add(initial(connection, queued, now), queued);
      }
      draft.mustFit(this.#maxBytes);
    } catch (error) {
      for (const key of fresh) this.#arriving.delete(key);
      throw error;
    }
    failpoint('before put');
    await this.#write(draft, () => {
      for (const key of fresh) this.#arriving.delete(key);
    });
    failpoint('after put before ack');
    return { accepted, duplicates: events.length - accepted };
  }

  claim(connection: string, most: number, now: number): readonly Claim[] {
    this.#mustBeOpen();
    const known = this.#known.get(connection);
    if (known === undefined) return [];
    const claims: Claim[] = [];
    const bad: Buffer[] = [];
    this.#turnsOf(known).claim(most, now, (seq, lane) => {
      const key = keys.logKey(known.number, lane, seq);
      const bytes = this.#tables.log.getBinary(key);
      if (bytes === undefined) return 'gone';
      const record = decode(bytes);
      if (record === 'bad' || record.kind !== 'waiting' || record.seq !== seq) {
        bad.push(key);
        return 'gone';
      }
      if (record.notBefore > now) return record.notBefore;
      const { id, event, acceptedAt, attempts } = record;
      claims.push({ seq, id, lane: record.lane, event, acceptedAt, attempts });
      this.#held.set(seq, { lane, bytes, record, settling: false });
      return 'claimed';
    });
    this.#quarantine(known, 'log', bad);
    return claims;
  }

  nextAt(connection: string): number | undefined {
    this.#mustBeOpen();
    const known = this.#known.get(connection);
    return known === undefined ? undefined : this.#turnsOf(known).nextAt();
  }

  async settle(
    connection: string,
    settlements: readonly Settlement[],
    at: { readonly now: number; readonly configHash: string },
  ): Promise<void> {
    this.#mustBeOpen();
    const known = this.#known.get(connection);
    const turns = known && this.#turnsOf(known);
    const held = settlements.map(({ seq }) => {
      const one = this.#held.get(seq);
      if (one === undefined || one.settling || turns?.isClaimed(seq) !== true)
        throw new Error(`event ${seq} of ${connection} is not claimed, or is being settled already`);
      return one;
    });
    if (new Set(settlements.map(({ seq }) => seq)).size < settlements.length)
      throw new Error(`an event of ${connection} is settled twice in one call`);
    if (known === undefined || turns === undefined) return;
    const draft = this.#draft(known);
    for (const [index, settlement] of settlements.entries()) draft.settle(held[index]!, settlement, at);
    for (const one of held) one.settling = true;
    try {
      await this.#write(draft, () => {
        for (const { seq } of settlements) this.#held.delete(seq);
        turns.settle(
          settlements.map((one) => ({
            seq: one.seq,
            back: one.kind === 'again',
            until: one.kind === 'again' && one.notBefore > 0 ? one.notBefore : undefined,
          })),
        );
      });
    } finally {
      for (const one of held) one.settling = false;
    }
  }

  release(connection: string, seqs: readonly number[]): void {
    this.#mustBeOpen();
    const known = this.#known.get(connection);
    if (known === undefined) return;
    const turns = this.#turnsOf(known);
    const back = seqs.filter((seq) => turns.isClaimed(seq) && this.#held.get(seq)?.settling === false);
    for (const seq of back) this.#held.delete(seq);
    turns.settle(back.map((seq) => ({ seq, back: true })));
  }

  async *dead(connection: string, filter: DeadFilter = {}): AsyncGenerator<DeadLetter, void, undefined> {
    this.#mustBeOpen();
    const known = this.#known.get(connection);
    if (known === undefined) return;
    let after = (filter.seq ?? 0) - 1;
    for (;;) {
      const page = this.#records(known, 'dead', keys.deadKey(known.number, after + 1), keys.after(known.number));
      for (const { record } of page.records) {
        if (!matches(record, filter)) continue;
        const { seq, id, lane, event, acceptedAt, diedAt, outcome, reason, attempts, configHash } = record;
        yield { connection, seq, id, lane, event, acceptedAt, diedAt, outcome, reason, attempts, configHash };
      }
      if (page.last === undefined || filter.seq !== undefined) return;
      after = keys.seqOf(page.last);
      await pause();
    }
  }

  revive(connection: string, filter: DeadFilter = {}): Promise<number> {
    return this.#chore(async () => {
      const known = this.#known.get(connection);
      if (known === undefined) return 0;
      let revived = 0;
      let after = (filter.seq ?? 0) - 1;
      for (;;) {
        const page = this.#records(known, 'dead', keys.deadKey(known.number, after + 1), keys.after(known.number));
        const chosen = page.records.filter(({ record }) => matches(record, filter));
        const draft = this.#draft(known);
        for (const { key, bytes, record } of chosen) {
          draft.remove('dead', key, bytes);
          draft.again(bytes, record, record.id, this.#now());
        }
        await this.#write(draft);
        revived += chosen.length;
        if (page.last === undefined || filter.seq !== undefined) return revived;
        after = keys.seqOf(page.last);
      }
    });
  }

  forget(connection: string, filter: DeadFilter = {}): Promise<number> {
    return this.#chore(async () => {
      const known = this.#known.get(connection);
      if (known === undefined) return 0;
      let forgotten = 0;
      let after = (filter.seq ?? 0) - 1;
      for (;;) {
        const page = this.#records(known, 'dead', keys.deadKey(known.number, after + 1), keys.after(known.number));
        const chosen = page.records.filter(({ record }) => matches(record, filter));
        const draft = this.#draft(known);
        for (const { key, bytes } of chosen) draft.remove('dead', key, bytes);
        await this.#write(draft);
        forgotten += chosen.length;
        if (page.last === undefined || filter.seq !== undefined) return forgotten;
        after = keys.seqOf(page.last);
      }
    });
  }

  replay(connection: string, from: number, to: number): Promise<number> {
    return this.#chore(async () => {
      const known = this.#known.get(connection);
      if (known === undefined || to < from) return 0;
      // What is replayed may be done again before the end is reached: those are not what was asked for.
      const last = this.#totals.seq;
      const start = keys.doneKey(known.number, clamp(from), 0);
      const end = keys.doneKey(known.number, clamp(to), keys.largestSeq);
      let size = 0;
      await this.#pages(known, 'done', start, end, async (page) => {
        for (const { bytes, record } of page) if (record.seq <= last) size += bytes.length;
        await pause();
      });
      if (this.#totals.bytes + size > this.#maxBytes) throw full(this.#totals.bytes, size, this.#maxBytes);
      let replayed = 0;
      await this.#pages(known, 'done', start, end, async (page) => {
        const draft = this.#draft(known);
        for (const { bytes, record } of page) {
          if (record.seq > last) continue;
          draft.again(bytes, record, undefined, this.#now());
          replayed += 1;
        }
        await this.#write(draft);
      });
      return replayed;
    });
  }

  prune(before: number, now: number): Promise<number> {
    return this.#chore(async () => {
      let pruned = 0;
      for (const known of this.#known.values()) {
        const start = keys.doneKey(known.number, 0, 0);
        const end = keys.doneKey(known.number, clamp(before), 0);
        for (;;) {
          const page = [...this.#tables.done.getRange({ start, end, limit: chunk })];
          if (page.length === 0) break;
          const draft = this.#draft(known);
          for (const { key, value } of page) draft.remove('done', key, value);
          await this.#write(draft);
          pruned += page.length;
          failpoint('during pruning');
        }
      }
      const passed = Math.floor((now - this.#windowMs) / this.#make.seenMs);
      const end = keys.seenKey(Math.max(0, passed), 0, '');
      for (;;) {
        const page = [...this.#tables.seen.getKeys({ end, limit: chunk })];
        if (page.length === 0) return pruned;
        const operations = page.map((key) => [this.#tables.seen, key, undefined] as const);
        await this.#journal.write({ operations, landed: () => undefined });
      }
    });
  }

  waiting(connection: string): number {
    this.#mustBeOpen();
    return this.#known.get(connection)?.kept.waiting ?? 0;
  }

  status(now: number, connection?: string): QueueStatus {
    this.#mustBeOpen();
    const wanted = [...this.#known.values()].filter(
      ({ kept: { id } }) => connection === undefined || id === connection,
    );
    const connections = wanted.map((known) => {
      const { id, waiting, dead, done } = known.kept;
      return { connection: id, waiting, oldestMs: this.#oldestMs(known, now), dead, done };
    });
    return {
      connections: connections.sort((a, b) => (a.connection < b.connection ? -1 : 1)),
      bytes: this.#kept.bytes,
      maxBytes: this.#maxBytes,
      quarantined: this.#kept.quarantined,
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#chores.catch(() => undefined);
    const sound = await this.#journal.idle();
    this.#gone = true;
    if (sound) await this.#tables.root.close();
    else this.#tables.root.close().catch(() => undefined);
    // It may be another's by now, who has not closed it.
    this.#folder.leave(sound && this.#folder.isOurs());
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new Error(`${this.#folder.path}: the queue store is closed`);
  }

  #knownAs(connection: string): Known {
    let known = this.#known.get(connection);
    if (known === undefined) {
      const kept = { id: connection, waiting: 0, done: 0, dead: 0 };
      const numbers = [...this.#known.values()].map(({ number }) => number);
      known = { number: Math.max(0, ...numbers) + 1, counts: { ...kept }, kept, turns: undefined };
      this.#known.set(connection, known);
    }
    return known;
  }

  #turnsOf(known: Known): Turns {
    return (known.turns ??= new Turns((lane, after, most) => {
      const start = keys.logKey(known.number, lane, after + 1);
      const end = keys.logKey(known.number, lane, this.#visible + 1);
      const seqs: number[] = [];
      for (const key of this.#tables.log.getKeys({ start, end, limit: most })) seqs.push(keys.seqOf(key));
      return seqs;
    }, this.#lanesOf(known)));
  }

  /** Those with something on disk: one look at each. */
  #lanesOf(known: Known): readonly number[] {
    const lanes: number[] = [];
    for (let lane = noLane; lane <= this.#make.lanes;) {
      const start = keys.logKey(known.number, lane, 0);
      const [key] = [...this.#tables.log.getKeys({ start, end: keys.after(known.number), limit: 1 })];
      if (key === undefined) break;
      lanes.push(keys.laneOf(key));
      lane = keys.laneOf(key) + 1;
    }
    return lanes;
  }

  #oldestMs(known: Known, now: number): number {
    const oldest = known.kept.waiting === 0 ? undefined : this.#turnsOf(known).oldest();
    if (oldest === undefined) return 0;
    const held = this.#held.get(oldest.seq)?.record;
    const bytes =
      held === undefined ? this.#tables.log.getBinary(keys.logKey(known.number, oldest.lane, oldest.seq)) : undefined;
    const record = held ?? (bytes === undefined ? 'bad' : decode(bytes));
    return record === 'bad' ? 0 : Math.max(0, now - record.acceptedAt);
  }

  /** Whether an id was not put within the window; then it is, from now on. */
  #isNew(draft: Draft, known: Known, id: string, now: number, fresh: string[]): boolean {
    if (this.#windowMs <= 0) return true;
    const { seenMs } = this.#make;
    const bucket = Math.floor(now / seenMs);
    for (let at = bucket; at >= 0 && (at + 1) * seenMs > now - this.#windowMs; at -= 1) {
      const key = keys.seenKey(at, known.number, id);
      if (at === bucket && this.#arriving.has(key.toString('latin1'))) return false;
      const seen = this.#tables.seen.getBinaryFast(key);
      if (seen !== undefined && seen.readUIntLE(0, 6) > now - this.#windowMs) return false;
    }
    const key = keys.seenKey(bucket, known.number, id);
    const value = Buffer.allocUnsafe(6);
    value.writeUIntLE(now, 0, 6);
    draft.operations.push([this.#tables.seen, key, value]);
    const name = key.toString('latin1');
    this.#arriving.add(name);
    fresh.push(name);
    return true;
  }

  #draft(known: Known): Draft {
    return new Draft(this.#tables, known, this.#totals, this.#make.lanes);
  }

  /** Takes a draft for the truth to build on, and puts it on disk. */
  async #write(draft: Draft, landed: () => void = () => undefined): Promise<void> {
    if (this.#closed) throw new Error(`${this.#folder.path}: the queue store is closed`);
    const { known, totals, counts, operations, arrivals } = draft;
    this.#totals = totals;
    known.counts = counts;
    if (operations.length > 0) this.#dirty.add(known);
    const entry: Entry = {
      operations,
      landed: () => {
        this.#kept = totals;
        known.kept = counts;
        this.#visible = totals.seq;
        if (arrivals.length > 0) {
          const { turns } = known;
          // Where nobody asked yet, the first to ask finds it on disk.
          if (turns !== undefined) for (const { lane, seq } of arrivals) turns.arrived(lane, seq);
        }
        landed();
      },
    };
    try {
      await this.#journal.write(entry);
    } catch (error) {
      throw isNoRoom(error)
        ? new QueueFull(`${this.#folder.path}: the disk takes no more (${String(error)}). Nothing of this was kept`, {
            cause: error,
          })
        : error;
    }
  }

  /** One after another, so that none of them meets what another is about to move. */
  #chore<T>(run: () => Promise<T>): Promise<T> {
    this.#mustBeOpen();
    const done = this.#chores.then(run);
    this.#chores = done.catch(() => undefined);
    return done;
  }

  async #pages<T extends 'done' | 'dead'>(
    known: Known,
    table: T,
    start: Buffer,
    end: Buffer,
    each: (page: readonly Found<T>[]) => Promise<void>,
  ): Promise<void> {
    for (let from = start; ;) {
      const { records, last } = this.#records(known, table, from, end);
      await each(records);
      if (last === undefined) return;
      from = Buffer.concat([last, Buffer.from([0])]);
    }
  }

  /** A page of intact records; `last` is the key to go on after, where there may be more. The others go to quarantine. */
  #records<T extends 'done' | 'dead'>(
    known: Known,
    table: T,
    start: Buffer,
    end: Buffer,
  ): { readonly records: readonly Found<T>[]; readonly last: Buffer | undefined } {
    this.#mustBeReadable();
    const records: Found<T>[] = [];
    const bad: Buffer[] = [];
    const page = [...this.#tables[table].getRange({ start, end, limit: chunk })];
    for (const { key, value } of page) {
      const bytes = Buffer.from(value);
      const record = decode(bytes);
      if (record === 'bad' || record.kind !== table) bad.push(key);
      else records.push({ key, bytes, record: record as QueueRecord<T> });
    }
    this.#quarantine(known, table, bad);
    return { records, last: page.length < chunk ? undefined : page.at(-1)!.key };
  }

  #mustBeReadable(): void {
    if (this.#gone) throw new Error(`${this.#folder.path}: the queue store is closed`);
  }

  /** Sets records aside whose checksum is wrong: the bytes into a file of their own, then out of the table. */
  #quarantine(known: Known, table: RecordTable, bad: readonly Buffer[]): void {
    const names = bad.map((key) => `${table} ${key.toString('hex')}`);
    // One that is on its way out is still seen until that is on disk.
    const fresh = bad.filter((_, index) => !this.#leaving.has(names[index]!));
    if (fresh.length === 0) return;
    for (const name of names) this.#leaving.add(name);
    const draft = this.#draft(known);
    for (const key of fresh) {
      const bytes = this.#tables[table].getBinary(key);
      if (bytes === undefined) continue;
      mkdirSync(this.#folder.quarantine, { recursive: true });
      const file = path.join(this.#folder.quarantine, `${table}-${key.toString('hex')}.bin`);
      writeFileSync(file, bytes, { flush: true });
      draft.remove(table, key, bytes);
      draft.totals.quarantined += 1;
      const error = new Error(
        `the checksum of record ${keys.seqOf(key)} (${table}) is wrong; its bytes are in ${file}`,
      );
      this.#emit({ kind: 'defect', slug: known.counts.id, where: 'queue record', error });
    }
    syncFolder(this.#folder.quarantine);
    this.#write(draft).catch((error: unknown) =>
      this.#emit({ kind: 'defect', slug: known.counts.id, where: 'queue quarantine', error }),
    );
  }
}

interface Found<K extends RecordKind> {
  readonly key: Buffer;
  readonly bytes: Buffer;
  readonly record: QueueRecord<K>;
}

/** What one call is about to write, and the numbers as they will be. */
class Draft {
  readonly known: Known;
  readonly totals: Writable<Totals>;
  readonly counts: Writable<Counts>;
  readonly operations: (readonly [Table, Buffer, Buffer | undefined])[] = [];
  readonly arrivals: { readonly lane: number; readonly seq: number }[] = [];
  readonly #tables: Tables;
  readonly #lanes: number;
  readonly #before: number;

  constructor(tables: Tables, known: Known, totals: Totals, lanes: number) {
    this.#tables = tables;
    this.known = known;
    this.totals = { ...totals };
    this.counts = { ...known.counts };
    this.#lanes = lanes;
    this.#before = totals.bytes;
  }

  add(state: RecordState, { event }: Pick<QueuedEvent, 'event'>): void {
    const place = this.#next();
    this.#place(place, state, encode(place, state, event));
  }

  /** At the tail, with the bytes of the event it had. */
  again(bytes: Buffer, { connection, lane, id }: QueueRecord, as: string | undefined, now: number): void {
    const place = this.#next();
    const state: StateOf<'waiting'> = {
      kind: 'waiting',
      connection,
      id: as ?? `${id.replace(/~\d+$/, '')}~${place.seq}`,
      lane,
      acceptedAt: now,
      attempts: 0,
      notBefore: 0,
    };
    this.#place(place, state, restate(bytes, place, state));
  }

  settle(
    { lane, bytes, record }: Held,
    settlement: Settlement,
    { now, configHash }: { readonly now: number; readonly configHash: string },
  ): void {
    const { connection, id, acceptedAt } = record;
    const common = { connection, id, lane: record.lane, acceptedAt };
    const key = keys.logKey(this.known.number, lane, record.seq);
    const { seq } = settlement;
    if (settlement.kind === 'again') {
      const { attempts, notBefore } = settlement;
      if (attempts === record.attempts && notBefore <= Math.max(now, record.notBefore)) return;
      const place = this.#at(seq);
      const next = restate(bytes, place, { kind: 'waiting', ...common, attempts, notBefore });
      this.operations.push([this.#tables.log, key, next]);
      this.totals.bytes += next.length - bytes.length;
      return;
    }
    const { attempts } = settlement.kind === 'dead' ? settlement : record;
    const state: RecordState =
      settlement.kind === 'done'
        ? { kind: 'done', ...common, attempts, doneAt: now, outcome: settlement.outcome }
        : {
            kind: 'dead',
            ...common,
            attempts,
            diedAt: now,
            outcome: settlement.outcome,
            reason: settlement.reason,
            configHash,
          };
    this.remove('log', key, bytes);
    const place = this.#at(seq);
    this.#place(place, state, restate(bytes, place, state));
  }

  remove(table: RecordTable, key: Buffer, bytes: Buffer): void {
    this.operations.push([this.#tables[table], key, undefined]);
    this.totals.bytes -= bytes.length;
    this.counts[table === 'log' ? 'waiting' : table] -= 1;
  }

  /** Throws QueueFull when what was added goes beyond the budget. */
  mustFit(most: number): void {
    if (this.totals.bytes > most && this.totals.bytes > this.#before)
      throw full(this.#before, this.totals.bytes - this.#before, most);
  }

  #next(): Place {
    this.totals.seq += 1;
    return this.#at(this.totals.seq);
  }
  #at(seq: number): Place {
    this.totals.stamp += 1;
    return { seq, stamp: this.totals.stamp };
  }

  #place({ seq }: Place, state: RecordState, bytes: Buffer): void {
    const { number } = this.known;
    const lane = laneNumber(state.lane, this.#lanes);
    const key =
      state.kind === 'waiting'
        ? keys.logKey(number, lane, seq)
        : state.kind === 'done'
          ? keys.doneKey(number, clamp(state.doneAt), seq)
          : keys.deadKey(number, seq);
    this.operations.push([this.#tables[tableOf[state.kind]], key, bytes]);
    this.totals.bytes += bytes.length;
    this.counts[state.kind] += 1;
    if (state.kind === 'waiting') this.arrivals.push({ lane, seq });
  }
}

function initial(connection: string, { id, lane, acceptedAt, outcome }: QueuedEvent, now: number): RecordState {
  const common = { connection, id, lane, acceptedAt, attempts: 0 };
  if (outcome === undefined) return { kind: 'waiting', ...common, notBefore: 0 };
  if (outcome.kind === 'skipped') return { kind: 'done', ...common, doneAt: now, outcome: 'skipped' };
  return { kind: 'dead', ...common, diedAt: now, outcome: 'rejected', reason: outcome.reason, configHash: '' };
}

const matches = (
  {
    seq,
    reason,
    diedAt,
  }: { readonly seq: number; readonly reason: { readonly code: ReasonCode }; readonly diedAt: number },
  filter: DeadFilter,
): boolean =>
  (filter.seq === undefined || filter.seq === seq) &&
  (filter.reason === undefined || filter.reason === reason.code) &&
  (filter.since === undefined || diedAt >= filter.since);

const full = (kept: number, more: number, most: number): QueueFull =>
  new QueueFull(`the queue keeps ${kept} bytes of at most ${most}; ${more} more do not fit. Nothing of this was kept`);

/**
 * What LMDB says when the disk, the quota, the limit on file size or its map is full. EIO is among them: it is what LMDB makes of a
 * write that only got half its bytes onto the disk, which is how a full one begins.
 */
const isNoRoom = (error: unknown): boolean =>
  /MDB_MAP_FULL|No space left|Disk quota|File too large|Input\/output error/i.test(String(error));

const clamp = (time: number): number => Math.min(Math.max(0, Math.floor(time)), keys.largestSeq);

const pause = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
