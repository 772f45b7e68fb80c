import type { IncomingEvent } from '../api/event.ts';
import type { Connection } from '../runtime/connection.ts';
import type { DeliveryLog, FileDelivery } from './delivery-log.ts';
import type {
  Compacted,
  DeadFilter,
  DeadLetter,
  LanesOf,
  Put,
  PutResult,
  QueuedEvent,
  QueueStatus,
  RegisteredConnection,
  WaitingEvent,
} from './queue.ts';
import type { QueueWorker, WorkableConnection, WorkOptions } from './work-options.ts';
import type { WorkerState } from './worker-state.ts';

/** What depends on the engine. */
export interface StorePromises {
  /** Of the puts of one call, all are kept or none. Elsewhere, after a failure, the same call again completes it. */
  readonly atomicPut: boolean;
  /** What is recognised when it comes again: each event by its id, or a put as a whole. */
  readonly dedup: 'event' | 'put';
}

export interface StoreStatus extends QueueStatus {
  /** Those that have the store open. An embedded store has one. */
  readonly processes: readonly StoreProcess[];
}

export interface StoreProcess {
  readonly pid: number;
  /** Of the machine or container in which that process has that number. */
  readonly host: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** It is this one. */
  readonly isHere: boolean;
  /** By connection id: those it delivers for, or is to deliver for. `null` where it delivers nothing. */
  readonly workers: Readonly<Record<string, ConnectionWorker>> | null;
}

/** What the worker of a connection is doing. */
export interface ConnectionWorker extends WorkerState {
  /** A slug: where what is put goes. `null` where the settings are invalid, so that it cannot be delivered. */
  readonly destination: string | null;
}

/** What a store needs of a connection to deliver for it. */
export type StoreConnection = WorkableConnection & Pick<Connection, 'routeOf'>;

export type StoreWorkOptions = Partial<Omit<WorkOptions, 'queue' | 'connection'>>;

/**
 * Durable delivery: events by connection, and the workers that deliver them. What a method did is durable when its
 * promise resolves. The engine may be in this process, in another one of this machine, or elsewhere: which process does
 * the work makes no difference to the caller. test/support/queue/store-contract.ts holds every engine to this.
 */
export interface DeliveryStore {
  readonly promises: StorePromises;
  /**
   * Keeps events until they are settled, and has the workers of their connections deliver them. One result for each
   * put. Throws QueueFull when waiting events and dead letters fill the store, OtherSettings when other events wait
   * which these could not follow.
   */
  put(puts: readonly Put[]): Promise<readonly PutResult[]>;
  /**
   * Delivers for a connection from now on, until the worker is stopped. Throws where this process cannot: another one
   * has the store, or a worker of this one delivers for it already.
   */
  work(connection: StoreConnection, options?: StoreWorkOptions): QueueWorker;
  /** Has status() say that this process is to deliver for a connection, and cannot: its settings are invalid. */
  markMisconfigured(connection: string): void;
  /** Up to `most` waiting events above `after` (a seq), the oldest first. Takes nothing out. */
  peek(connection: string, most: number, after?: number): Promise<readonly WaitingEvent[]>;
  dead(connection: string, filter?: DeadFilter): AsyncIterable<DeadLetter>;
  /** Dead letters by the code of their reason. */
  reasons(connection: string): Promise<Readonly<Record<string, number>>>;
  /**
   * Puts dead letters back at the tail, with no attempts. Returns how many.
   *
   * `lanesOf` is for events that were stored without a lane. A process that delivers for the connection goes by its own
   * settings, where it is this one or can be asked.
   */
  requeue(connection: string, filter?: DeadFilter, lanesOf?: LanesOf): Promise<number>;
  /** Drops dead letters for good. Returns how many. */
  drop(connection: string, filter?: DeadFilter): Promise<number>;
  /**
   * Puts what was done between two times (epoch ms, both included) at the tail again, under new ids. Returns how many.
   * `lanesOf`: see requeue().
   */
  replay(connection: string, from: number, to: number, lanesOf?: LanesOf): Promise<number>;
  /** Drops everything of a connection for good. Throws where a worker has some of it: stop that first. */
  purge(connection: string): Promise<number>;
  /** Drops what was done before that time (epoch ms), and ids that have left the dedup window. Returns how many. */
  prune(before: number): Promise<number>;
  /**
   * Gives free space back to the disk. What is written meanwhile waits. A store does so by itself once it is idle and
   * most of its file is free.
   */
  compact(): Promise<Compacted>;
  /** Of all connections, or of one. */
  status(connection?: string): Promise<StoreStatus>;
  /** Resolves when everything written is durable, and nothing of the store is open here. Stop the workers first. */
  close(): Promise<void>;
}

/** What a store has of a connection, as another store takes it. */
export interface StoredRecords {
  readonly waiting: readonly WaitingEvent[];
  readonly dead: readonly DeadLetter[];
}

/** A store whose records can be moved into another one, whatever their engines. */
export interface MovableStore extends DeliveryStore {
  /**
   * About `most` records, the oldest first: waiting events, and dead letters once nothing waits. Takes nothing out.
   * What the vendor may have, because a process was killed, is ambiguous. Throws where a worker delivers for the
   * connection.
   */
  exportRecords(connection: string, most: number): Promise<StoredRecords>;
  /**
   * Adds records of another store at the tail, with all that is known of them, and makes the connection known as it was
   * there. The same record again, within the dedup window, does nothing. Throws QueueFull, and OtherSettings where this
   * store has the connection for another destination.
   */
  importRecords(
    connection: string,
    registered: RegisteredConnection | undefined,
    records: StoredRecords,
  ): Promise<void>;
  /** Removes what exportRecords() returned, once another store has it. */
  removeRecords(connection: string, records: StoredRecords): Promise<void>;
}

/** A store on a disk of this machine, in the process that has it open. It also keeps the outcomes of files. */
export interface EmbeddedStore extends MovableStore {
  /**
   * Opens the log of a file's delivery, until close(); `restart`: forgets what it had. One caller works with a log at a
   * time. Throws QueueFull beside a full disk.
   */
  deliveryLog(delivery: FileDelivery, options?: { readonly restart?: boolean | undefined }): Promise<DeliveryLog>;
}

/**
 * An event as put() takes it: with the lanes that the connection gives it, or with its outcome where it is settled
 * before it is sent. `trace`: the W3C `traceparent` of whoever puts it. Throws what routeOf() throws.
 *
 * @example
 * const events = [toQueued(connection, { type: 'track', event: 'Order Completed', messageId: 'm-1' }, 'm-1')];
 * await store.put([{ connection: connection.id, events }]);
 */
export function toQueued(
  connection: Pick<Connection, 'routeOf'>,
  event: IncomingEvent,
  id: string,
  acceptedAt: number = Date.now(),
  trace?: string,
): QueuedEvent {
  const queued = trace === undefined ? { id, event, acceptedAt } : { id, event, acceptedAt, trace };
  const route = connection.routeOf(event);
  if (route.kind === 'payload') return route.lanes === undefined ? queued : { ...queued, lanes: route.lanes };
  return route.kind === 'skipped' || route.kind === 'rejected' ? { ...queued, outcome: route } : queued;
}

/** The lanes that a connection gives an event, for requeue() and replay(). */
export const lanesBy =
  (connection: Pick<Connection, 'routeOf'>): LanesOf =>
  (event) => {
    const route = connection.routeOf(event);
    return route.kind === 'payload' ? route.lanes : undefined;
  };
