import type { LanesOf, QueueStatus } from '../queue.ts';

// What is said between the owner of a store and other processes. Published with the queue, so it names no type of Node.

/** Answers a request, as handlers of the web do. Never rejects. */
export type Handler = (request: Request) => Promise<Response>;

/** What the owner of a store says of itself. */
export interface OwnerInfo {
  readonly pid: number;
  /** Of the machine or container in which that process has that number. */
  readonly host: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** While it starts or ends, it answers nothing about the store. */
  readonly state: 'starting' | 'working' | 'ending';
}

/** What a host that delivers the events of a store adds to the answers of its owner. */
export interface StoreHost {
  /** By connection id: those it delivers for, or is to deliver for. */
  connections(): Readonly<Record<string, HostedConnection>>;
  /**
   * The lanes of an event by the settings it delivers with; `undefined` where it does not deliver for that connection.
   */
  lanesOf(connection: string): LanesOf | undefined;
  /** Called when something was put, requeued or replayed. */
  changed(connection: string): void;
}

export interface HostedConnection {
  /** A slug: where what is put for it goes. `null` where it cannot be delivered for. */
  readonly destination: string | null;
  /** What its worker is doing, in JSON. */
  readonly worker: object;
}

/** What `GET /status` says. */
export interface StoreReport extends QueueStatus {
  readonly owner: OwnerInfo;
  /** `null` where the owner delivers nothing. */
  readonly hosted: Readonly<Record<string, HostedConnection>> | null;
}

/** An error as the routes send it. */
export interface SentError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
}

/** Where a socket can be reached, for as long as it is not let go. */
export interface SocketAddress {
  readonly path: string;
  readonly letGo: () => void;
}
