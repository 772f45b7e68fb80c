import type { DeliveryStore } from '../../../queue/index.ts';
import { afterSignal } from '../exit-codes.ts';
import type { Stop } from '../stop.ts';
import type { StopSignal, Terminal } from '../terminal.ts';

/** How long closing the store may take once the grace is over. */
const closingMs = 2_000;

/** Ends the process once the grace is over. Events in flight then stay in the queue, and may arrive twice. */
export const exitAfterGrace = (
  graceMs: number,
  by: StopSignal,
  store: DeliveryStore,
  terminal: Terminal,
): NodeJS.Timeout =>
  setTimeout(() => {
    terminal.stderr.write(
      `spillway: ${graceMs} ms after ${by}, the vendor has not answered yet; events in flight stay in the queue\n`,
    );
    const exit = (): void => terminal.exit(afterSignal(by));
    const late = new Promise<void>((resolve) => void setTimeout(resolve, closingMs).unref());
    void Promise.race([store.close(), late]).then(exit, exit);
  }, graceMs);

export const whenStopped = ({ signal }: Stop): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
