import * as keys from './keys.ts';
import { noLane } from './lane-number.ts';
import type { WaitingSource } from './lane-queue.ts';
import { LaneScheduler } from './lane-scheduler.ts';
import type { Table } from './tables.ts';
import type { ConnectionState } from './store-counters.ts';
import type { StoreWriter } from './store-writer.ts';

/** The waiting events of one connection in the table `log`, as far as they are committed. */
class WaitingLog implements WaitingSource {
  readonly #connection: number;
  readonly #log: Table;
  readonly #writer: StoreWriter;

  constructor(connection: number, log: Table, writer: StoreWriter) {
    this.#connection = connection;
    this.#log = log;
    this.#writer = writer;
  }

  after(lane: number, seq: number, most: number): readonly number[] {
    const start = keys.logKey(this.#connection, lane, seq + 1);
    const end = keys.logKey(this.#connection, lane, this.#writer.committedSeq + 1);
    const seqs: number[] = [];
    for (const key of this.#log.getKeys({ start, end, limit: most })) seqs.push(keys.seqOf(key));
    return seqs;
  }

  newestAfter(lane: number, seq: number, most: number): readonly number[] {
    const { committedSeq } = this.#writer;
    const start = keys.logKey(this.#connection, lane, committedSeq + 1);
    const end = keys.logKey(this.#connection, lane, Math.max(0, seq));
    const seqs: number[] = [];
    // A reverse range includes its start, which may be on its way to the disk: read one more, and leave it out.
    for (const key of this.#log.getKeys({ start, end, limit: most + 1, reverse: true })) {
      const one = keys.seqOf(key);
      if (one > seq && one <= committedSeq) seqs.push(one);
    }
    return seqs;
  }

  /** The numbers of the lanes that have events on disk: one look at the table for each. */
  lanes(most: number): readonly number[] {
    const found: number[] = [];
    for (let lane = noLane; lane <= most;) {
      const range = { start: keys.logKey(this.#connection, lane, 0), end: keys.endOf(this.#connection), limit: 1 };
      const [key] = [...this.#log.getKeys(range)];
      if (key === undefined) break;
      found.push(keys.laneOf(key));
      lane = keys.laneOf(key) + 1;
    }
    return found;
  }
}

/** The scheduler of a connection; the first call builds it from what is on disk. */
export function schedulerOf(state: ConnectionState, log: Table, lanes: number, writer: StoreWriter): LaneScheduler {
  if (state.scheduler === undefined) {
    const waiting = new WaitingLog(state.number, log, writer);
    state.scheduler = new LaneScheduler(waiting, waiting.lanes(lanes));
  }
  return state.scheduler;
}
