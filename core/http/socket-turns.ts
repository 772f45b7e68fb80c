import Denque from 'denque';

/** An exchange that wants a socket. */
export interface Applicant {
  /** It is over without one: its deadline passed. */
  readonly settled: boolean;
  /** A socket is free for it. */
  go(): void;
}

/** The applicants of one connection. */
export class Queue {
  readonly waiting = new Denque<Applicant>();
}

/**
 * The sockets to one origin, and who gets the next one: the connections that share them take turns, so that a busy one keeps no
 * other waiting for longer than its own turn.
 */
export class SocketTurns {
  #free: number;
  /** Connections with applicants, in the order of their turns. */
  readonly #round = new Denque<Queue>();

  constructor(sockets: number) {
    this.#free = sockets;
  }

  /** True: there is a socket, and it is taken. False: the applicant waits in the queue, and is called. */
  take(queue: Queue, applicant: Applicant): boolean {
    if (this.#free > 0) {
      this.#free -= 1;
      return true;
    }
    if (queue.waiting.isEmpty()) this.#round.push(queue);
    queue.waiting.push(applicant);
    return false;
  }

  /** A socket that was taken is free again. */
  give(): void {
    for (let queue = this.#round.shift(); queue !== undefined; queue = this.#round.shift()) {
      const next = firstOf(queue);
      if (!queue.waiting.isEmpty()) this.#round.push(queue);
      if (next !== undefined) return next.go();
    }
    this.#free += 1;
  }
}

function firstOf({ waiting }: Queue): Applicant | undefined {
  let next = waiting.shift();
  while (next?.settled === true) next = waiting.shift();
  return next;
}
