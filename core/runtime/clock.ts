import { setTimeout as delay } from 'node:timers/promises';

/** Time and chance, injected so that tests can hold both. */
export interface Clock {
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Resolves after `ms`, or at once when the signal fires; never rejects. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Calls `run` after `ms`, unless the function it returns is called first. */
  readonly after: (ms: number, run: () => void) => () => void;
  /** In [0, 1). */
  readonly random: () => number;
}

export const systemClock: Clock = {
  now: Date.now,
  random: Math.random,
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  sleep: async (ms, signal) => {
    await delay(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  },
};

/** Lets everything else of this process have its turn. */
export const breathe = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

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

/** Timers on a host's own sleep. The clock of the system does without: to abort a sleep costs as much as a few requests. */
export const timersOn =
  (sleep: Clock['sleep']): Clock['after'] =>
  (ms, run) => {
    const off = new AbortController();
    void sleep(ms, off.signal).then(() => {
      if (!off.signal.aborted) run();
    });
    return () => off.abort();
  };
