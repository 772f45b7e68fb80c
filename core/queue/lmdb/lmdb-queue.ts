import type { Emit } from '../../runtime/signals.ts';
import { failpoint } from '../failpoint.ts';
import type { Claim, DeadFilter, DeadLetter, DeliveryQueue, QueuedEvent, QueueStatus, Settlement } from '../queue.ts';
import { decodeState, eventOf } from '../record.ts';
import { room } from '../room.ts';
import { Chores } from './chores.ts';
import type { Held } from './draft.ts';
import type { Folder } from './folder.ts';
import * as keys from './keys.ts';
import { Quarantine } from './quarantine.ts';
import { Records } from './records.ts';
import { Seen } from './seen.ts';
import type { Meta, Table, Tables } from './tables.ts';
import type { Turns } from './turns.ts';
import { turnsOf } from './waiting.ts';
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
  readonly #writer: Writer;
  readonly #seen: Seen;
  readonly #quarantine: Quarantine;
  readonly #chores: Chores;
  readonly #held = new Map<number, Held>();

  constructor(tables: Tables, folder: Folder, meta: Meta, options: LmdbQueueOptions) {
    const { maxBytes, dedupWindowMs, now, emit } = options;
    this.#tables = tables;
    this.#folder = folder;
    this.#maxBytes = maxBytes;
    this.#now = now;
    this.#lanes = meta.make.lanes;
    this.#seen = new Seen(tables.seen, { bucketMs: meta.make.seenMs, windowMs: dedupWindowMs });
    this.#writer = new Writer(tables, folder, meta, () => this.#seen.forgetArriving());
    this.#quarantine = new Quarantine(tables, folder, this.#writer, emit);
    this.#chores = new Chores(tables, this.#writer, new Records(tables, this.#quarantine, this.#writer), now);
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
    const known = this.#writer.knownFromNow(connection);
    const { number } = known;
    const draft = this.#writer.draft(known);
    const now = this.#now();
    const fresh: string[] = [];
    try {
      for (const queued of events) {
        if (!this.#seen.note(number, queued.id, now, draft.operations)) continue;
        fresh.push(queued.id);
        draft.add(queued, connection, now);
      }
      draft.mustFit(this.#maxBytes);
    } catch (error) {
      this.#seen.arrived(number, fresh);
      throw error;
    }
    failpoint('before put');
    await this.#writer.write(known, draft, () => this.#seen.arrived(number, fresh));
    failpoint('after put before ack');
    return { accepted: fresh.length, duplicates: events.length - fresh.length };
  }

  claim(connection: string, most: number, now: number): readonly Claim[] {
    this.#writer.mustBeOpen();
    const known = this.#writer.known(connection);
    if (known === undefined) return [];
    const claims: Claim[] = [];
    const bad: Buffer[] = [];
    this.#turnsOf(known).claim(most, now, (seq, lane) => {
      const key = keys.logKey(known.number, lane, seq);
      const bytes = copyOf(this.#tables.log, key);
      if (bytes === undefined) return 'gone';
      const state = decodeState(bytes);
      if (state === 'bad' || state.kind !== 'waiting' || state.seq !== seq) {
        bad.push(key);
        return 'gone';
      }
      if (state.notBefore > now) return state.notBefore;
      const { id, acceptedAt, attempts } = state;
      claims.push({ seq, id, lane: state.lane, event: eventOf(bytes), acceptedAt, attempts });
      this.#held.set(seq, { key, bytes, state, settling: false });
      return 'claimed';
    });
    this.#quarantine.take(known, 'log', bad);
    return claims;
  }

  nextAt(connection: string): number | undefined {
    this.#writer.mustBeOpen();
    const known = this.#writer.known(connection);
    return known === undefined ? undefined : this.#turnsOf(known).nextAt();
  }

  async settle(
    connection: string,
    settlements: readonly Settlement[],
    at: { readonly now: number; readonly configHash: string },
  ): Promise<void> {
    this.#writer.mustBeOpen();
    const known = this.#writer.known(connection);
    const turns = known && this.#turnsOf(known);
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
    try {
      await this.#writer.write(known, draft, () => {
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
    this.#writer.mustBeOpen();
    const known = this.#writer.known(connection);
    if (known === undefined) return;
    const turns = this.#turnsOf(known);
    const back = seqs.filter((seq) => turns.isClaimed(seq) && this.#held.get(seq)?.settling === false);
    for (const seq of back) this.#held.delete(seq);
    turns.settle(back.map((seq) => ({ seq, back: true })));
  }

  dead(connection: string, filter: DeadFilter = {}): AsyncGenerator<DeadLetter, void, undefined> {
    return this.#chores.dead(connection, filter);
  }

  revive(connection: string, filter: DeadFilter = {}): Promise<number> {
    return this.#chores.revive(connection, filter);
  }

  replay(connection: string, from: number, to: number): Promise<number> {
    return this.#chores.replay(connection, from, to, this.#maxBytes);
  }

  prune(before: number, now: number): Promise<number> {
    return this.#chores.prune(before, now, this.#seen);
  }

  status(now: number): QueueStatus {
    this.#writer.mustBeOpen();
    const connections = Array.from(this.#writer.everyKnown(), (known) => {
      const { id, waiting, dead, done } = known.kept;
      return { connection: id, waiting, oldestMs: this.#oldestMs(known, now), dead, done };
    });
    const { bytes, quarantined } = this.#writer.kept;
    return {
      connections: connections.sort((a, b) => (a.connection < b.connection ? -1 : 1)),
      bytes,
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

  #turnsOf(known: Known): Turns {
    return turnsOf(known, this.#tables.log, this.#lanes, this.#writer);
  }

  #oldestMs(known: Known, now: number): number {
    const oldest = known.kept.waiting === 0 ? undefined : this.#turnsOf(known).oldest();
    if (oldest === undefined) return 0;
    const key = keys.logKey(known.number, oldest.lane, oldest.seq);
    const bytes = this.#held.get(oldest.seq)?.bytes ?? copyOf(this.#tables.log, key);
    const state = bytes === undefined ? 'bad' : decodeState(bytes);
    return state === 'bad' ? 0 : Math.max(0, now - state.acceptedAt);
  }
}

/** What the table gives out without copying is overwritten by the next look at it. */
function copyOf(table: Table, key: Buffer): Buffer | undefined {
  const passing = table.getBinaryFast(key);
  if (passing === undefined) return undefined;
  const bytes = room(passing.length);
  // Its length is not the length of what it is a view of.
  bytes.set(passing.subarray(0, bytes.length));
  return bytes;
}
