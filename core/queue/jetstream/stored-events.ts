import type { IncomingEvent } from '../../api/event.ts';
import type { LanesOf, WaitingEvent } from '../queue.ts';
import type { Broker } from './connect.ts';
import type { LaneMark, LaneMarks } from './lane-marks.ts';
import { laneKey, channelOf, tokenOf, type Names } from './names.ts';
import { decodePack, type PackedEvent } from './pack.ts';
import { readChannels, type ChannelState } from './channels.ts';
import { headerNames } from './publisher.ts';
import { messagesIn } from './scan.ts';

/** An event in the stream, and where. */
interface StoredEvent {
  readonly packed: PackedEvent;
  readonly seq: number;
  readonly position: number;
  /** Epoch ms when its message was put. */
  readonly at: number;
  readonly isWaiting: boolean;
  /** A process has it, or had it when it died. */
  readonly isOut: boolean;
}

/** More than the events of a message, so that message and position make one number. */
export const positions = 128;

/** The number of a waiting event's message in the stream. */
export const messageSeqOf = (seq: number): number => Math.floor(seq / positions);

/** Reads what the stream has of a connection, and takes nothing out. */
export class StoredEvents {
  readonly #broker: Broker;
  readonly #names: Names;
  readonly #marks: LaneMarks;
  readonly #epoch: number;

  constructor(broker: Broker, names: Names, marks: LaneMarks, epoch: number) {
    this.#broker = broker;
    this.#names = names;
    this.#marks = marks;
    this.#epoch = epoch;
  }

  /** `unattended`: nobody delivers for the connection, so that what is out was left by a process that died. */
  async peek(connection: string, most: number, after?: number, unattended = false): Promise<readonly WaitingEvent[]> {
    const waiting: WaitingEvent[] = [];
    const from = after === undefined ? undefined : messageSeqOf(after);
    if (most < 1) return waiting;
    for await (const { packed, seq, position, isWaiting, isOut } of this.#read(connection, { from })) {
      const number = seq * positions + position;
      if (!isWaiting || (after !== undefined && number <= after)) continue;
      const { id, acceptedAt, lanes, trace, text, attempts = 0, history } = packed;
      const ambiguous = unattended && isOut ? true : packed.ambiguous;
      waiting.push({ id, acceptedAt, lanes, trace, text, seq: number, attempts, ambiguous, history });
      if (waiting.length >= most) break;
    }
    return waiting;
  }

  /** What was put between two times (epoch ms, both included) and delivered since, as new events, in some steps. */
  async *replayed(
    connection: string,
    from: number,
    to: number,
    now: number,
    lanesOf: LanesOf | undefined,
  ): AsyncGenerator<readonly PackedEvent[], void, undefined> {
    const undelivered = await this.#undeliveredSince(connection, from);
    let events: PackedEvent[] = [];
    for await (const { packed, seq, position, at, isWaiting } of this.#read(connection, { since: from })) {
      if (at > to) break;
      if (at < from || isWaiting || undelivered.has(seq * positions + position)) continue;
      const lanes = packed.lanes ?? lanesOf?.(JSON.parse(packed.text) as IncomingEvent);
      const id = `replay:${packed.id}:${crypto.randomUUID()}`;
      const { text, trace } = packed;
      events.push({ id, acceptedAt: now, text, origin: 'replay', ...definedOf({ lanes, trace }) });
      if (events.length >= chunk) {
        yield events;
        events = [];
      }
    }
    if (events.length > 0) yield events;
  }

  async #undeliveredSince(connection: string, since: number): Promise<ReadonlySet<number>> {
    const undelivered = new Set<number>();
    const subject = this.#names.subject(tokenOf(connection), this.#epoch, 'undelivered');
    for await (const message of messagesIn(this.#broker, { stream: this.#names.stream, subject, since })) {
      const { seq, positions: some } = message.json<{ readonly seq: number; readonly positions: readonly number[] }>();
      for (const position of some) undelivered.add(seq * positions + position);
    }
    return undelivered;
  }

  async *#read(
    connection: string,
    where: { readonly from?: number | undefined; readonly since?: number | undefined },
  ): AsyncGenerator<StoredEvent, void, undefined> {
    const token = tokenOf(connection);
    const channels = new Map<string, ChannelState>();
    for (const channel of await readChannels(this.#broker, this.#names, token)) channels.set(channel.subject, channel);
    const marks = await this.#marksOf([...channels.values()]);
    const begun = new Set<string>();
    for await (const message of messagesIn(this.#broker, {
      stream: this.#names.stream,
      subject: this.#names.allOf(token, this.#epoch),
      ...where,
    })) {
      const { subject, seq } = message;
      if (channelOf(subject)?.channel === 'undelivered') continue;
      const isCompressed = message.headers?.get(headerNames.encoding) === 'gzip';
      const state = channels.get(subject);
      const mark = marks.get(subject);
      const isOpen =
        seq > (state?.floor ?? 0) && !(mark !== undefined && (seq < mark.seq || (seq === mark.seq && mark.isDone)));
      const { settled = [], tried = [], isReturned = false } = mark?.seq === seq ? mark : {};
      const isFirst = isOpen && !begun.has(subject);
      if (isOpen) begun.add(subject);
      // Of a lane, one message is out at a time.
      const isOut = isOpen && (state?.out ?? 0) > 0 && !isReturned && (isFirst || typeof state?.channel !== 'number');
      for (const [position, packed] of decodePack({ data: message.data, isCompressed }).entries()) {
        const { attempts, ambiguous, history } = tried.find((one) => one.position === position) ?? packed;
        const isWaiting = isOpen && !settled.includes(position);
        const known = { ...packed, attempts, ambiguous, history };
        yield { packed: known, seq, position, at: message.time.getTime(), isWaiting, isOut };
      }
    }
  }

  async #marksOf(channels: readonly ChannelState[]): Promise<ReadonlyMap<string, LaneMark>> {
    const marks = new Map<string, LaneMark>();
    await Promise.all(
      channels.map(async ({ token, epoch, channel, subject, out }) => {
        if (typeof channel !== 'number' || out === 0) return;
        const { mark } = await this.#marks.read(laneKey(token, epoch, channel));
        if (mark !== undefined) marks.set(subject, mark);
      }),
    );
    return marks;
  }
}

const chunk = 500;

const definedOf = <T extends object>(of: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined)) as never;
