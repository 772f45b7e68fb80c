import Denque from 'denque';

/** An exchange that wants a socket. */
export interface SocketWaiter {
  /** It has settled while waiting, because its deadline passed or its call was aborted. */
  readonly settled: boolean;
  /** A socket is free and now belongs to this exchange. */
  onSocket(): void;
}

/** The waiting exchanges of one connection. */
export class SocketQueue {
  readonly waiting = new Denque<SocketWaiter>();
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
    if (queue.waiting.isEmpty()) this.#rotation.push(queue);
    queue.waiting.push(waiter);
    return false;
  }

  /** Returns a socket and hands it to the next waiting exchange. */
  release(): void {
    for (let queue = this.#rotation.shift(); queue !== undefined; queue = this.#rotation.shift()) {
      const next = nextWaiter(queue);
      if (!queue.waiting.isEmpty()) this.#rotation.push(queue);
      if (next !== undefined) return next.onSocket();
    }
    this.taken -= 1;
  }
}

function nextWaiter({ waiting }: SocketQueue): SocketWaiter | undefined {
  let next = waiting.shift();
  while (next?.settled === true) next = waiting.shift();
  return next;
}
