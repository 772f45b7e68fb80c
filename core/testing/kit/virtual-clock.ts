/** A clock that stands still while work is under way, and otherwise jumps to the next sleeper. */
export interface VirtualClock {
  readonly now: () => number;
  /** Resolves when the clock gets there, or when the signal fires. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** Quiet rounds of the event loop after which nothing counts as under way. */
const quietRounds = 3;
/** The same in real milliseconds, while another thread may be compressing a body. */
const quietMs = 2;

/** `busy` says whether an answer is still to come; `offThread` whether bodies are compressed. */
export function createVirtualClock(start: number, busy: () => boolean, offThread: boolean): VirtualClock {
  let now = start;
  let waiting = false;
  const sleepers = new Set<Sleeper>();

  const pause = async (): Promise<void> => {
    if (offThread) await new Promise((resolve) => setTimeout(resolve, quietMs));
    for (let round = 0; round < quietRounds; round += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  async function advance(): Promise<void> {
    while (sleepers.size > 0) {
      await pause();
      if (busy()) continue;
      const next = earliest(sleepers);
      if (next === undefined) break;
      now = Math.max(now, next.at);
      next.wake();
    }
    waiting = false;
  }
  return {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const sleeper: Sleeper = {
          at: now + ms,
          wake() {
            sleepers.delete(sleeper);
            signal?.removeEventListener('abort', sleeper.wake);
            resolve();
          },
        };
        if (signal?.aborted === true) return resolve();
        signal?.addEventListener('abort', sleeper.wake, { once: true });
        sleepers.add(sleeper);
        if (waiting) return;
        waiting = true;
        void advance();
      }),
  };
}

function earliest(sleepers: ReadonlySet<Sleeper>): Sleeper | undefined {
  let first: Sleeper | undefined;
  for (const sleeper of sleepers) if (first === undefined || sleeper.at < first.at) first = sleeper;
  return first;
}
