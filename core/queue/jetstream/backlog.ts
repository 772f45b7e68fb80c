import type { Broker } from './connect.ts';
import type { LaneMarks } from './lane-marks.ts';
import { laneKey, channelOf, type Names } from './names.ts';
import type { ChannelState } from './channels.ts';
import { headerNames } from './publisher.ts';
import { messagesIn } from './scan.ts';

/** What there is of a connection, in events. */
export interface EventCounts {
  readonly waiting: number;
  /** Settled, and still in the stream; without those that were not delivered. */
  readonly done: number;
  /** Epoch ms when the oldest waiting event was put; 0 where none waits. */
  readonly oldestAt: number;
}

export interface BacklogOptions {
  readonly broker: Broker;
  readonly names: Names;
  readonly epoch: number;
  readonly marks: LaneMarks;
}

/** Most messages whose headers are read to count their events. Beyond that, their mean stands for the others. */
const mostRead = 1_000;
const nothing: EventCounts = { waiting: 0, done: 0, oldestAt: 0 };

/** Counts events, where the broker counts messages. Exact for some hundred messages, an estimate beyond. */
export class Backlogs {
  readonly #options: BacklogOptions;
  readonly #known = new Map<string, { readonly shape: string; readonly counts: EventCounts }>();

  constructor(options: BacklogOptions) {
    this.#options = options;
  }

  /** `connections`: of how many such counts are made in one go. */
  async count(token: string, all: readonly ChannelState[], connections = 1): Promise<EventCounts> {
    const channels = all.filter(({ epoch }) => epoch === this.#options.epoch);
    if (channels.length === 0) return nothing;
    const shape = JSON.stringify([channels, [...(await this.#settledOut(channels))]]);
    const known = this.#known.get(token);
    if (known?.shape === shape) return known.counts;
    const counts = await this.#read(token, channels, Math.max(20, Math.floor(mostRead / connections)));
    this.#known.set(token, { shape, counts });
    return counts;
  }

  async #read(token: string, channels: readonly ChannelState[], most: number): Promise<EventCounts> {
    const floors = new Map(channels.map(({ subject, floor }) => [subject, floor]));
    const total = channels.reduce((sum, { messages }) => sum + messages, 0);
    const waitingMessages = channels.reduce((sum, { waiting }) => sum + waiting, 0);
    const floor = Math.min(...channels.filter(({ waiting }) => waiting > 0).map((channel) => channel.floor));
    const from = total <= most || waitingMessages === 0 ? undefined : floor + 1;
    const read = { waiting: 0, waitingEvents: 0, done: 0, doneEvents: 0, undelivered: 0, oldestAt: 0, all: 0 };
    const { broker, names, epoch } = this.#options;
    const scan = { stream: names.stream, subject: names.allOf(token, epoch), headersOnly: true };
    for await (const message of messagesIn(broker, { ...scan, from })) {
      const { subject, seq } = message;
      const events = Number(message.headers?.get(headerNames.count)) || 1;
      if (channelOf(subject)?.channel === 'undelivered') read.undelivered += events;
      else if (seq > (floors.get(subject) ?? 0)) {
        read.waiting += 1;
        read.waitingEvents += events;
        if (read.oldestAt === 0) read.oldestAt = message.time.getTime();
      } else {
        read.done += 1;
        read.doneEvents += events;
      }
      read.all += 1;
      if (read.all >= most) break;
    }
    const settled = [...(await this.#settledOut(channels))].reduce((sum, [, count]) => sum + count, 0);
    const doneMessages = channels.reduce(
      (sum, { channel, messages, waiting }) => sum + (channel === 'undelivered' ? 0 : messages - waiting),
      0,
    );
    const mean = (read.waitingEvents + read.doneEvents) / Math.max(1, read.waiting + read.done);
    const scaled = (events: number, some: number, every: number): number =>
      some === every ? events : Math.round((some === 0 ? mean : events / some) * every);
    const waiting = scaled(read.waitingEvents, read.waiting, waitingMessages) - settled;
    return {
      waiting: waitingMessages === 0 ? 0 : Math.max(1, waiting),
      done: Math.max(0, scaled(read.doneEvents, read.done, doneMessages) - read.undelivered + settled),
      oldestAt: waitingMessages === 0 ? 0 : read.oldestAt,
    };
  }

  /** Of the messages that are out, how many events of each are settled. */
  async #settledOut(channels: readonly ChannelState[]): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    await Promise.all(
      channels.map(async ({ token, epoch, channel, out, floor, subject }) => {
        if (typeof channel !== 'number' || out === 0) return;
        const { mark } = await this.#options.marks.read(laneKey(token, epoch, channel));
        if (mark !== undefined && mark.seq > floor && !mark.isDone) counts.set(subject, mark.settled.length);
      }),
    );
    return counts;
  }
}
