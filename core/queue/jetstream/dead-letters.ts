import { gunzipSync, gzipSync } from 'node:zlib';
import type { JsMsg } from '@nats-io/jetstream';
import type { IncomingEvent } from '../../api/event.ts';
import type { OutcomeKind, Reason } from '../../api/outcome.ts';
import type { DeadFilter, DeadLetter } from '../queue.ts';
import type { Broker } from './connect.ts';
import { tokenOf, type Names } from './names.ts';
import type { PackedEvent } from './pack.ts';
import { headerNames, type Publisher } from './publisher.ts';
import { messagesIn } from './scan.ts';

/** An event that was given up. */
export interface GivenUp {
  readonly packed: PackedEvent;
  readonly outcome: OutcomeKind;
  readonly reason: Reason;
  readonly attempts: number;
  /** Epoch ms. */
  readonly diedAt: number;
  readonly configHash: string;
  /** Tells it from all others: a second letter of it is a no-op. */
  readonly key: string;
}

/** A dead letter, and its event as text. */
export interface StoredLetter extends Omit<DeadLetter, 'event'> {
  readonly text: string;
}

/** Letters on their way at once. */
const inFlight = 50;
const leastCompressed = 1_024;

/** The dead letters of a store: a stream of its own, a message each. */
export class DeadLetters {
  readonly #broker: Broker;
  readonly #publisher: Publisher;
  readonly #names: Names;

  constructor(broker: Broker, publisher: Publisher, names: Names) {
    this.#broker = broker;
    this.#publisher = publisher;
    this.#names = names;
  }

  /**
   * Returns of each whether it was there before. Throws QueueFull; which of them are there then is not known, and the
   * same call again completes it.
   */
  async write(connection: string, token: string, letters: readonly GivenUp[]): Promise<readonly boolean[]> {
    const known: boolean[] = [];
    for (let at = 0; at < letters.length; at += inFlight) {
      const some = letters.slice(at, at + inFlight);
      known.push(...(await Promise.all(some.map((letter) => this.#writeOne(connection, token, letter)))));
    }
    return known;
  }

  async #writeOne(connection: string, token: string, { packed, key, ...letter }: GivenUp): Promise<boolean> {
    const { id, lanes, acceptedAt, trace, text } = packed;
    const head = JSON.stringify({ connection, id, lanes, acceptedAt, trace, ...letter });
    const data = Buffer.from(`${head}\n${text}`);
    const isCompressed = data.length >= leastCompressed;
    const { isDuplicate } = await this.#publisher.publish({
      subject: this.#names.deadSubject(token),
      data: isCompressed ? gzipSync(data, { level: 1 }) : data,
      isCompressed,
      messageId: `dead:${key}`,
      headers: { [headerNames.reason]: letter.reason.code },
    });
    return isDuplicate;
  }

  async *list(connection: string, filter: DeadFilter = {}): AsyncGenerator<StoredLetter, void, undefined> {
    const { seq } = filter;
    for await (const message of this.#messages(connection, seq === undefined ? {} : { from: seq })) {
      if (seq !== undefined && message.seq > seq) return;
      const code = message.headers?.get(headerNames.reason);
      if (filter.reason !== undefined && filter.reason !== code) continue;
      const letter = letterOf(message);
      if (filter.since === undefined || letter.diedAt >= filter.since) yield letter;
    }
  }

  async reasons(connection: string): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for await (const { headers } of this.#messages(connection, { headersOnly: true })) {
      const code = headers?.get(headerNames.reason) ?? '';
      counts[code] = (counts[code] ?? 0) + 1;
    }
    return counts;
  }

  async remove(seqs: readonly number[]): Promise<void> {
    const { manager } = this.#broker;
    for (let at = 0; at < seqs.length; at += inFlight)
      await Promise.all(
        seqs.slice(at, at + inFlight).map((seq) => manager.streams.deleteMessage(this.#names.dead, seq, false)),
      );
  }

  async drop(connection: string, filter: DeadFilter = {}): Promise<number> {
    if (Object.values(filter).every((part) => part === undefined)) {
      const { manager } = this.#broker;
      const { purged } = await manager.streams.purge(this.#names.dead, {
        filter: this.#names.deadSubject(tokenOf(connection)),
      });
      return purged;
    }
    const seqs: number[] = [];
    for await (const { seq } of this.list(connection, filter)) seqs.push(seq);
    await this.remove(seqs);
    return seqs.length;
  }

  #messages(connection: string, more: { readonly from?: number; readonly headersOnly?: boolean }) {
    const subject = this.#names.deadSubject(tokenOf(connection));
    return messagesIn(this.#broker, { stream: this.#names.dead, subject, ...more });
  }
}

function letterOf(message: JsMsg): StoredLetter {
  const isCompressed = message.headers?.get(headerNames.encoding) === 'gzip';
  const body = (isCompressed ? gunzipSync(message.data) : Buffer.from(message.data)).toString();
  const end = body.indexOf('\n');
  const head = JSON.parse(body.slice(0, end)) as Omit<StoredLetter, 'text' | 'seq'>;
  return { ...head, seq: message.seq, text: body.slice(end + 1) };
}

export const deadLetterOf = ({ text, ...letter }: StoredLetter): DeadLetter => ({
  ...letter,
  event: JSON.parse(text) as IncomingEvent,
});
