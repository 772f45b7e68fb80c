import { QueueFull, type Settlement } from '../queue.ts';
import { tell } from './acknowledgements.ts';
import type { Broker } from './connect.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { DoneMessages } from './done-messages.ts';
import type { LaneMarks } from './lane-marks.ts';
import { triedOf, type LeasedEvent } from './leased-events.ts';
import { consumerName, hashOf, type Names } from './names.ts';
import type { PackedEvent } from './pack.ts';
import type { PackLease } from './pack-lease.ts';
import { headerNames, type Publisher } from './publisher.ts';

/** One settlement, and the event that it is of. */
export interface SettledPart {
  readonly event: LeasedEvent;
  readonly settlement: Settlement;
}

export interface JournalOptions {
  readonly broker: Broker;
  readonly publisher: Publisher;
  readonly marks: LaneMarks;
  readonly done: DoneMessages;
  readonly deadLetters: DeadLetters;
  readonly names: Names;
  readonly token: string;
  readonly connection: string;
  /** Of this process. */
  readonly by: string;
}

/** A message of no lane that is done sooner has no mark (ms). */
const unmarkedMs = 1_000;

/**
 * Writes down at the broker what became of the events of a connection: dead letters first, then what goes on in another
 * message, then the mark, and the ack last. Each step can be repeated: its message ids tell.
 */
export class SettlementJournal {
  readonly #options: JournalOptions;

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  /** Throws QueueFull where dead letters would not fit, or that the broker does not answer. */
  async proveWritable(): Promise<void> {
    const { broker, names } = this.#options;
    const { state, config } = await broker.manager.streams.info(names.dead);
    if (config.max_bytes > 0 && state.bytes >= config.max_bytes * 0.98)
      throw new QueueFull(`${names.dead} is full: requeue or drop dead letters, or give it more bytes`);
  }

  /**
   * Dead letters, and events of no lane that are to be tried again. Returns which of these go on in another message;
   * where the stream is full, they stay in theirs.
   */
  async publish(
    parts: readonly SettledPart[],
    { now, configHash }: { readonly now: number; readonly configHash: string },
  ): Promise<ReadonlySet<string>> {
    const { deadLetters, connection, token } = this.#options;
    const dead = parts.flatMap(({ event, settlement }) => {
      if (settlement.kind !== 'dead') return [];
      const { outcome, reason, attempts } = settlement;
      return [{ packed: event.packed, outcome, reason, attempts, diedAt: now, configHash, key: keyOf(event) }];
    });
    await deadLetters.write(connection, token, dead);
    const retries = parts.flatMap(({ event, settlement }): readonly MovedEvent[] => {
      if (settlement.kind !== 'retry' || event.lease.hasLane) return [];
      const { position: _position, ...tried } = triedOf(event, settlement);
      return [{ ...movedOf(event), ...tried }];
    });
    return this.#publishRetries(retries);
  }

  /**
   * Has the mark say what is settled, where something has to wait for that. `moved`: the keys of events that go on in
   * another message; whoever gets this one after a kill must not have them again.
   */
  async mark(lease: PackLease, parts: readonly SettledPart[], moved: ReadonlySet<string> = new Set()): Promise<void> {
    if (lease.isLost) return;
    const stays = ({ event, settlement }: SettledPart): boolean =>
      settlement.kind === 'retry' && !moved.has(keyOf(event));
    const settled = parts.filter((part) => !stays(part)).map(({ event }) => event.position);
    const isDelivery = parts.every(({ settlement }) => settlement.kind === 'done');
    const isLast = settled.length === lease.open;
    // The end of a message of no lane says all of it.
    if (parts.length > 0 && isLast && !lease.hasLane) return;
    if (parts.length > 0 && isDelivery && !isLast) {
      // Nothing has to wait for it: a crash before the next mark sends it again, as it would a moment earlier.
      lease.isUnmarked = true;
      return;
    }
    if (parts.length === 0 && !lease.hasLane && performance.now() - lease.takenAt < unmarkedMs) return;
    const tried = parts.flatMap((part) =>
      part.settlement.kind === 'retry' && stays(part) ? [triedOf(part.event, part.settlement)] : [],
    );
    await this.#write(lease, settled, tried, false);
  }

  /** Everything of it is settled. */
  async finish(lease: PackLease): Promise<void> {
    const { broker, publisher, names, token, done } = this.#options;
    const { undelivered, message, source, seq } = lease;
    if (undelivered.length > 0) {
      const subject = names.subject(token, source.epoch, 'undelivered');
      const headers = { [headerNames.count]: String(undelivered.length) };
      const data = new TextEncoder().encode(JSON.stringify({ seq, positions: undelivered }));
      const note = { subject, data, isCompressed: false, messageId: `undelivered:${seq}`, headers };
      await publisher.publish(note).catch(async (error: unknown) => {
        if (!(error instanceof QueueFull)) throw error;
        // A full stream keeps nothing for replay, and a note would wait for the room that this message takes.
        await broker.manager.streams.deleteMessage(names.stream, seq, false);
      });
    }
    done.add(token, lease);
    await tell(broker, message, '+ACK');
    if (!lease.hasLane && lease.revision > 0) await this.#options.marks.remove(source.markKey);
  }

  async giveBack(lease: PackLease, rest: readonly LeasedEvent[]): Promise<void> {
    const { message, source } = lease;
    if (lease.isLost) return;
    if (lease.hasLane) {
      await this.#write(lease, [], [], true);
      await this.#forgetRequests(source);
      return message.nak();
    }
    // The broker would count this delivery as one that failed: a message of its own says that nothing was sent.
    const moved = await this.#publishRetries(rest.map(movedOf));
    if (moved.size < rest.length) {
      for (const event of rest) if (moved.has(keyOf(event))) lease.settle(event.position, true);
      await this.#write(lease, [], [], true);
      return message.nak();
    }
    this.#options.done.add(this.#options.token, lease);
    await tell(this.#options.broker, message, '+ACK');
    if (lease.revision > 0) await this.#options.marks.remove(source.markKey);
  }

  /**
   * The requests that have ended here are still at the broker: it would hand the message to one of them, and then to
   * nobody until its lease is over (2.9.10). Whoever asks for the consumer's state has it look who is still there.
   */
  async #forgetRequests({ epoch, channel }: PackLease['source']): Promise<void> {
    const { broker, names, token } = this.#options;
    await broker.manager.consumers.info(names.stream, consumerName(token, epoch, channel)).catch(() => undefined);
  }

  async #write(
    lease: PackLease,
    settled: readonly number[],
    tried: Parameters<PackLease['mark']>[2],
    isReturned: boolean,
  ): Promise<void> {
    const { marks, by } = this.#options;
    lease.isUnmarked = false;
    try {
      lease.revision = await marks.write(
        lease.source.markKey,
        lease.mark(by, settled, tried, isReturned),
        lease.revision,
      );
    } catch (error) {
      lease.isUnmarked = true;
      throw error;
    }
  }

  /** Returns the keys of those that are in a message of their own. */
  async #publishRetries(events: readonly MovedEvent[]): Promise<ReadonlySet<string>> {
    const { publisher, names, token } = this.#options;
    const moved = new Set<string>();
    const [first] = events;
    if (first === undefined) return moved;
    const subject = names.subject(token, first.epoch, 'retry');
    await publisher
      .inOrder(subject, async () => {
        for (const pack of publisher.packsOf(events)) {
          const messageId = `retry:${hashOf(token, ...pack.map(({ key }) => key))}`;
          await publisher.publish(publisher.pack(subject, pack.map(packedOf), messageId));
          for (const { key } of pack) moved.add(key);
        }
      })
      .catch((error: unknown) => {
        if (!(error instanceof QueueFull)) throw error;
      });
    return moved;
  }
}

/** An event that goes on in another message, and in which one it was. */
interface MovedEvent extends PackedEvent {
  readonly key: string;
  readonly epoch: number;
}

/** Tells an event from all others of its store. */
export const keyOf = ({ lease, position }: LeasedEvent): string => `${lease.seq}:${position}`;

function movedOf(event: LeasedEvent): MovedEvent {
  const { attempts, notBefore, ambiguous, history } = event;
  return {
    ...event.packed,
    ...(attempts === 0 ? {} : { attempts }),
    ...(notBefore === 0 ? {} : { notBefore }),
    ...(ambiguous === undefined ? {} : { ambiguous }),
    ...(history === undefined ? {} : { history }),
    key: keyOf(event),
    epoch: event.lease.source.epoch,
  };
}

const packedOf = ({ key: _key, epoch: _epoch, ...packed }: MovedEvent): PackedEvent => packed;
