import { triesOf } from '../queue.ts';
import { allocate } from './buffer-slab.ts';
import * as keys from './keys.ts';
import type { WaitingEvent, WaitingSource } from '../lane-scheduler.ts';
import { decodeState, type RecordWithoutEvent } from './record.ts';
import type { Table, Tables } from './tables.ts';

/** A waiting event as it is on disk. */
export interface WaitingRecord extends WaitingEvent {
  readonly key: Buffer;
  readonly bytes: Buffer;
  readonly state: RecordWithoutEvent<'waiting'>;
  /** Its outcome is on the way to the disk. */
  settling: boolean;
}

/** Says which events are on disk for certain. */
interface Committed {
  /** The last sequence number. */
  readonly committedSeq: number;
}

const noLanes: readonly string[] = [];

/** The waiting events of one connection, as far as they are committed. */
export class WaitingLog implements WaitingSource<WaitingRecord> {
  readonly #connection: number;
  readonly #tables: Pick<Tables, 'log' | 'lanes'>;
  readonly #writer: Committed;
  readonly #onBad: (key: Buffer) => void;

  /** `onBad`: called with the key of a record whose checksum is wrong. */
  constructor(
    connection: number,
    tables: Pick<Tables, 'log' | 'lanes'>,
    writer: Committed,
    onBad: (key: Buffer) => void,
  ) {
    this.#connection = connection;
    this.#tables = tables;
    this.#writer = writer;
    this.#onBad = onBad;
  }

  get lastSeq(): number {
    return this.#writer.committedSeq;
  }

  after(seq: number, most: number): readonly number[] {
    const start = keys.eventKey(this.#connection, seq + 1);
    const end = keys.eventKey(this.#connection, this.lastSeq + 1);
    return seqsOf(this.#tables.log, { start, end, limit: most });
  }

  latest(most: number): readonly number[] {
    const start = keys.eventKey(this.#connection, this.lastSeq);
    return seqsOf(this.#tables.log, { start, end: keys.startOf(this.#connection), limit: most, reverse: true });
  }

  nextOf(lane: string, seq: number, last: number, most: number): number[] {
    const start = keys.laneKey(this.#connection, lane, seq + 1);
    const end = keys.laneKey(this.#connection, lane, last + 1);
    return seqsOf(this.#tables.lanes, { start, end, limit: most });
  }

  read(seq: number): WaitingRecord | undefined {
    const key = keys.eventKey(this.#connection, seq);
    const bytes = copyOf(this.#tables.log, key);
    if (bytes === undefined) return undefined;
    const state = decodeState(bytes);
    if (state === 'bad' || state.kind !== 'waiting' || state.seq !== seq) {
      this.#onBad(key);
      return undefined;
    }
    const { lanes = noLanes, notBefore, attempts, trouble } = state;
    return { seq, lanes, notBefore, tries: triesOf(attempts, trouble), key, bytes, state, settling: false };
  }
}

function seqsOf(table: Table, range: NonNullable<Parameters<Table['getKeys']>[0]>): number[] {
  const seqs: number[] = [];
  for (const key of table.getKeys(range)) seqs.push(keys.seqOf(key));
  return seqs;
}

/** The next read of the table overwrites the bytes that it returns without copying. */
function copyOf(table: Table, key: Buffer): Buffer | undefined {
  const transient = table.getBinaryFast(key);
  if (transient === undefined) return undefined;
  const bytes = allocate(transient.length);
  // `length` is that of the value; the view itself is longer.
  bytes.set(transient.subarray(0, bytes.length));
  return bytes;
}
