import type { IncomingEvent } from '../../api/event.ts';
import { connectionIdOf, QueueFull, type Put, type PutResult, type QueuedEvent } from '../queue.ts';
import type { DeadLetters, GivenUp } from './dead-letters.ts';
import { channelOf, fnv1a, hashOf, tokenOf, type Names, type Channel } from './names.ts';
import type { PackedEvent } from './pack.ts';
import type { Outgoing, Publisher } from './publisher.ts';
import type { ConnectionRecord, Registry } from './registry.ts';
import type { Layout } from './stream-setup.ts';

export interface PutterOptions {
  readonly publisher: Publisher;
  readonly registry: Registry;
  readonly deadLetters: DeadLetters;
  readonly names: Names;
  readonly layout: Layout;
  /** Takes out what is settled. */
  readonly makeRoom: () => Promise<number>;
  /** Epoch ms. */
  readonly now: () => number;
}

/** An event on its way into the stream, and where it was in its put. */
interface PutEvent extends PackedEvent {
  readonly position: number;
}

/** One message of a put. */
interface PutPack {
  readonly outgoing: Outgoing;
  readonly events: readonly PutEvent[];
  readonly isSettled: boolean;
}

/** A message, and which of its put it is. */
interface SentPack {
  readonly outgoing: Outgoing;
  readonly at: number;
}

interface PreparedPut {
  readonly record: ConnectionRecord;
  readonly packs: readonly PutPack[];
  readonly rejected: readonly RejectedEvent[];
  /** Events in the put. */
  readonly total: number;
}

interface RejectedEvent extends PutEvent {
  readonly outcome: NonNullable<QueuedEvent['outcome']>;
}

/** Messages of one put that are on their way at once, where they have no order. */
const groupSize = 10;

/** Writes events into the lanes of a stream. */
export class EventPutter {
  readonly #options: PutterOptions;

  constructor(options: PutterOptions) {
    this.#options = options;
  }

  /** Where events of these vendor's lanes go: into the lane of the first of them. */
  channelOf(lanes: readonly string[] | undefined): Channel {
    const [first] = lanes ?? [];
    return first === undefined ? 'any' : fnv1a(first) % this.#options.layout.lanes;
  }

  async putAll(puts: readonly Put[]): Promise<readonly PutResult[]> {
    const prepared = [];
    // Everything that can be refused beforehand is, so that nothing is kept of it.
    for (const put of puts) prepared.push(await this.#prepare(put));
    const results: PutResult[] = [];
    for (const one of prepared) results.push(await this.#write(one));
    return results;
  }

  /** Puts events at the tail that were in the stream before. `batch` tells this time from others. */
  async putAgain(record: ConnectionRecord, events: readonly PackedEvent[], batch: string): Promise<void> {
    const hasLanes = events.some(({ lanes }) => lanes !== undefined);
    if (hasLanes && !record.hasLanes)
      await this.#options.registry.register({ id: record.id, settings: undefined, hasLanes });
    const channels = new Map<Channel, PackedEvent[]>();
    const { publisher } = this.#options;
    for (const event of events) addTo(channels, this.channelOf(event.lanes), event);
    const packs = [...channels].flatMap(([channel, some]) =>
      publisher.packsOf(some).map((pack) => this.#pack(record, channel, pack, batch)),
    );
    await this.#publishAll(packs);
  }

  async #prepare(put: Put): Promise<PreparedPut> {
    const { connection } = put;
    const { publisher } = this.#options;
    const id = connectionIdOf(put);
    const hasLanes = put.events.some(({ lanes }) => lanes !== undefined);
    const settings = typeof connection === 'string' ? undefined : connection;
    const record = await this.#options.registry.register({ id, settings, hasLanes });
    const fresh = new Map<string, PutEvent & { readonly outcome: QueuedEvent['outcome'] }>();
    for (const [position, event] of put.events.entries())
      if (!fresh.has(event.id)) fresh.set(event.id, { ...packedOf(event), position, outcome: event.outcome });
    const channels = new Map<Channel, PutEvent[]>();
    const rejected: RejectedEvent[] = [];
    for (const { outcome, ...event } of fresh.values()) {
      if (outcome?.kind === 'rejected') rejected.push({ ...event, outcome });
      else addTo(channels, outcome === undefined ? this.channelOf(event.lanes) : 'done', event);
    }
    const packs = [...channels].flatMap(([channel, events]) =>
      publisher.packsOf(events).map((pack): PutPack => {
        const packed = pack.map(({ position: _position, ...event }) => event);
        return { outgoing: this.#pack(record, channel, packed, ''), events: pack, isSettled: channel === 'done' };
      }),
    );
    return { record, packs, rejected, total: put.events.length };
  }

  async #write({ record, packs, rejected, total }: PreparedPut): Promise<PutResult> {
    const settled: number[] = [];
    let accepted = 0;
    const results = await this.#publishAll(packs.map(({ outgoing }) => outgoing));
    for (const [at, { events, isSettled }] of packs.entries()) {
      if (results[at] === true) continue;
      accepted += events.length;
      if (isSettled) settled.push(...events.map(({ position }) => position));
    }
    const { deadLetters, now } = this.#options;
    const token = tokenOf(record.id);
    const letters = rejected.map(({ outcome, position: _position, ...packed }): GivenUp => {
      const key = `put:${hashOf(record.generation, packed.id)}`;
      return { packed, outcome: 'rejected', reason: outcome.reason, attempts: 0, diedAt: now(), configHash: '', key };
    });
    const known = await deadLetters.write(record.id, token, letters);
    const fresh = rejected.filter((_, at) => known[at] !== true).map(({ position }) => position);
    accepted += fresh.length;
    settled.push(...fresh);
    const counts = { accepted, duplicates: total - accepted };
    return settled.length === 0 ? counts : { ...counts, settled: settled.sort((a, b) => a - b) };
  }

  #pack(record: ConnectionRecord, channel: Channel, events: readonly PackedEvent[], batch: string): Outgoing {
    const { publisher, names, layout } = this.#options;
    const subject = names.subject(tokenOf(record.id), layout.epoch, channel);
    const keys = events.map(({ id, origin }) => (origin === undefined ? id : `${id} ${origin}`));
    const messageId = hashOf(record.generation, subject, batch, ...keys);
    return publisher.pack(subject, events, messageId);
  }

  /** Returns of each whether it was there before. After the first refusal nothing more of a lane is sent. */
  async #publishAll(packs: readonly Outgoing[]): Promise<readonly boolean[]> {
    const { publisher } = this.#options;
    const bySubject = new Map<string, SentPack[]>();
    for (const [at, outgoing] of packs.entries()) addTo(bySubject, outgoing.subject, { outgoing, at });
    const isDuplicate: boolean[] = [];
    let refusal: { readonly error: unknown } | undefined;
    const send = async ({ outgoing, at }: SentPack): Promise<void> => {
      if (refusal !== undefined) throw refusal.error;
      try {
        isDuplicate[at] = (await this.#publish(outgoing)).isDuplicate;
      } catch (error) {
        refusal ??= { error };
        throw error;
      }
    };
    const sent = [...bySubject].map(([subject, some]) =>
      channelOf(subject)?.channel === 'any'
        ? inGroups(some, send)
        : publisher.inOrder(subject, async () => {
            for (const pack of some) await send(pack);
          }),
    );
    const results = await Promise.allSettled(sent);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    return isDuplicate;
  }

  async #publish(outgoing: Outgoing) {
    const { publisher, makeRoom } = this.#options;
    try {
      return await publisher.publish(outgoing);
    } catch (error) {
      if (!(error instanceof QueueFull) || (await makeRoom()) === 0) throw error;
      return publisher.publish(outgoing);
    }
  }
}

/** Messages of no lane have no order: they need not wait for each other. */
async function inGroups(packs: readonly SentPack[], send: (pack: SentPack) => Promise<void>): Promise<void> {
  for (let from = 0; from < packs.length; from += groupSize) {
    const results = await Promise.allSettled(packs.slice(from, from + groupSize).map(send));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }
}

function addTo<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

const packedOf = ({ id, event, acceptedAt, lanes, trace }: QueuedEvent): PackedEvent => ({
  id,
  acceptedAt,
  ...(lanes === undefined ? {} : { lanes: [...new Set(lanes)] }),
  ...(trace === undefined ? {} : { trace }),
  text: JSON.stringify(event satisfies IncomingEvent),
});
