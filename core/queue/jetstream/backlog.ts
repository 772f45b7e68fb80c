import type { Broker } from './connect.ts';
import type { LaneMarks } from './lane-marks.ts';
import { laneKey, placeOf, type Names } from './names.ts';
import type { PlaceState } from './places.ts';
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
  async count(token: string, all: readonly PlaceState[], connections = 1): Promise<EventCounts> {
    const places = all.filter(({ epoch }) => epoch === this.#options.epoch);
    if (places.length === 0) return nothing;
    const shape = JSON.stringify([places, [...(await this.#settledOut(places))]]);
    const known = this.#known.get(token);
    if (known?.shape === shape) return known.counts;
    const counts = await this.#read(token, places, Math.max(20, Math.floor(mostRead / connections)));
    this.#known.set(token, { shape, counts });
    return counts;
  }

  async #read(token: string, places: readonly PlaceState[], most: number): Promise<EventCounts> {
    const floors = new Map(places.map(({ subject, floor }) => [subject, floor]));
    const total = places.reduce((sum, { messages }) => sum + messages, 0);
    const waitingMessages = places.reduce((sum, { waiting }) => sum + waiting, 0);
    const floor = Math.min(...places.filter(({ waiting }) => waiting > 0).map((place) => place.floor));
    const from = total <= most || waitingMessages === 0 ? undefined : floor + 1;
    const read = { waiting: 0, waitingEvents: 0, done: 0, doneEvents: 0, left: 0, oldestAt: 0, all: 0 };
    const { broker, names, epoch } = this.#options;
    const scan = { stream: names.stream, subject: names.allOf(token, epoch), headersOnly: true };
    for await (const message of messagesIn(broker, { ...scan, from })) {
      const { subject, seq } = message;
      const events = Number(message.headers?.get(headerNames.count)) || 1;
      if (placeOf(subject)?.place === 'left') read.left += events;
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
    const settled = [...(await this.#settledOut(places))].reduce((sum, [, count]) => sum + count, 0);
    const doneMessages = places.reduce(
      (sum, { place, messages, waiting }) => sum + (place === 'left' ? 0 : messages - waiting),
      0,
    );
    const mean = (read.waitingEvents + read.doneEvents) / Math.max(1, read.waiting + read.done);
    const scaled = (events: number, some: number, every: number): number =>
      some === every ? events : Math.round((some === 0 ? mean : events / some) * every);
    const waiting = scaled(read.waitingEvents, read.waiting, waitingMessages) - settled;
    return {
      waiting: waitingMessages === 0 ? 0 : Math.max(waitingMessages === 0 ? 0 : 1, waiting),
      done: Math.max(0, scaled(read.doneEvents, read.done, doneMessages) - read.left + settled),
      oldestAt: waitingMessages === 0 ? 0 : read.oldestAt,
    };
  }

  /** Of the messages that are out, how many events of each are settled. */
  async #settledOut(places: readonly PlaceState[]): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    await Promise.all(
      places.map(async ({ token, epoch, place, out, floor, subject }) => {
        if (typeof place !== 'number' || out === 0) return;
        const { mark } = await this.#options.marks.read(laneKey(token, epoch, place));
        if (mark !== undefined && mark.seq > floor && !mark.isDone) counts.set(subject, mark.settled.length);
      }),
    );
    return counts;
  }
}
