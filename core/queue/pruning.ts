import type { DeliveryStore } from './store.ts';

export interface PruningOptions {
  /** Milliseconds for which what was done is kept for replay. */
  readonly keepMs: number;
  /** Milliseconds from one run to the next (default: a minute). */
  readonly everyMs?: number;
  /** Told what the store throws; pruning goes on. */
  readonly onFailure: (error: unknown) => void;
}

export interface Pruning {
  /** Starts no further run. Resolves when none is under way. */
  stop(): Promise<void>;
}

const aMinute = 60_000;

/**
 * Drops what a store has kept for longer than `keepMs`, now and once a minute. The timer keeps the process alive.
 *
 * @example
 * const pruning = startPruning(store, { keepMs: 7 * 86_400_000, onFailure: (error) => console.error(error) });
 * await pruning.stop();
 */
export function startPruning(
  store: Pick<DeliveryStore, 'prune'>,
  { keepMs, everyMs = aMinute, onFailure }: PruningOptions,
): Pruning {
  let running: Promise<unknown> | undefined;
  const prune = (): void => {
    // A disk that is slow for longer than a minute does not get a second run beside the first.
    running ??= store
      .prune(Date.now() - keepMs)
      .catch(onFailure)
      .finally(() => (running = undefined));
  };
  prune();
  const timer = setInterval(prune, everyMs);
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}
