import Denque from 'denque';

/** An exchange that wants a socket. */
export interface SocketWaiter {
  /** It has settled while waiting, because its deadline passed or its run was stopped. */
  readonly settled: boolean;
  /** Whose exchange it is. */
  readonly run?: object | undefined;
  /** Its run was stopped. */
  dismiss(): void;
  /** A socket is free and now belongs to this exchange. */
  onSocket(): void;
}

/** The waiting exchanges of one connection. */
export class SocketQueue {
  /** Made for the first that waits. */
  #waiting: Denque<SocketWaiter> | undefined;

  get isEmpty(): boolean {
    return this.#waiting === undefined || this.#waiting.isEmpty();
  }

  push(waiter: SocketWaiter): void {
    (this.#waiting ??= new Denque()).push(waiter);
  }

  /** The next that still waits. */
  shift(): SocketWaiter | undefined {
    let next = this.#waiting?.shift();
    while (next?.settled === true) next = this.#waiting?.shift();
    return next;
  }

  /** The exchanges of this run wait no more. */
  dismiss(run: object): void {
    for (const waiter of this.#waiting?.toArray() ?? []) if (waiter.run === run) waiter.dismiss();
  }
}

/**
 * Shares the sockets to one origin between connections round robin, so that a busy connection delays the others by one
 * request at most.
 */
export class SocketScheduler {
  /** Sockets that exchanges have. */
  taken = 0;
  readonly #sockets: number;
  /** Connections with waiting exchanges, next one first. */
  readonly #rotation = new Denque<SocketQueue>();

  constructor(sockets: number) {
    this.#sockets = sockets;
  }

  /** True: the caller has a socket. False: it waits in the queue and gets onSocket() later. */
  acquire(queue: SocketQueue, waiter: SocketWaiter): boolean {
    if (this.taken < this.#sockets) {
      this.taken += 1;
      return true;
    }
    if (queue.isEmpty) this.#rotation.push(queue);
    queue.push(waiter);
    return false;
  }

  /** Returns a socket and hands it to the next waiting exchange. */
  release(): void {
    for (let queue = this.#rotation.shift(); queue !== undefined; queue = this.#rotation.shift()) {
      const next = queue.shift();
      if (!queue.isEmpty) this.#rotation.push(queue);
      if (next !== undefined) return next.onSocket();
    }
    this.taken -= 1;
  }
}
