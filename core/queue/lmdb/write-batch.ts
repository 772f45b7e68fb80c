import { laneNumber } from './lane-number.ts';
import type { QueuedEvent, Settlement } from '../queue.ts';
import {
  encode,
  withState,
  type RecordId,
  type RecordKind,
  type RecordState,
  type RecordWithoutEvent,
  type StateOf,
} from './record.ts';
import type { Operation } from './group-commit.ts';
import * as keys from './keys.ts';
import type { RecordTable, Tables } from './tables.ts';

const tableOf = { waiting: 'log', done: 'done', dead: 'dead' } as const satisfies Record<RecordKind, RecordTable>;

/** One that is claimed. */
export interface ClaimedRecord {
  readonly key: Buffer;
  readonly bytes: Buffer;
  readonly state: RecordWithoutEvent<'waiting'>;
  settling: boolean;
}

/** How numbers change by what is written: differences, so that a draft does not depend on those before it. */
export interface CountsChange {
  bytes: number;
  waiting: number;
  done: number;
  dead: number;
  quarantined: number;
}

/** What goes out once more; `renamed` where its old id is in use. */
export interface Requeued extends Omit<StateOf<'waiting'>, 'kind' | 'attempts' | 'notBefore' | 'trouble'> {
  readonly renamed: boolean;
}

/** The last ones given. */
export interface Sequence {
  seq: number;
  stamp: number;
}

/** What one call is about to write for a connection. */
export class WriteBatch {
  readonly change: CountsChange = { bytes: 0, waiting: 0, done: 0, dead: 0, quarantined: 0 };
  readonly operations: Operation[] = [];
  readonly newWaiting: { readonly lane: number; readonly seq: number }[] = [];
  readonly #tables: Tables;
  readonly #number: number;
  readonly #lanes: number;
  readonly #sequence: Sequence;

  /** `connection` is its number. */
  constructor(tables: Tables, lanes: number, connection: number, numbers: Sequence) {
    this.#tables = tables;
    this.#lanes = lanes;
    this.#number = connection;
    this.#sequence = numbers;
  }

  add(queued: QueuedEvent, connection: string, now: number): void {
    const place = this.#nextId();
    const state = initial(queued, connection, now);
    this.#insert(place, state, encode(place, state, queued.event));
  }

  /** At the tail, with the bytes of the event it had. */
  requeue(bytes: Buffer, { renamed, id, ...rest }: Requeued): void {
    const place = this.#nextId();
    const own = renamed ? `${id.replace(/~\d+$/, '')}~${place.seq}` : id;
    const state: RecordState = { kind: 'waiting', ...rest, id: own, attempts: 0, notBefore: 0 };
    this.#insert(place, state, withState(bytes, place, state));
  }

  settle(
    { key, bytes, state: before }: ClaimedRecord,
    settlement: Settlement,
    { now, configHash }: { readonly now: number; readonly configHash: string },
  ): void {
    const { seq, connection, id, lane, acceptedAt } = before;
    const common = { connection, id, lane, acceptedAt };
    if (settlement.kind === 'retry') {
      const { attempts, notBefore, history: trouble = before.trouble } = settlement;
      const doubtful = settlement.ambiguous ?? before.doubtful;
      const asItWas = attempts === before.attempts && doubtful === before.doubtful && trouble === before.trouble;
      if (asItWas && notBefore <= Math.max(now, before.notBefore)) return;
      const place = this.#idOf(seq);
      const next = withState(bytes, place, { kind: 'waiting', ...common, attempts, notBefore, doubtful, trouble });
      this.operations.push([this.#tables.log, key, next]);
      this.change.bytes += next.length - bytes.length;
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
    const place = this.#idOf(seq);
    this.#insert(place, state, withState(bytes, place, state));
  }

  remove(table: RecordTable, key: Buffer, length: number): void {
    this.operations.push([this.#tables[table], key, undefined]);
    this.change.bytes -= length;
    this.change[table === 'log' ? 'waiting' : table] -= 1;
  }

  #nextId(): RecordId {
    this.#sequence.seq += 1;
    return this.#idOf(this.#sequence.seq);
  }
  #idOf(seq: number): RecordId {
    this.#sequence.stamp += 1;
    return { seq, stamp: this.#sequence.stamp };
  }

  #insert({ seq }: RecordId, state: RecordState, bytes: Buffer): void {
    this.operations.push([this.#tables[tableOf[state.kind]], this.#keyOf(seq, state), bytes]);
    this.change.bytes += bytes.length;
    this.change[state.kind] += 1;
  }

  #keyOf(seq: number, state: RecordState): Buffer {
    if (state.kind === 'done') return keys.doneKey(this.#number, keys.keyTime(state.doneAt), seq);
    if (state.kind === 'dead') return keys.deadKey(this.#number, seq);
    const lane = laneNumber(state.lane, this.#lanes);
    this.newWaiting.push({ lane, seq });
    return keys.logKey(this.#number, lane, seq);
  }
}

function initial({ id, lane, acceptedAt, outcome }: QueuedEvent, connection: string, now: number): RecordState {
  if (outcome === undefined) return { kind: 'waiting', connection, id, lane, acceptedAt, attempts: 0, notBefore: 0 };
  const common = { connection, id, lane, acceptedAt, attempts: 0 };
  if (outcome.kind === 'skipped') return { kind: 'done', ...common, doneAt: now, outcome: 'skipped' };
  return { kind: 'dead', ...common, diedAt: now, outcome: 'rejected', reason: outcome.reason, configHash: '' };
}
