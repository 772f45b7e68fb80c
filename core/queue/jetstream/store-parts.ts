import { hostname } from 'node:os';
import { Backlogs } from './backlog.ts';
import { layoutChanged } from './broker-errors.ts';
import type { Broker } from './connect.ts';
import { DeadLetters } from './dead-letters.ts';
import { DoneMessages } from './done-messages.ts';
import { createKvRateLimiter, type KvRateLimiter } from './kv-rate-limiter.ts';
import { LaneMarks } from './lane-marks.ts';
import { LeaseRecords } from './lease-records.ts';
import { tokenOf } from './names.ts';
import { readChannels } from './channels.ts';
import { untilAnswered } from './patience.ts';
import { Processes, type Workers } from './processes.ts';
import { Publisher } from './publisher.ts';
import { EventPutter } from './put-events.ts';
import { Registry } from './registry.ts';
import { Retention } from './retention.ts';
import { Suspensions } from './suspensions.ts';
import { StoredEvents } from './stored-events.ts';
import type { StoreStreams } from './stream-setup.ts';

/** What a store on JetStream is made of. */
export interface StoreParts {
  readonly broker: Broker;
  readonly streams: StoreStreams;
  readonly publisher: Publisher;
  readonly marks: LaneMarks;
  readonly done: DoneMessages;
  readonly records: LeaseRecords;
  readonly deadLetters: DeadLetters;
  readonly registry: Registry;
  readonly retention: Retention;
  readonly putter: EventPutter;
  readonly backlogs: Backlogs;
  readonly stored: StoredEvents;
  readonly processes: Processes;
  readonly suspensions: Suspensions;
  readonly rateLimiter: KvRateLimiter;
  readonly now: () => number;
}

export interface PartsOptions {
  readonly now: () => number;
  readonly workers: () => Workers | null;
  readonly onDefect: (where: string, error: unknown) => void;
  /** This process can no longer use the store. */
  readonly onLost: (error: Error) => void;
  /** Other processes came, went, or work for other connections. */
  readonly onProcesses: () => void;
}

export function createStoreParts(broker: Broker, streams: StoreStreams, options: PartsOptions): StoreParts {
  const { names, layout, buckets } = streams;
  const { now, workers, onProcesses, onDefect, onLost } = options;
  const publisher = new Publisher(broker);
  const marks = new LaneMarks(buckets.hwm, names.bucket('hwm'), broker);
  const deadLetters = new DeadLetters(broker, publisher, names);
  const registry = new Registry({
    bucket: buckets.conn,
    connection: broker.connection,
    waitingOf: async ({ id }) => {
      const token = tokenOf(id);
      return (await backlogs.count(token, await readChannels(broker, names, token))).waiting;
    },
    now,
    onLayout: ({ epoch }) => {
      if (epoch !== layout.epoch) onLost(layoutChanged(names.stream));
    },
  });
  const retention = new Retention(broker, names, layout.epoch);
  const makeRoom = (): Promise<number> => retention.makeRoom();
  const putter = new EventPutter({ publisher, registry, deadLetters, names, layout, makeRoom, now });
  const backlogs = new Backlogs({ broker, names, marks, epoch: layout.epoch });
  const stored = new StoredEvents(broker, names, marks, layout.epoch);
  const here = { pid: process.pid, host: hostname(), startedAt: new Date(now()).toISOString() };
  const processes = new Processes(buckets.live, crypto.randomUUID(), here, workers, onProcesses);
  const of = { broker, streams, publisher, marks, deadLetters, registry, retention, putter, backlogs, stored };
  const suspensions = new Suspensions(buckets.rate, (error) => onDefect('queue.suspend', error));
  const known = {
    bucket: buckets.hwm,
    broker,
    names,
    by: processes.key,
    isAlive: (key: string) => processes.isAlive(key),
    onDefect: (error: unknown) => onDefect('queue.settle', error),
  };
  const done = new DoneMessages(known);
  const records = new LeaseRecords(known);
  const rateLimiter = createKvRateLimiter(buckets.rate, { onDefect: (error) => onDefect('queue.pace', error) });
  return { ...of, done, records, processes, suspensions, rateLimiter, now };
}

/** Resolves once they know what other processes have told. */
export async function openParts({
  broker,
  registry,
  processes,
  suspensions,
  done,
  records,
  rateLimiter,
}: StoreParts): Promise<void> {
  const parts = [registry, processes, suspensions, done, records, rateLimiter];
  // A cluster that has lost a node elects leaders for some seconds.
  await Promise.all(parts.map((part) => untilAnswered(broker.connection, () => part.open())));
}
