import type { DeliveryStore } from '../../../queue/index.ts';
import type { Listening, Service, ServiceLog } from '../../../service/index.ts';
import { afterSignal } from '../exit-codes.ts';
import type { StopSignal, Terminal } from '../terminal.ts';

/** How long closing the store may take once the grace is over. */
const closingMs = 2_000;

export interface ShutDown {
  readonly service: Pick<Service, 'drain' | 'close'>;
  readonly listening: Listening;
  readonly store: DeliveryStore | undefined;
  readonly graceMs: number;
  readonly log: ServiceLog;
  readonly terminal: Terminal;
}

/**
 * After a signal: `/readyz` fails, nothing new is taken, and what is in flight is answered. Ends the process where that
 * takes longer than the grace; what the store keeps stays there.
 */
export async function shutDown(by: StopSignal, options: ShutDown): Promise<void> {
  const { service, listening, store, graceMs, log, terminal } = options;
  service.drain();
  log.info({ signal: by, graceMs }, 'ending: what is in flight is answered, and nothing new is taken');
  const overdue = setTimeout(() => {
    log.warn({ graceMs }, 'the grace is over: what is in flight gets no answer, and what the store keeps stays there');
    const exit = (): void => terminal.exit(afterSignal(by));
    const late = new Promise<void>((resolve) => void setTimeout(resolve, closingMs).unref());
    void Promise.race([store?.close(), late]).then(exit, exit);
  }, graceMs);
  try {
    await Promise.all([listening.close(graceMs), service.close(graceMs)]);
  } finally {
    clearTimeout(overdue);
  }
}
