import { triesOf, type Claim, type ClaimKind, type Settlement } from '../queue.ts';
import { allocate } from './buffer-slab.ts';
import * as keys from './keys.ts';
import type { ClaimEnd, ClaimResult, LaneScheduler } from './lane-scheduler.ts';
import type { Quarantine } from './quarantine.ts';
import { decodeState, textOf } from './record.ts';
import { SeqMap } from './seq-map.ts';
import type { ConnectionState } from './store-counters.ts';
import type { StoreWriter } from './store-writer.ts';
import type { Table } from './tables.ts';
import { schedulerOf } from './waiting-log.ts';
import type { ClaimedRecord } from './write-batch.ts';

export interface ClaimsOptions {
  readonly log: Table;
  readonly lanes: number;
  readonly writer: StoreWriter;
  readonly quarantine: Quarantine;
}

/** Which events are claimed. In memory alone: when the process ends, however it does, every claim ends with it. */
export class Claims {
  readonly #log: Table;
  readonly #lanes: number;
  readonly #writer: StoreWriter;
  readonly #quarantine: Quarantine;
  readonly #records = new SeqMap<ClaimedRecord>();

  constructor({ log, lanes, writer, quarantine }: ClaimsOptions) {
    this.#log = log;
    this.#lanes = lanes;
    this.#writer = writer;
    this.#quarantine = quarantine;
  }

  claim(state: ConnectionState, most: number, now: number, mostBytes: number, kind?: ClaimKind): readonly Claim[] {
    const claims: Claim[] = [];
    const bad: Buffer[] = [];
    let size = 0;
    const offer = (seq: number, lane: number): ClaimResult => {
      const key = keys.logKey(state.number, lane, seq);
      const bytes = copyOf(this.#log, key);
      if (bytes === undefined) return 'gone';
      const record = decodeState(bytes);
      if (record === 'bad' || record.kind !== 'waiting' || record.seq !== seq) {
        bad.push(key);
        return 'gone';
      }
      const tries = triesOf(record.attempts, record.trouble);
      if (record.notBefore > now) return { until: record.notBefore, tries };
      if ((kind === 'fresh' || kind === 'latest') && tries > 0) return { until: 0, tries };
      const claimed = { key, bytes, state: record, settling: false };
      claims.push(claimOf(claimed));
      this.#records.set(seq, claimed);
      size += bytes.length;
      return size < mostBytes ? 'claimed' : 'last';
    };
    this.#scheduler(state).claim(most, now, offer, kind);
    this.#quarantine.setAside(state, 'log', bad);
    return claims;
  }

  nextAt(state: ConnectionState): number | undefined {
    return this.#scheduler(state).nextAt();
  }

  /** Commits the outcomes of claims. A claim ends with the commit; when that fails, it stays a claim. */
  async settle(
    connection: string,
    settlements: readonly Settlement[],
    at: { readonly now: number; readonly configHash: string },
  ): Promise<void> {
    const state = this.#writer.counters.connection(connection);
    const scheduler = state && this.#scheduler(state);
    const records = settlements.map(({ seq }) => {
      const record = this.#records.get(seq);
      if (record === undefined || record.settling || scheduler?.isClaimed(seq) !== true)
        throw new Error(`event ${seq} of ${connection} is not claimed, or is being settled already`);
      return record;
    });
    if (new Set(records).size < records.length)
      throw new Error(`an event of ${connection} is settled twice in one call`);
    if (state === undefined || scheduler === undefined) return;
    const batch = this.#writer.newBatch(state);
    for (const [index, settlement] of settlements.entries()) batch.settle(records[index]!, settlement, at);
    for (const record of records) record.settling = true;
    await this.#writer.write(state, batch, {
      onCommitted: () => {
        for (const { seq } of settlements) this.#records.delete(seq);
        scheduler.settle(settlements.map(endOf));
      },
      onFailed: () => {
        for (const record of records) record.settling = false;
      },
    });
  }

  /** Ends claims without a write; those that are being settled stay. */
  release(state: ConnectionState, seqs: readonly number[]): void {
    const scheduler = this.#scheduler(state);
    const ends: ClaimEnd[] = [];
    for (const seq of new Set(seqs)) {
      const record = this.#records.get(seq);
      if (record === undefined || record.settling || !scheduler.isClaimed(seq)) continue;
      ends.push({ seq, returns: true, tries: triesOf(record.state.attempts, record.state.trouble) });
      this.#records.delete(seq);
    }
    scheduler.settle(ends);
  }

  hasAny({ number }: ConnectionState): boolean {
    for (const [, { key }] of this.#records.entries()) if (keys.connectionOf(key) === number) return true;
    return false;
  }

  /** How long ago the oldest waiting event was put (ms), claimed or not; 0 when none waits. */
  oldestMs(state: ConnectionState, now: number): number {
    const oldest = state.counts.waiting === 0 ? undefined : this.#scheduler(state).oldest();
    if (oldest === undefined) return 0;
    const key = keys.logKey(state.number, oldest.lane, oldest.seq);
    const bytes = this.#records.get(oldest.seq)?.bytes ?? copyOf(this.#log, key);
    const record = bytes === undefined ? 'bad' : decodeState(bytes);
    return record === 'bad' ? 0 : Math.max(0, now - record.acceptedAt);
  }

  #scheduler(state: ConnectionState): LaneScheduler {
    return schedulerOf(state, this.#log, this.#lanes, this.#writer);
  }
}

/** On disk, `ambiguous` is `doubtful` and `history` is `trouble`. */
function claimOf({ bytes, state: { seq, id, lane, acceptedAt, attempts, doubtful, trouble } }: ClaimedRecord): Claim {
  const claim = { seq, id, lane, text: textOf(bytes), acceptedAt, attempts };
  // Most claims have neither, and then all have one shape.
  if (doubtful !== true && trouble === undefined) return claim;
  return {
    ...claim,
    ...(doubtful === true ? { ambiguous: doubtful } : {}),
    ...(trouble === undefined ? {} : { history: trouble }),
  };
}

function endOf(settlement: Settlement): ClaimEnd {
  const { seq, kind } = settlement;
  if (kind !== 'retry') return { seq, returns: false, until: undefined, tries: undefined };
  const { notBefore, attempts, history } = settlement;
  return { seq, returns: true, until: notBefore > 0 ? notBefore : undefined, tries: triesOf(attempts, history) };
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
