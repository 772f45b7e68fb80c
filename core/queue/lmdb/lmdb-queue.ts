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
import { Chores } from './chores.ts';
import { Delivered } from './delivered.ts';
import type { Draft, Held } from './draft.ts';
import type { Folder } from './folder.ts';
import * as keys from './keys.ts';
import { Quarantine } from './quarantine.ts';
import { Records } from './records.ts';
import { Seen } from './seen.ts';
import type { Meta, Table, Tables } from './tables.ts';
import type { ClaimEnd, LaneScheduler, ClaimResult } from './lane-scheduler.ts';
import { schedulerOf } from './waiting-log.ts';
import { Writer, type Known } from './writer.ts';

export interface LmdbQueueOptions {
  readonly maxBytes: number;
  readonly dedupWindowMs: number;
  readonly now: () => number;
  readonly emit: Emit;
}

/** What openQueue() gives. See the port for what each method promises. */
export class LmdbQueue implements DeliveryQueue {
  readonly #tables: Tables;
  readonly #folder: Folder;
  readonly #maxBytes: number;
  readonly #now: () => number;
  readonly #lanes: number;
  readonly #crashedAt: number;
  readonly #writer: Writer;
  readonly #seen: Seen;
  readonly #quarantine: Quarantine;
  readonly #delivered: Delivered;
  readonly #chores: Chores;
  readonly #held = new Map<number, Held>();

  constructor(tables: Tables, folder: Folder, meta: Meta, options: LmdbQueueOptions) {
    const { maxBytes, dedupWindowMs, now, emit } = options;
    this.#tables = tables;
    this.#folder = folder;
    this.#maxBytes = maxBytes;
    this.#now = now;
    this.#lanes = meta.make.lanes;
    this.#crashedAt = meta.make.crashedAt ?? 0;
    this.#seen = new Seen(tables.seen, { bucketMs: meta.make.seenMs, windowMs: dedupWindowMs });
    const writer = new Writer(tables, folder, meta);
    this.#writer = writer;
    this.#quarantine = new Quarantine(tables, folder, writer, emit);
    this.#delivered = new Delivered(tables, writer);
    const records = new Records(tables, this.#quarantine, writer);
    this.#chores = new Chores({ tables, writer, records, delivered: this.#delivered, seen: this.#seen, maxBytes, now });
  }

  /** The first transaction of a store that has none yet. */
  begin(): Promise<void> {
    return this.#writer.begin();
  }

  async put(
    connection: string,
    events: readonly QueuedEvent[],
  ): Promise<{ readonly accepted: number; readonly duplicates: number }> {
    this.#writer.mustBeOpen();
    this.#writer.mustFlow();
    const known = this.#writer.knownFromNow(connection);
    const { number } = known;
    const draft = this.#writer.draft(known);
    const now = this.#now();
    /** The caller may do with his array what he likes, once this waits for the disk. */
    const given = events.length;
    const fresh: string[] = [];
    try {
      for (const queued of events) {
        if (!this.#seen.note(number, queued.id, now, draft.operations)) continue;
        fresh.push(queued.id);
        draft.add(queued, connection, now);
      }
      this.#makeRoom(draft);
    } catch (error) {
      this.#seen.arrived(number, fresh);
      throw error;
    }
    failpoint('before put');
    const arrived = (): void => this.#seen.arrived(number, fresh);
    await this.#writer.write(known, draft, { kind: 'put', landed: arrived, failed: arrived });
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
    this.#writer.mustBeOpen();
    const known = this.#writer.known(connection);
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
      this.#held.set(seq, { key, bytes, state, settling: false });
      size += bytes.length;
      return size < mostBytes ? 'claimed' : 'last';
    };
    this.#schedulerOf(known).claim(most, now, open, kind);
    this.#quarantine.take(known, 'log', bad);
    return claims;
  }

  nextAt(connection: string): number | undefined {
    this.#writer.mustBeOpen();
    const known = this.#writer.known(connection);
    return known === undefined ? undefined : this.#schedulerOf(known).nextAt();
  }

  async settle(
    connection: string,
    settlements: readonly Settlement[],
    at: { readonly now: number; readonly configHash: string; readonly room?: number },
  ): Promise<void> {
    this.#writer.mustBeOpen();
    if (settlements.length === 0) return this.#writer.proveRoomFor(at.room ?? 0);
    const known = this.#writer.known(connection);
    const turns = known && this.#schedulerOf(known);
    const held = settlements.map(({ seq }) => {
      const one = this.#held.get(seq);
      if (one === undefined || one.settling || turns?.isClaimed(seq) !== true)
        throw new Error(`event ${seq} of ${connection} is not claimed, or is being settled already`);
      return one;
    });
    if (new Set(held).size < held.length) throw new Error(`an event of ${connection} is settled twice in one call`);
    if (known === undefined || turns === undefined) return;
    const draft = this.#writer.draft(known);
    for (const [index, settlement] of settlements.entries()) draft.settle(held[index]!, settlement, at);
    for (const one of held) one.settling = true;
    await this.#writer.write(known, draft, {
      landed: () => {
        for (const { seq } of settlements) this.#held.delete(seq);
        turns.settle(settlements.map(claimEndOf));
      },
      failed: () => {
        for (const one of held) one.settling = false;
      },
    });
  }

  release(connection: string, seqs: readonly number[]): void {
    this.#writer.mustBeOpen();
    const known = this.#writer.known(connection);
    if (known === undefined) return;
    const turns = this.#schedulerOf(known);
    const back = seqs.filter((seq) => turns.isClaimed(seq) && this.#held.get(seq)?.settling === false);
    const ended = back.map((seq) => {
      const { attempts, trouble } = this.#held.get(seq)!.state;
      return { seq, returns: true, tries: triesOf(attempts, trouble) };
    });
    for (const seq of back) this.#held.delete(seq);
    turns.settle(ended);
  }

  dead(connection: string, filter: DeadFilter = {}): AsyncGenerator<DeadLetter, void, undefined> {
    return this.#chores.dead(connection, filter);
  }

  requeue(connection: string, filter: DeadFilter = {}, laneOf: LaneOf = noLaneOf): Promise<number> {
    return this.#chores.revive(connection, filter, laneOf);
  }

  drop(connection: string, filter: DeadFilter = {}): Promise<number> {
    return this.#chores.forget(connection, filter);
  }

  replay(connection: string, from: number, to: number, laneOf: LaneOf = noLaneOf): Promise<number> {
    return this.#chores.replay(connection, from, to, laneOf);
  }

  purge(connection: string): Promise<number> {
    return this.#chores.purge(connection, ({ number }) => {
      for (const { key } of this.#held.values())
        if (keys.connectionOf(key) === number) throw new Error(`events of ${connection} are claimed`);
    });
  }

  prune(before: number, now: number): Promise<number> {
    return this.#chores.prune(before, now);
  }

  crashedAt(): number {
    return this.#crashedAt;
  }

  ambiguousSinceCrash(connection: string, more = 0): number {
    const known = this.#writer.known(connection);
    if (known === undefined) return 0;
    const { doubted } = known.counts;
    // What was counted after an earlier end says nothing of this one.
    const events = (doubted?.crashedAt === this.#crashedAt ? doubted.events : 0) + more;
    if (more > 0) known.counts = { ...known.counts, doubted: { crashedAt: this.#crashedAt, events } };
    return events;
  }

  waiting(connection: string): number {
    this.#writer.mustBeOpen();
    return this.#writer.known(connection)?.counts.waiting ?? 0;
  }

  status(now: number, connection?: string): QueueStatus {
    this.#writer.mustBeOpen();
    const wanted =
      connection === undefined ? [...this.#writer.everyKnown()] : [this.#writer.known(connection) ?? []].flat();
    const connections = wanted.map((known) => {
      const { id, waiting, dead, done } = known.counts;
      return { connection: id, waiting, oldestMs: this.#oldestMs(known, now), dead, done };
    });
    const { bytes, quarantined } = this.#writer.totals;
    const seenBytes = this.#seen.bytes;
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
    await this.#chores.idle();
    const sound = await this.#writer.idle();
    if (sound) await this.#tables.root.close();
    else this.#tables.root.close().catch(() => undefined);
    // It may be another's by now, who has not closed it.
    this.#folder.leave(sound && this.#folder.isOurs());
  }

  #schedulerOf(known: Known): LaneScheduler {
    return schedulerOf(known, this.#tables.log, this.#lanes, this.#writer);
  }

  /** What is kept for replay gives way. Throws QueueFull where that is not enough. */
  #makeRoom({ change: { bytes: more } }: Draft): void {
    const most = this.#maxBytes;
    if (more <= 0) return;
    const seen = this.#seen.bytes;
    const missing = this.#writer.bytes + seen + more - most;
    if (missing <= 0) return;
    if (seen + more <= most && this.#delivered.giveWay(missing) >= missing) return;
    const sum = { waiting: 0, dead: 0, done: 0 };
    for (const { counts } of this.#writer.everyKnown())
      for (const what of ['waiting', 'dead', 'done'] as const) sum[what] += counts[what];
    throw new QueueFull(
      `the queue keeps ${this.#writer.totals.bytes + seen} bytes of at most ${most} (${sum.waiting} events wait, ${sum.dead} are dead ` +
        `letters, ${sum.done} are kept for replay and give way; ${seen} bytes are the ids of the dedup window); ${more} more do not fit. Nothing of this was kept. Let a worker go on with what ` +
        'waits, revive or drop dead letters, or open the store with more maxBytes',
    );
  }

  #oldestMs(known: Known, now: number): number {
    const oldest = known.counts.waiting === 0 ? undefined : this.#schedulerOf(known).oldest();
    if (oldest === undefined) return 0;
    const key = keys.logKey(known.number, oldest.lane, oldest.seq);
    const bytes = this.#held.get(oldest.seq)?.bytes ?? copyOf(this.#tables.log, key);
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
