import type { DeliveryQueue } from '../../../queue/index.ts';

/** Events of a connection that were settled for good. */
export interface Count {
  readonly delivered: number;
  readonly skipped: number;
  readonly dead: number;
}

const none: Count = { delivered: 0, skipped: 0, dead: 0 };

/** The same queue, counting what is settled in it, once that is on disk. */
export function countSettled(queue: DeliveryQueue): {
  readonly queue: DeliveryQueue;
  readonly counts: (connection: string) => Count;
} {
  const counted = new Map<string, Count>();
  return {
    counts: (connection) => counted.get(connection) ?? none,
    queue: {
      async settle(connection, settlements, at) {
        await queue.settle(connection, settlements, at);
        const count = { ...(counted.get(connection) ?? none) };
        for (const settlement of settlements) {
          if (settlement.kind === 'done') count[settlement.outcome] += 1;
          else if (settlement.kind === 'dead') count.dead += 1;
        }
        counted.set(connection, count);
      },
      put: (connection, events) => queue.put(connection, events),
      claim: (connection, most, now) => queue.claim(connection, most, now),
      nextAt: (connection) => queue.nextAt(connection),
      release: (connection, seqs) => queue.release(connection, seqs),
      dead: (connection, filter) => queue.dead(connection, filter),
      revive: (connection, filter) => queue.revive(connection, filter),
      replay: (connection, from, to) => queue.replay(connection, from, to),
      prune: (before, now) => queue.prune(before, now),
      status: (now) => queue.status(now),
      close: () => queue.close(),
    },
  };
}
