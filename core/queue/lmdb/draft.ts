import { laneNumber } from '../lane.ts';
import { QueueFull, type QueuedEvent, type Settlement } from '../queue.ts';
import {
  encode,
  restate,
  type Place,
  type RecordKind,
  type RecordState,
  type Stated,
  type StateOf,
} from '../record.ts';
import type { Operation } from './journal.ts';
import * as keys from './keys.ts';
import type { Counts, RecordTable, Tables, Totals } from './tables.ts';

const tableOf = { waiting: 'log', done: 'done', dead: 'dead' } as const satisfies Record<RecordKind, RecordTable>;

export type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** One that is claimed. */
export interface Held {
  readonly key: Buffer;
  readonly bytes: Buffer;
  readonly state: Stated<'waiting'>;
  settling: boolean;
}

/** What one call is about to write for a connection, and the numbers as they will be. */
export class Draft {
  readonly totals: Writable<Totals>;
  readonly counts: Writable<Counts>;
  readonly operations: Operation[] = [];
  readonly arrivals: { readonly lane: number; readonly seq: number }[] = [];
  readonly #tables: Tables;
  readonly #number: number;
  readonly #lanes: number;
  readonly #before: number;

  constructor(
    tables: Tables,
    lanes: number,
    { number, counts }: { readonly number: number; readonly counts: Counts },
    totals: Totals,
  ) {
    this.#tables = tables;
    this.#lanes = lanes;
    this.#number = number;
    this.#before = totals.bytes;
    this.totals = { ...totals };
    this.counts = { ...counts };
  }

  add(queued: QueuedEvent, connection: string, now: number): void {
    const place = this.#next();
    const state = initial(queued, connection, now);
    this.#place(place, state, encode(place, state, queued.event));
  }

  /** At the tail, with the bytes of the event it had. */
  again(bytes: Buffer, { connection, lane, id }: Stated, as: string | undefined, now: number): void {
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
    { key, bytes, state: before }: Held,
    settlement: Settlement,
    { now, configHash }: { readonly now: number; readonly configHash: string },
  ): void {
    const { seq, connection, id, lane, acceptedAt } = before;
    const common = { connection, id, lane, acceptedAt };
    if (settlement.kind === 'again') {
      const { attempts, notBefore } = settlement;
      if (attempts === before.attempts && notBefore <= Math.max(now, before.notBefore)) return;
      const place = this.#at(seq);
      const next = restate(bytes, place, { kind: 'waiting', ...common, attempts, notBefore });
      this.operations.push([this.#tables.log, key, next]);
      this.totals.bytes += next.length - bytes.length;
      return;
    }
    const { attempts } = settlement.kind === 'dead' ? settlement : before;
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
    this.remove('log', key, bytes.length);
    const place = this.#at(seq);
    this.#place(place, state, restate(bytes, place, state));
  }

  remove(table: RecordTable, key: Buffer, length: number): void {
    this.operations.push([this.#tables[table], key, undefined]);
    this.totals.bytes -= length;
    this.counts[table === 'log' ? 'waiting' : table] -= 1;
  }

  /** Throws QueueFull when what was added goes beyond the budget. */
  mustFit(most: number): void {
    const { bytes } = this.totals;
    if (bytes > most && bytes > this.#before) throw full(this.#before, bytes - this.#before, most);
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
    this.operations.push([this.#tables[tableOf[state.kind]], this.#keyOf(seq, state), bytes]);
    this.totals.bytes += bytes.length;
    this.counts[state.kind] += 1;
  }

  #keyOf(seq: number, state: RecordState): Buffer {
    if (state.kind === 'done') return keys.doneKey(this.#number, keys.timeOf(state.doneAt), seq);
    if (state.kind === 'dead') return keys.deadKey(this.#number, seq);
    const lane = laneNumber(state.lane, this.#lanes);
    this.arrivals.push({ lane, seq });
    return keys.logKey(this.#number, lane, seq);
  }
}

function initial({ id, lane, acceptedAt, outcome }: QueuedEvent, connection: string, now: number): RecordState {
  if (outcome === undefined) return { kind: 'waiting', connection, id, lane, acceptedAt, attempts: 0, notBefore: 0 };
  const common = { connection, id, lane, acceptedAt, attempts: 0 };
  if (outcome.kind === 'skipped') return { kind: 'done', ...common, doneAt: now, outcome: 'skipped' };
  return { kind: 'dead', ...common, diedAt: now, outcome: 'rejected', reason: outcome.reason, configHash: '' };
}

export const full = (kept: number, more: number, most: number): QueueFull =>
  new QueueFull(`the queue keeps ${kept} bytes of at most ${most}; ${more} more do not fit. Nothing of this was kept`);
