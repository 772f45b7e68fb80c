import { EventTooLarge } from './broker-errors.ts';
import { requestTimeoutMs, type Broker } from './connect.ts';
import { untilAnswered } from './patience.ts';
import { encodePack, packsOf, type Packed, type PackedEvent } from './pack.ts';

/** What a message is known by, beside its body. */
export const headerNames = {
  /** The version of the body's form. */
  pack: 'Spillway-Pack',
  /** How many events it has. */
  count: 'Spillway-Count',
  encoding: 'Content-Encoding',
  /** The code of a dead letter's reason. */
  reason: 'Spillway-Reason',
} as const;

export const packVersion = '1';

/** A message that is to be published. */
export interface Outgoing extends Packed {
  readonly subject: string;
  /** The same message a second time, within the dedup window, is a no-op. */
  readonly messageId: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Published {
  /** Of the stream. */
  readonly seq: number;
  /** It was there before. */
  readonly isDuplicate: boolean;
}

/** Publishes, and says what became of it. Throws QueueFull, BrokerOverdue, EventTooLarge, or that it is closed. */
export class Publisher {
  readonly #broker: Broker;
  /** By subject: a message follows the one before it once that is confirmed, or their order is lost. */
  readonly #last = new Map<string, Promise<unknown>>();

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  /** Cuts a list into packs, in order, of which each fits into a message where its events do. */
  packsOf<E extends PackedEvent>(events: readonly E[]): readonly (readonly E[])[] {
    return packsOf(events).flatMap((pack) => this.#halved(pack));
  }

  #halved<E extends PackedEvent>(pack: readonly E[]): readonly (readonly E[])[] {
    const letters = pack.reduce((sum, { text }) => sum + text.length + stateRoom, 0);
    if (pack.length === 1 || letters * bytesOfLetter <= this.#mostBytes()) return [pack];
    if (encodePack(pack).data.length <= this.#mostBytes()) return [pack];
    const half = Math.ceil(pack.length / 2);
    return [...this.#halved(pack.slice(0, half)), ...this.#halved(pack.slice(half))];
  }

  pack(subject: string, events: readonly PackedEvent[], messageId: string): Outgoing {
    const packed = encodePack(events);
    this.#assertFits(packed, events.length);
    const { pack, count } = headerNames;
    const headers = { [pack]: packVersion, [count]: String(events.length) };
    return { ...packed, subject, messageId, headers };
  }

  /** Runs `publish` once what was to be published on that subject before is. */
  inOrder<T>(subject: string, publish: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(subject) ?? Promise.resolve()).then(publish, publish);
    this.#last.set(subject, turn);
    const forget = (): void => {
      if (this.#last.get(subject) === turn) this.#last.delete(subject);
    };
    turn.then(forget, forget);
    return turn;
  }

  async publish(outgoing: Outgoing): Promise<Published> {
    const { stream, connection } = this.#broker;
    const { messageId, subject, data } = outgoing;
    const headers = this.#headersOf(outgoing);
    const { seq, duplicate } = await untilAnswered(connection, () =>
      stream.publish(subject, data, { msgID: messageId, headers, timeout: requestTimeoutMs }),
    );
    return { seq, isDuplicate: duplicate };
  }

  #headersOf({ headers, isCompressed }: Outgoing) {
    const all = this.#broker.nats.transport.headers();
    for (const [name, value] of Object.entries(headers)) all.set(name, value);
    if (isCompressed) all.set(headerNames.encoding, 'gzip');
    return all;
  }

  #mostBytes(): number {
    return (this.#broker.connection.info?.max_payload ?? Number.POSITIVE_INFINITY) - headerRoom;
  }

  #assertFits({ data }: Packed, events: number): void {
    const most = this.#mostBytes();
    if (data.length > most)
      throw new EventTooLarge(
        `${events === 1 ? 'an event takes' : `${events} events take`} ${data.length} bytes, and the broker takes ${most} in one message: raise its max_payload`,
      );
  }
}

/** The broker counts headers as payload. */
const headerRoom = 1_024;
/** What a pack says of an event beside its text, but for long ids. */
const stateRoom = 512;
/** At most, in UTF-8. */
const bytesOfLetter = 3;
