import type { Tally } from './tally.ts';
import type { Output } from './terminal.ts';

export interface Progress {
  /** Takes the bar off the screen. */
  stop(): void;
}

export interface Progressing {
  /** Bytes of the input, where it is known. */
  readonly size: number | undefined;
  readonly bytesRead: () => number;
  readonly tally: Tally;
}

const none: Progress = { stop() {} };
const everyMs = 200;

/** A progress bar on a terminal, nothing elsewhere. */
export async function startProgress(
  output: Output | undefined,
  { size, bytesRead, tally }: Progressing,
): Promise<Progress> {
  if (output?.isTTY !== true) return none;
  const { SingleBar } = (await import('cli-progress')).default;
  const bar = new SingleBar({
    stream: output,
    format: `${size === undefined ? '' : '[{bar}] {percentage}%  '}{outcomes} outcomes  {perSecond}/s  {undelivered} not delivered`,
    barsize: 24,
    hideCursor: null,
    clearOnComplete: true,
    // Its own way with SIGINT would end the process before the outcomes are written.
    gracefulExit: false,
  });
  const startedAt = performance.now();
  const state = (): Record<string, string> => {
    const { delivered, skipped, rejected, deferred, suspended, unknown } = tally.outcomes;
    const undelivered = rejected + deferred + suspended + unknown;
    const outcomes = delivered + skipped + undelivered;
    const seconds = Math.max(0.001, (performance.now() - startedAt) / 1000);
    return {
      outcomes: outcomes.toLocaleString('en-US'),
      undelivered: undelivered.toLocaleString('en-US'),
      perSecond: Math.round(outcomes / seconds).toLocaleString('en-US'),
    };
  };
  bar.start(size ?? 0, 0, state());
  const timer = setInterval(() => bar.update(bytesRead(), state()), everyMs).unref();
  return {
    stop() {
      clearInterval(timer);
      bar.stop();
    },
  };
}
