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
