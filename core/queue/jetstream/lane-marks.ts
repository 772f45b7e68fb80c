import type { KV } from '@nats-io/kv';
import { requestTimeoutMs, type Broker } from './connect.ts';
import { untilAnswered } from './patience.ts';
import type { FailureHistory } from '../queue.ts';
import { isConflict } from './broker-errors.ts';

/** How far a lane has come: the message that was worked on last, and what of it is settled. */
export interface LaneMark {
  /** Of that message in the stream. */
  readonly seq: number;
  /** Of whoever wrote it. */
  readonly by: string;
  /** All of that message is settled, and of all before it. */
  readonly isDone: boolean;
  /** Positions in the message that are settled. */
  readonly settled: readonly number[];
  /** What is known of others that were tried. */
  readonly tried: readonly TriedEvent[];
  /** Whoever wrote it gave the message back, and had nothing of it under way. */
  readonly isReturned: boolean;
}

export interface TriedEvent {
  readonly position: number;
  readonly attempts: number;
  /** Epoch ms. */
  readonly notBefore: number;
  readonly ambiguous?: true | undefined;
  readonly history?: FailureHistory | undefined;
}

/** A mark, and what a write has to name to replace that one. 0: there is none yet. */
export interface MarkEntry {
  readonly mark: LaneMark | undefined;
  readonly revision: number;
}

/** Another process works on the lane: what this one knows of it is out of date. */
export class LaneTaken extends Error {
  override readonly name = 'LaneTaken';
}

/**
 * The marks of lanes. A broker that is killed comes back with acks of the past, and hands out what is done behind what
 * is newer: a mark says that it is done. Each write names the mark that it replaces, so that a process which has stood
 * still cannot undo what another one did meanwhile.
 */
export class LaneMarks {
  readonly #bucket: KV;
  readonly #name: string;
  readonly #broker: Broker;

  /** `name`: of the bucket. */
  constructor(bucket: KV, name: string, broker: Broker) {
    this.#bucket = bucket;
    this.#name = name;
    this.#broker = broker;
  }

  async read(lane: string): Promise<MarkEntry> {
    const entry = await this.#ask(() => this.#bucket.get(lane));
    if (entry === null) return { mark: undefined, revision: 0 };
    if (entry.operation !== 'PUT') return { mark: undefined, revision: entry.revision };
    return { mark: entry.json<LaneMark>(), revision: entry.revision };
  }

  /** Returns the new revision. Throws LaneTaken. */
  async write(lane: string, mark: LaneMark, revision: number): Promise<number> {
    const text = JSON.stringify(mark);
    try {
      return await this.#ask(() => this.#bucket.put(lane, text, { previousSeq: revision, timeout: requestTimeoutMs }));
    } catch (error) {
      if (!isConflict(error)) throw error;
      const entry = await this.#ask(() => this.#bucket.get(lane));
      // An answer was lost: the write that is repeated has happened.
      if (entry?.operation === 'PUT' && entry.string() === text) return entry.revision;
      throw new LaneTaken(`another process works on the lane ${lane}`);
    }
  }

  #ask<T>(ask: () => Promise<T>): Promise<T> {
    return untilAnswered(this.#broker.connection, ask);
  }

  /** Of a message that is done. */
  async remove(key: string): Promise<void> {
    // The bucket would keep a word about each key that was deleted.
    await this.#broker.manager.streams.purge(`KV_${this.#name}`, { filter: `$KV.${this.#name}.${key}` });
  }

  /** Of all that a connection has. */
  removeAll(token: string): Promise<void> {
    return this.remove(`${token}.>`);
  }
}
