import { triesOf, type Claim, type ClaimKind, type Settlement } from '../queue.ts';
import * as keys from './keys.ts';
import { LaneScheduler, type ClaimEnd } from '../lane-scheduler.ts';
import type { Quarantine } from './quarantine.ts';
import { textOf } from './record.ts';
import { SeqMap } from '../seq-map.ts';
import type { ConnectionState } from './store-counters.ts';
import type { StoreWriter } from './store-writer.ts';
import type { Tables } from './tables.ts';
import { WaitingLog, type WaitingRecord } from './waiting-log.ts';

export interface ClaimsOptions {
  readonly tables: Tables;
  readonly writer: StoreWriter;
  readonly quarantine: Quarantine;
}

/** Which events are claimed. In memory alone: when the process ends, however it does, every claim ends with it. */
export class Claims {
  readonly #tables: Tables;
  readonly #writer: StoreWriter;
  readonly #quarantine: Quarantine;
  readonly #records = new SeqMap<WaitingRecord>();
  /** The keys of damaged records that the call in progress has met. */
  #bad: Buffer[] = [];

  constructor({ tables, writer, quarantine }: ClaimsOptions) {
    this.#tables = tables;
    this.#writer = writer;
    this.#quarantine = quarantine;
  }

  claim(state: ConnectionState, most: number, now: number, mostBytes: number, kind?: ClaimKind): readonly Claim[] {
    const claims: Claim[] = [];
    if (most < 1) return claims;
    let size = 0;
    for (const record of this.#scheduler(state).claim(now, kind)) {
      claims.push(claimOf(record));
      this.#records.set(record.seq, record);
      size += record.bytes.length;
      if (claims.length >= most || size >= mostBytes) break;
    }
    const bad = this.#bad;
    this.#bad = [];
    this.#quarantine.setAside(state, 'log', bad);
    return claims;
  }

  peek(state: ConnectionState, most: number, after = -1): readonly Claim[] {
    const log = this.#logOf(state, () => undefined);
    return log.after(after, most).flatMap((seq) => {
      const record = log.read(seq);
      return record === undefined ? [] : [claimOf(record)];
    });
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
    const log = this.#logOf(state, () => undefined);
    const [oldest] = state.counts.waiting === 0 ? [] : log.after(-1, 1);
    const record = oldest === undefined ? undefined : log.read(oldest);
    return record === undefined ? 0 : Math.max(0, now - record.state.acceptedAt);
  }

  /** Built by the first call that needs it. */
  #scheduler(state: ConnectionState): LaneScheduler<WaitingRecord> {
    return (state.scheduler ??= new LaneScheduler(this.#logOf(state, (key) => this.#bad.push(key))));
  }

  #logOf({ number }: ConnectionState, onBad: (key: Buffer) => void): WaitingLog {
    return new WaitingLog(number, this.#tables, this.#writer, onBad);
  }
}

/** On disk, `ambiguous` is `doubtful` and `history` is `trouble`. */
function claimOf({ bytes, state }: WaitingRecord): Claim {
  const { seq, id, lanes, acceptedAt, attempts, trace, doubtful, trouble } = state;
  const claim = { seq, id, lanes, text: textOf(bytes), acceptedAt, attempts, trace };
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
