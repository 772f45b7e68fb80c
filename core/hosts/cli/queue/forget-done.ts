import { QueueFull, type DeliveryQueue } from '../../../queue/index.ts';

const longestMs = 7 * 86_400_000;
/** Less than that is not kept back when room is needed. */
const shortestMs = 60_000;

/** Makes room: what is kept for replay gives way to what was not delivered yet. */
export interface ForgetDone {
  /** Forgets some of the oldest; resolves to whether there was any. */
  again(): Promise<boolean>;
  /** How many so far, and since when (epoch ms) replay still has all of it. */
  readonly forgotten: number;
  readonly since: number;
}

export function createForgetDone(queue: DeliveryQueue): ForgetDone {
  let keepMs = longestMs;
  let forgotten = 0;
  let since = 0;
  const anyLeft = (): boolean => queue.status(Date.now()).connections.some(({ done }) => done > 0);

  return {
    async again() {
      try {
        while (anyLeft()) {
          const now = Date.now();
          since = now - keepMs + 1;
          // Half of the time that is left, each time; in the end all of it.
          keepMs = keepMs === 0 || keepMs > shortestMs ? Math.floor(keepMs / 2) : 0;
          const pruned = await queue.prune(since, now);
          forgotten += pruned;
          if (pruned > 0) return true;
        }
      } catch (error) {
        // A full disk has no room for forgetting either.
        if (!(error instanceof QueueFull)) throw error;
      }
      return false;
    },
    get forgotten() {
      return forgotten;
    },
    get since() {
      return since;
    },
  };
}
