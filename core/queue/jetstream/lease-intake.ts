import type { JsMsg } from '@nats-io/jetstream';
import type { Broker } from './connect.ts';
import type { DoneMessages } from './done-messages.ts';
import type { LaneMark, LaneMarks, MarkEntry } from './lane-marks.ts';
import { LastTaken } from './last-taken.ts';
import type { LeaseQueue } from './lease-queue.ts';
import type { LeaseRecords } from './lease-records.ts';
import { isImport } from '../record-import.ts';
import { laneKey, messageKey, type Names, type Channel } from './names.ts';
import { decodePack, UnreadablePack, type PackedEvent } from './pack.ts';
import { PackLease } from './pack-lease.ts';
import { headerNames, packVersion, type Publisher } from './publisher.ts';
import type { RecentIds } from './recent-ids.ts';

export interface IntakeOptions {
  readonly broker: Pick<Broker, 'connection'>;
  readonly queue: LeaseQueue;
  readonly marks: LaneMarks;
  readonly done: DoneMessages;
  readonly records: LeaseRecords;
  readonly publisher: Publisher;
  readonly names: Names;
  readonly recent: RecentIds;
  readonly token: string;
  readonly epoch: number;
  readonly by: string;
  readonly leaseMs: number;
  /** Epoch ms. */
  readonly now: () => number;
  readonly onDefect: (where: string, error: unknown) => void;
}

/** A failed event that has to wait longer than this goes back to the broker meanwhile (ms). */
const longestLocalWaitMs = 5_000;
/** No broker starts sooner (ms). */
const freshMs = 250;
const unmarked: MarkEntry = { mark: undefined, revision: 0 };

/** Makes leases of messages: leaves out what is settled, and says what an earlier process may have sent. */
export class LeaseIntake {
  readonly #options: IntakeOptions;
  readonly #lastTaken: LastTaken;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#lastTaken = new LastTaken(options.broker.connection);
  }

  /** Returns whether there is something to deliver. */
  async take(message: JsMsg, channel: Channel): Promise<boolean> {
    const { token, epoch, marks, done, queue, records } = this.#options;
    await records.renewed(token, epoch);
    const here = queue.leaseOf(message.seq);
    if (here !== undefined) {
      // It took longer than a lease lasts, or the broker came back with less than it knew.
      here.message = message;
      return false;
    }
    const isDone = (channel === 'any' || channel === 'retry') && done.has(token, epoch, channel, message);
    if (isDone || queue.isFinished(message.seq)) {
      message.ack();
      return false;
    }
    if (records.isOutElsewhere(token, epoch, message)) {
      // The process that has it renews its lease meanwhile, which the broker takes for that of this delivery.
      message.nak(this.#options.leaseMs / 2);
      return false;
    }
    const hasLane = typeof channel === 'number';
    const markKey = hasLane ? laneKey(token, epoch, channel) : messageKey(token, epoch, message.seq);
    const { mark, revision } = await this.#markOf(message, markKey, hasLane);
    if (mark !== undefined && (message.seq < mark.seq || (message.seq === mark.seq && mark.isDone))) {
      message.ack();
      return false;
    }
    const events = await this.#eventsOf(message);
    if (events === undefined) return false;
    if (channel === 'retry' && this.#waitsElsewhere(message, events)) return false;
    const known = mark?.seq === message.seq ? mark : undefined;
    const lease = new PackLease(message, { epoch, channel, markKey }, events, known, revision);
    this.#leaveOutRepeats(lease);
    if (lease.open === 0) {
      if (hasLane) await marks.write(markKey, lease.mark(this.#options.by, [], []), revision);
      message.ack();
      return false;
    }
    const mayBeSent =
      known === undefined && records.mayHaveBeenOut(token, epoch, channel, message, events.length)
        ? true
        : isSuspect(message, channel, known, events);
    records.took(token, epoch, channel, message.seq);
    queue.add(lease, mayBeSent);
    if (hasLane) this.#lastTaken.remember(markKey, lease);
    return true;
  }

  async #markOf(message: JsMsg, key: string, hasLane: boolean): Promise<MarkEntry> {
    const { marks } = this.#options;
    if (hasLane) return this.#lastTaken.markFor(key, message) ?? marks.read(key);
    // One without a lane has a mark where it took long, or some of it failed, and only another delivery finds it. A
    // broker that was killed may have forgotten the first: then time has passed.
    const isFirst = message.info.deliveryCount === 1 && this.#options.now() - message.time.getTime() < freshMs;
    return isFirst ? unmarked : marks.read(key);
  }

  async #eventsOf(message: JsMsg): Promise<readonly PackedEvent[] | undefined> {
    const { publisher, names, token, onDefect } = this.#options;
    try {
      const version = message.headers?.get(headerNames.pack);
      if (version !== packVersion) throw new UnreadablePack(`the message is no pack of version ${packVersion}`);
      const isCompressed = message.headers?.get(headerNames.encoding) === 'gzip';
      return decodePack({ data: message.data, isCompressed });
    } catch (error) {
      if (!(error instanceof UnreadablePack)) throw error;
      onDefect('queue.read', error);
      const subject = names.quarantineSubject(token);
      const messageId = `quarantine:${message.seq}`;
      await publisher.publish({ subject, data: message.data, isCompressed: false, messageId, headers: {} });
      message.ack();
      return undefined;
    }
  }

  /**
   * So that failed events do not fill the memory of the processes, the broker keeps those whose time is far. Its count
   * of deliveries tells these from those that a killed process had: nothing of such a message leaves at the first.
   */
  #waitsElsewhere(message: JsMsg, events: readonly PackedEvent[]): boolean {
    const waitMs = dueAt(events) - this.#options.now();
    const isFirst = postponements(message, events) === message.info.deliveryCount;
    if (waitMs <= longestLocalWaitMs && !isFirst) return false;
    message.nak(Math.max(1, waitMs - longestLocalWaitMs / 2));
    return true;
  }

  /** A put that came a second time in other company. */
  #leaveOutRepeats(lease: PackLease): void {
    const { recent } = this.#options;
    if (lease.source.channel === 'retry') return;
    for (const [position, { id, origin }] of lease.events.entries()) {
      if (lease.isSettled(position)) continue;
      // What was dead or is replayed has an id that was met before.
      const key = origin === undefined || isImport(origin) ? (origin ?? id) : undefined;
      if (key !== undefined && !recent.add(key, `${lease.seq}:${position}`)) lease.settle(position, true);
    }
  }
}

/** Whether an earlier process may have sent some of it: it had the message, and did not give it back. */
function isSuspect(
  message: JsMsg,
  channel: Channel,
  mark: LaneMark | undefined,
  events: readonly PackedEvent[],
): boolean {
  if (mark !== undefined) return !mark.isReturned;
  const deliveries = message.info.deliveryCount;
  return deliveries - 1 > (channel === 'retry' ? postponements(message, events) : 0);
}

const dueAt = (events: readonly PackedEvent[]): number => Math.min(...events.map(({ notBefore = 0 }) => notBefore));

/** How many deliveries of a message come only to be put off. */
const postponements = (message: JsMsg, events: readonly PackedEvent[]): number =>
  dueAt(events) - message.time.getTime() > longestLocalWaitMs ? 1 : 0;
