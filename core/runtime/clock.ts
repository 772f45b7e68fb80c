import { setTimeout as delay } from 'node:timers/promises';

/** Time and chance, injected so that tests can hold both. */
export interface Clock {
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Resolves after `ms`, or at once when the signal fires; never rejects. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** In [0, 1). */
  readonly random: () => number;
}

export const systemClock: Clock = {
  now: Date.now,
  random: Math.random,
  sleep: async (ms, signal) => {
    await delay(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  },
};

/** A sleep that is told to stop may reject, as Node's own does; here it is only over. */
export const patient =
  (sleep: Clock['sleep']): Clock['sleep'] =>
  async (ms, signal) => {
    try {
      await sleep(ms, signal);
    } catch {
      // Over is over.
    }
  };
