import type { RunStats } from './run-stats.ts';
import type { Output } from './terminal.ts';

export interface Progress {
  /** Takes the bar off the screen. */
  stop(): void;
}

export interface DeliveryProgress {
  /** Bytes of the input, where it is known. */
  readonly size: number | undefined;
  readonly bytesRead: () => number;
  readonly stats: RunStats;
}

/** A bar of the input's length, where that is known, and numbers behind it. */
export interface Bar {
  /** Bytes of the input, where it is known. */
  readonly size: number | undefined;
  readonly bytesRead: () => number;
  /** What stands behind the bar, with the names of `numbers` in braces. */
  readonly format: string;
  readonly numbers: () => Readonly<Record<string, number>>;
}

const none: Progress = { stop() {} };
const everyMs = 200;

/** The progress of a delivery, on a terminal; elsewhere nothing. */
export function startProgress(
  output: Output | undefined,
  { size, bytesRead, stats }: DeliveryProgress,
): Promise<Progress> {
  const startedAt = performance.now();
  return startBar(output, {
    size,
    bytesRead,
    format: '{outcomes} outcomes  {perSecond}/s  {undelivered} not delivered',
    numbers() {
      const { delivered, skipped, rejected, deferred, suspended, unknown } = stats.outcomes;
      const undelivered = rejected + deferred + suspended + unknown;
      const outcomes = delivered + skipped + undelivered;
      return { outcomes, undelivered, perSecond: perSecond(outcomes, startedAt) };
    },
  });
}

/** Since then (performance.now()), in whole numbers. */
export const perSecond = (count: number, startedAt: number): number =>
  Math.round(count / Math.max(0.001, (performance.now() - startedAt) / 1000));

/** A progress bar on a terminal, nothing elsewhere. */
export async function startBar(
  output: Output | undefined,
  { size, bytesRead, format, numbers }: Bar,
): Promise<Progress> {
  if (output?.isTTY !== true) return none;
  const { SingleBar } = (await import('cli-progress')).default;
  const bar = new SingleBar({
    stream: output,
    format: `${size === undefined ? '' : '[{bar}] {percentage}%  '}${format}`,
    barsize: 24,
    hideCursor: null,
    clearOnComplete: true,
    // Its own handler of SIGINT would end the process before outcomes are written.
    gracefulExit: false,
  });
  const state = (): Record<string, string> =>
    Object.fromEntries(Object.entries(numbers()).map(([name, number]) => [name, number.toLocaleString('en-US')]));
  bar.start(size ?? 0, 0, state());
  const timer = setInterval(() => bar.update(bytesRead(), state()), everyMs).unref();
  return {
    stop() {
      clearInterval(timer);
      bar.stop();
    },
  };
}
