import type { IncomingEvent } from '../../api/event.ts';
import type { QueuedEvent, Settlement } from '../queue.ts';
import type { Operation } from './group-commit.ts';
import * as keys from './keys.ts';
import {
  encode,
  withState,
  type RecordId,
  type RecordKind,
  type RecordState,
  type RecordWithoutEvent,
  type StateOf,
} from './record.ts';
import { countsKey, withChecksum, type ConnectionCounts } from './store-meta.ts';
import type { RecordTable } from './tables.ts';

const tableOf = { waiting: 'log', done: 'done', dead: 'dead' } as const satisfies Record<RecordKind, RecordTable>;

/** A claimed event as it is on disk. */
export interface ClaimedRecord {
  readonly key: Buffer;
  readonly bytes: Buffer;
  readonly state: RecordWithoutEvent<'waiting'>;
}

/** How a batch changes the counters: differences, so that it does not depend on the batches before it. */
export interface CountsChange {
  bytes: number;
  waiting: number;
  done: number;
  dead: number;
  quarantined: number;
}

/** An event that is put once more; `renamed` when its id may still be in use. */
export interface Requeued extends Omit<StateOf<'waiting'>, 'kind' | 'attempts' | 'notBefore' | 'trouble'> {
  readonly renamed: boolean;
}

/** The last sequence number and the last stamp given out. */
export interface Sequence {
  seq: number;
  stamp: number;
}

/** What one call writes for a connection. */
export class WriteBatch {
  readonly change: CountsChange = { bytes: 0, waiting: 0, done: 0, dead: 0, quarantined: 0 };
  readonly operations: Operation[] = [];
  /** It adds a waiting event that has a lane. */
  hasLanes = false;
  readonly #connection: number;
  readonly #sequence: Sequence;

  constructor(connection: number, sequence: Sequence) {
    this.#connection = connection;
    this.#sequence = sequence;
  }

  add(queued: QueuedEvent, connection: string, now: number): void {
    this.#append(initialState(queued, connection, now), queued.event);
  }

  /** Adds a record of another store at the tail, as it is. */
  import(state: RecordState, event: IncomingEvent): void {
    this.#append({ ...state, lanes: distinctLanes(state.lanes) }, event);
  }

  /** Adds an event at the tail with the bytes of its old record. */
  requeue(bytes: Buffer, { renamed, id: oldId, ...rest }: Requeued): void {
    const recordId = this.#nextId();
    const id = renamed ? `${oldId.replace(/~\d+$/, '')}~${recordId.seq}` : oldId;
    const lanes = distinctLanes(rest.lanes);
    const state: RecordState = { kind: 'waiting', ...rest, lanes, id, attempts: 0, notBefore: 0 };
    this.#insert(recordId, state, withState(bytes, recordId, state));
  }

  settle(
    claimed: ClaimedRecord,
    settlement: Settlement,
    { now, configHash }: { readonly now: number; readonly configHash: string },
  ): void {
    if (settlement.kind === 'retry') return this.#retry(claimed, settlement, now);
    const { key, bytes, state: before } = claimed;
    const { seq, connection, id, lanes, acceptedAt } = before;
    const common = { connection, id, lanes, acceptedAt };
    const state: RecordState =
      settlement.kind === 'done'
        ? { kind: 'done', ...common, attempts: before.attempts, doneAt: now, outcome: settlement.outcome }
        : {
            kind: 'dead',
            ...common,
            trace: before.trace,
            attempts: settlement.attempts,
            diedAt: now,
            outcome: settlement.outcome,
            reason: settlement.reason,
            configHash,
          };
    this.removeWaiting(key, bytes.length, lanes);
    const recordId = this.#idOf(seq);
    this.#insert(recordId, state, withState(bytes, recordId, state));
  }

  /** `lanes`: those that the event names. */
  removeWaiting(key: Buffer, length: number, lanes: readonly string[] = []): void {
    this.remove('log', key, length);
    for (const lane of lanes) this.removeLaneKey(keys.laneKey(this.#connection, lane, keys.seqOf(key)));
  }

  removeLaneKey(key: Buffer): void {
    this.operations.push(['lanes', key, undefined]);
    this.change.bytes -= key.length;
  }

  /** What changes beside the counts, which the transaction writes over it. */
  writeConnection(counts: ConnectionCounts): void {
    this.operations.push(['meta', countsKey(this.#connection), withChecksum(counts)]);
  }

  remove(table: RecordTable, key: Buffer, length: number): void {
    this.operations.push([table, key, undefined]);
    this.change.bytes -= length;
    this.change[table === 'log' ? 'waiting' : table] -= 1;
  }

  /** The event keeps its key; where its state stays the same, there is nothing to write. */
  #retry(
    { key, bytes, state: before }: ClaimedRecord,
    settlement: Extract<Settlement, { readonly kind: 'retry' }>,
    now: number,
  ): void {
    const { seq, connection, id, lanes, acceptedAt, trace } = before;
    const { attempts, notBefore, history: trouble = before.trouble } = settlement;
    const doubtful = settlement.ambiguous ?? before.doubtful;
    const isSame = attempts === before.attempts && doubtful === before.doubtful && trouble === before.trouble;
    if (isSame && notBefore <= Math.max(now, before.notBefore)) return;
    const state: RecordState = {
      kind: 'waiting',
      connection,
      id,
      lanes,
      acceptedAt,
      trace,
      attempts,
      notBefore,
      doubtful,
      trouble,
    };
    const next = withState(bytes, this.#idOf(seq), state);
    this.operations.push(['log', key, next]);
    this.change.bytes += next.length - bytes.length;
  }

  #append(state: RecordState, event: IncomingEvent): void {
    const id = this.#nextId();
    this.#insert(id, state, encode(id, state, event));
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
    this.operations.push([tableOf[state.kind], this.#keyOf(seq, state), bytes]);
    this.change.bytes += bytes.length;
    this.change[state.kind] += 1;
    if (state.kind !== 'waiting' || state.lanes === undefined) return;
    this.hasLanes = true;
    for (const lane of state.lanes) {
      const key = keys.laneKey(this.#connection, lane, seq);
      this.operations.push(['lanes', key, nothing]);
      this.change.bytes += key.length;
    }
  }

  #keyOf(seq: number, state: RecordState): Buffer {
    if (state.kind === 'done') return keys.doneKey(this.#connection, keys.keyTime(state.doneAt), seq);
    return keys.eventKey(this.#connection, seq);
  }
}

/** The value of a key that says everything. */
const nothing = Buffer.alloc(0);

/** Each lane once, as its key on disk spells it; `undefined` where there is none. */
function distinctLanes(lanes: readonly string[] | undefined): readonly string[] | undefined {
  if (lanes === undefined || lanes.length === 0) return undefined;
  return [...new Set(lanes.map((lane) => lane.toWellFormed()))];
}

function initialState(queued: QueuedEvent, connection: string, now: number): RecordState {
  const { id, acceptedAt, outcome, trace } = queued;
  const lanes = distinctLanes(queued.lanes);
  if (outcome === undefined)
    return { kind: 'waiting', connection, id, lanes, acceptedAt, trace, attempts: 0, notBefore: 0 };
  const common = { connection, id, lanes, acceptedAt, attempts: 0 };
  if (outcome.kind === 'skipped') return { kind: 'done', ...common, doneAt: now, outcome: 'skipped' };
  return { kind: 'dead', ...common, trace, diedAt: now, outcome: 'rejected', reason: outcome.reason, configHash: '' };
}
