import type { WorkableQueue } from '../../../queue/index.ts';

/** Events of a connection that were settled for good. */
export interface SettledCount {
  readonly delivered: number;
  readonly skipped: number;
  readonly dead: number;
}

const none: SettledCount = { delivered: 0, skipped: 0, dead: 0 };

/** The same queue; what is settled in it is counted once it is on disk. */
export function countSettled(queue: WorkableQueue): {
  readonly queue: WorkableQueue;
  readonly counts: (connection: string) => SettledCount;
} {
  const counted = new Map<string, SettledCount>();
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
      claim: (...wanted) => queue.claim(...wanted),
      nextAt: (connection) => queue.nextAt(connection),
      release: (connection, seqs) => queue.release(connection, seqs),
      waiting: (connection) => queue.waiting(connection),
      crashedAt: () => queue.crashedAt(),
      ambiguousSinceCrash: (...asked) => queue.ambiguousSinceCrash(...asked),
    },
  };
}
