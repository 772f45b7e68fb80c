import { afterSignal } from './exit-codes.ts';
import type { StopSignal, Terminal } from './terminal.ts';

/** What ends a run before its input does. */
export interface Stop {
  readonly signal: AbortSignal;
  /** The first that came. */
  readonly by: StopSignal | undefined;
  /** Ends the run from inside. */
  now(): void;
  /** Restores the signal handling of the process. */
  release(): void;
}

/** npm and tsx forward a signal that the terminal sends to the whole group: one key press may arrive twice. */
const samePressMs = 250;

/**
 * The first SIGINT, SIGTERM or SIGHUP (its terminal was closed) stops the run, a second one ends the process at once.
 * With `onHangUp`, a SIGHUP calls that instead, and stops nothing.
 */
export function listenForStop(terminal: Terminal, onHangUp?: () => void): Stop {
  const controller = new AbortController();
  let by: StopSignal | undefined;
  let since = 0;
  const release = terminal.onSignal((signal) => {
    if (signal === 'SIGHUP' && onHangUp !== undefined) onHangUp();
    else if (by === undefined) {
      by = signal;
      since = performance.now();
      controller.abort();
    } else if (performance.now() - since > samePressMs) terminal.exit(afterSignal(signal));
  });
  return {
    signal: controller.signal,
    get by() {
      return by;
    },
    now: () => controller.abort(),
    release,
  };
}
