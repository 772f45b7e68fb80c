import { createRuntime, type CdpEvent, type RuntimeOptions } from '../../../core/index.ts';
import { openQueue, QueueFull, work, workFor } from '../../../core/queue/index.ts';
import rokt from '../../../destinations/rokt/index.ts';

/** One connection with a durable queue in a folder of this machine. */
export async function durable(folder: string, settings: unknown, more?: Partial<RuntimeOptions>) {
  const runtime = createRuntime({ destinations: [rokt], ...more });
  const opened = runtime.open(rokt, settings, { id: 'shop-rokt' });
  if (opened.kind === 'invalid') throw new Error(opened.issues.map(({ path }) => path).join(', '));
  const { connection } = opened;
  const queue = await openQueue({ path: folder });
  const worker = work({ queue, connection, configHash: '', ...workFor(rokt.manifest) });

  /** Resolves when the event is on disk. `false`: the queue is full, try again later. */
  async function accept(event: CdpEvent & { readonly messageId: string }): Promise<boolean> {
    const route = connection.routeOf(event);
    const lanes = route.kind === 'payload' && route.lanes !== undefined ? { lanes: route.lanes } : {};
    const outcome = route.kind === 'skipped' || route.kind === 'rejected' ? { outcome: route } : {};
    try {
      await queue.put(connection.id, [{ id: event.messageId, event, acceptedAt: Date.now(), ...lanes, ...outcome }]);
    } catch (error) {
      if (error instanceof QueueFull) return false;
      throw error;
    }
    worker.wake();
    return true;
  }

  async function close(): Promise<void> {
    await worker.stop(10_000); // what is in flight may take so long
    await runtime.close();
    await queue.close();
  }
  return { accept, close, queue, idle: () => worker.idle() };
}
