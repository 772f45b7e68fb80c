import type { Emit } from '../../runtime/signals.ts';
import { failpoint } from '../failpoint.ts';
import {
  QueueFull,
  triesOf,
  type Claim,
  type ClaimKind,
  type DeadFilter,
  type DeadLetter,
  type DeliveryQueue,
  type LaneOf,
  type QueuedEvent,
  type QueueStatus,
  type Settlement,
} from '../queue.ts';
import { decodeState, eventOf } from './record.ts';
import { allocate } from './buffer-slab.ts';
import { Maintenance } from './maintenance.ts';
import { ReplayLog } from './replay-log.ts';
import type { WriteBatch, ClaimedRecord } from './write-batch.ts';
import type { StoreDirectory } from './store-directory.ts';
import * as keys from './keys.ts';
import { Quarantine } from './quarantine.ts';
import { RecordReader } from './record-reader.ts';
import { DedupIndex } from './dedup-index.ts';
import type { StoreMeta, Table, Tables } from './tables.ts';
import type { ClaimEnd, LaneScheduler, ClaimResult } from './lane-scheduler.ts';
import { schedulerOf } from './waiting-log.ts';
import { StoreWriter, type ConnectionState } from './store-writer.ts';

export interface LmdbQueueOptions {
  readonly maxBytes: number;
  readonly dedupWindowMs: number;
  readonly now: () => number;
  readonly emit: Emit;
}

/** What openQueue() gives. See the port for what each method promises. */
export class LmdbQueue implements DeliveryQueue {
  readonly #tables: Tables;
  readonly #folder: StoreDirectory;
  readonly #maxBytes: number;
  readonly #now: () => number;
  readonly #lanes: number;
  readonly #crashedAt: number;
  readonly #writer: StoreWriter;
  readonly #dedupIndex: DedupIndex;
  readonly #quarantine: Quarantine;
  readonly #replayLog: ReplayLog;
  readonly #maintenance: Maintenance;
  readonly #claimed = new Map<number, ClaimedRecord>();

  constructor(tables: Tables, folder: StoreDirectory, meta: StoreMeta, options: LmdbQueueOptions) {
    const { maxBytes, dedupWindowMs, now, emit } = options;
    this.#tables = tables;
    this.#folder = folder;
    this.#maxBytes = maxBytes;
    this.#now = now;
    this.#lanes = meta.config.lanes;
    this.#crashedAt = meta.config.crashedAt ?? 0;
    this.#dedupIndex = new DedupIndex(tables.seen, { bucketMs: meta.config.seenMs, windowMs: dedupWindowMs });
    const writer = new StoreWriter(tables, folder, meta);
    this.#writer = writer;
    this.#quarantine = new Quarantine(tables, folder, writer, emit);
    this.#replayLog = new ReplayLog(tables, writer);
    const records = new RecordReader(tables, this.#quarantine, writer);
    this.#maintenance = new Maintenance({
      tables,
      writer,
      records,
      replayLog: this.#replayLog,
      dedupIndex: this.#dedupIndex,
      maxBytes,
      now,
    });
  }

  /** The first transaction of a store that has none yet. */
  writeConfig(): Promise<void> {
    return this.#writer.writeConfig();
  }

  async put(
    connection: string,
    events: readonly QueuedEvent[],
  ): Promise<{ readonly accepted: number; readonly duplicates: number }> {
    this.#writer.assertOpen();
    this.#writer.assertFlushing();
    const known = this.#writer.register(connection);
    const { number } = known;
    const draft = this.#writer.newBatch(known);
    const now = this.#now();
    /** The caller may do with his array what he likes, once this waits for the disk. */
    const given = events.length;
    const fresh: string[] = [];
    try {
      for (const queued of events) {
        if (!this.#dedupIndex.add(number, queued.id, now, draft.operations)) continue;
        fresh.push(queued.id);
        draft.add(queued, connection, now);
      }
      this.#evict(draft);
    } catch (error) {
      this.#dedupIndex.committed(number, fresh);
      throw error;
    }
    failpoint('before put');
    const arrived = (): void => this.#dedupIndex.committed(number, fresh);
    await this.#writer.write(known, draft, { kind: 'put', onCommitted: arrived, onFailed: arrived });
    failpoint('after put before ack');
    return { accepted: fresh.length, duplicates: given - fresh.length };
  }

  claim(
    connection: string,
    most: number,
    now: number,
    mostBytes = Number.POSITIVE_INFINITY,
    kind?: ClaimKind,
  ): readonly Claim[] {
    this.#writer.assertOpen();
    const known = this.#writer.connection(connection);
    if (known === undefined) return [];
    const claims: Claim[] = [];
    const bad: Buffer[] = [];
    let size = 0;
    const open = (seq: number, lane: number): ClaimResult => {
      const key = keys.logKey(known.number, lane, seq);
      const bytes = copyOf(this.#tables.log, key);
      if (bytes === undefined) return 'gone';
      const state = decodeState(bytes);
      if (state === 'bad' || state.kind !== 'waiting' || state.seq !== seq) {
        bad.push(key);
        return 'gone';
      }
      const tries = triesOf(state.attempts, state.trouble);
      if (state.notBefore > now) return { until: state.notBefore, tries };
      if ((kind === 'fresh' || kind === 'latest') && tries > 0) return { until: 0, tries };
      const { id, acceptedAt, attempts, doubtful, trouble } = state;
      const claim = { seq, id, lane: state.lane, event: eventOf(bytes), acceptedAt, attempts };
      claims.push(
        doubtful === true || trouble !== undefined
          ? {
              ...claim,
              ...(doubtful === true ? { ambiguous: doubtful } : {}),
              ...(trouble === undefined ? {} : { history: trouble }),
            }
          : claim,
      );
      this.#claimed.set(seq, { key, bytes, state, settling: false });
      size += bytes.length;
      return size < mostBytes ? 'claimed' : 'last';
    };
    this.#schedulerOf(known).claim(most, now, open, kind);
    this.#quarantine.setAside(known, 'log', bad);
    return claims;
  }

  nextAt(connection: string): number | undefined {
    this.#writer.assertOpen();
    const known = this.#writer.connection(connection);
    return known === undefined ? undefined : this.#schedulerOf(known).nextAt();
  }

  async settle(
    connection: string,
    settlements: readonly Settlement[],
    at: { readonly now: number; readonly configHash: string; readonly room?: number },
  ): Promise<void> {
    this.#writer.assertOpen();
    if (settlements.length === 0) return this.#writer.probeSpaceFor(at.room ?? 0);
    const known = this.#writer.connection(connection);
    const turns = known && this.#schedulerOf(known);
    const held = settlements.map(({ seq }) => {
      const one = this.#claimed.get(seq);
      if (one === undefined || one.settling || turns?.isClaimed(seq) !== true)
        throw new Error(`event ${seq} of ${connection} is not claimed, or is being settled already`);
      return one;
    });
    if (new Set(held).size < held.length) throw new Error(`an event of ${connection} is settled twice in one call`);
    if (known === undefined || turns === undefined) return;
    const draft = this.#writer.newBatch(known);
    for (const [index, settlement] of settlements.entries()) draft.settle(held[index]!, settlement, at);
    for (const one of held) one.settling = true;
    await this.#writer.write(known, draft, {
      onCommitted: () => {
        for (const { seq } of settlements) this.#claimed.delete(seq);
        turns.settle(settlements.map(claimEndOf));
      },
      onFailed: () => {
        for (const one of held) one.settling = false;
      },
    });
  }

  release(connection: string, seqs: readonly number[]): void {
    this.#writer.assertOpen();
    const known = this.#writer.connection(connection);
    if (known === undefined) return;
    const turns = this.#schedulerOf(known);
    const back = seqs.filter((seq) => turns.isClaimed(seq) && this.#claimed.get(seq)?.settling === false);
    const ended = back.map((seq) => {
      const { attempts, trouble } = this.#claimed.get(seq)!.state;
      return { seq, returns: true, tries: triesOf(attempts, trouble) };
    });
    for (const seq of back) this.#claimed.delete(seq);
    turns.settle(ended);
  }

  dead(connection: string, filter: DeadFilter = {}): AsyncGenerator<DeadLetter, void, undefined> {
    return this.#maintenance.dead(connection, filter);
  }

  requeue(connection: string, filter: DeadFilter = {}, laneOf: LaneOf = noLaneOf): Promise<number> {
    return this.#maintenance.revive(connection, filter, laneOf);
  }

  drop(connection: string, filter: DeadFilter = {}): Promise<number> {
    return this.#maintenance.forget(connection, filter);
  }

  replay(connection: string, from: number, to: number, laneOf: LaneOf = noLaneOf): Promise<number> {
    return this.#maintenance.replay(connection, from, to, laneOf);
  }

  purge(connection: string): Promise<number> {
    return this.#maintenance.purge(connection, ({ number }) => {
      for (const { key } of this.#claimed.values())
        if (keys.connectionOf(key) === number) throw new Error(`events of ${connection} are claimed`);
    });
  }

  prune(before: number, now: number): Promise<number> {
    return this.#maintenance.prune(before, now);
  }

  crashedAt(): number {
    return this.#crashedAt;
  }

  ambiguousSinceCrash(connection: string, more = 0): number {
    const known = this.#writer.connection(connection);
    if (known === undefined) return 0;
    const { doubted } = known.counts;
    // What was counted after an earlier end says nothing of this one.
    const events = (doubted?.crashedAt === this.#crashedAt ? doubted.events : 0) + more;
    if (more > 0) known.counts = { ...known.counts, doubted: { crashedAt: this.#crashedAt, events } };
    return events;
  }

  waiting(connection: string): number {
    this.#writer.assertOpen();
    return this.#writer.connection(connection)?.counts.waiting ?? 0;
  }

  status(now: number, connection?: string): QueueStatus {
    this.#writer.assertOpen();
    const wanted =
      connection === undefined ? [...this.#writer.connections()] : [this.#writer.connection(connection) ?? []].flat();
    const connections = wanted.map((known) => {
      const { id, waiting, dead, done } = known.counts;
      return { connection: id, waiting, oldestMs: this.#oldestMs(known, now), dead, done };
    });
    const { bytes, quarantined } = this.#writer.totals;
    const seenBytes = this.#dedupIndex.bytes;
    return {
      connections: connections.sort((a, b) => (a.connection < b.connection ? -1 : 1)),
      bytes: bytes + seenBytes,
      seenBytes,
      maxBytes: this.#maxBytes,
      quarantined,
    };
  }

  async close(): Promise<void> {
    if (this.#writer.closed) return;
    this.#writer.close();
    await this.#maintenance.idle();
    const sound = await this.#writer.idle();
    if (sound) await this.#tables.root.close();
    else this.#tables.root.close().catch(() => undefined);
    // It may be another's by now, who has not closed it.
    this.#folder.close(sound && this.#folder.isOwned());
  }

  #schedulerOf(known: ConnectionState): LaneScheduler {
    return schedulerOf(known, this.#tables.log, this.#lanes, this.#writer);
  }

  /** What is kept for replay gives way. Throws QueueFull where that is not enough. */
  #evict({ change: { bytes: more } }: WriteBatch): void {
    const most = this.#maxBytes;
    if (more <= 0) return;
    const seen = this.#dedupIndex.bytes;
    const missing = this.#writer.bytes + seen + more - most;
    if (missing <= 0) return;
    if (seen + more <= most && this.#replayLog.evict(missing) >= missing) return;
    const sum = { waiting: 0, dead: 0, done: 0 };
    for (const { counts } of this.#writer.connections())
      for (const what of ['waiting', 'dead', 'done'] as const) sum[what] += counts[what];
    throw new QueueFull(
      `the queue keeps ${this.#writer.totals.bytes + seen} bytes of at most ${most} (${sum.waiting} events wait, ${sum.dead} are dead ` +
        `letters, ${sum.done} are kept for replay and give way; ${seen} bytes are the ids of the dedup window); ${more} more do not fit. Nothing of this was kept. Let a worker go on with what ` +
        'waits, revive or drop dead letters, or open the store with more maxBytes',
    );
  }

  #oldestMs(known: ConnectionState, now: number): number {
    const oldest = known.counts.waiting === 0 ? undefined : this.#schedulerOf(known).oldest();
    if (oldest === undefined) return 0;
    const key = keys.logKey(known.number, oldest.lane, oldest.seq);
    const bytes = this.#claimed.get(oldest.seq)?.bytes ?? copyOf(this.#tables.log, key);
    const state = bytes === undefined ? 'bad' : decodeState(bytes);
    return state === 'bad' ? 0 : Math.max(0, now - state.acceptedAt);
  }
}

const noLaneOf = (): undefined => undefined;

const claimEndOf = (one: Settlement): ClaimEnd => ({
  seq: one.seq,
  returns: one.kind === 'retry',
  until: one.kind === 'retry' && one.notBefore > 0 ? one.notBefore : undefined,
  tries: one.kind === 'retry' ? triesOf(one.attempts, one.history) : undefined,
});

/** What the table gives out without copying is overwritten by the next look at it. */
function copyOf(table: Table, key: Buffer): Buffer | undefined {
  const passing = table.getBinaryFast(key);
  if (passing === undefined) return undefined;
  const bytes = allocate(passing.length);
  // Its length is not the length of what it is a view of.
  bytes.set(passing.subarray(0, bytes.length));
  return bytes;
}
