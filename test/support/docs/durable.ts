import { createRuntime, type CdpEvent, type RuntimeOptions } from '../../../core/index.ts';
import { openStore, QueueFull, toQueued, workFor } from '../../../core/queue/index.ts';
import rokt from '../../../destinations/rokt/index.ts';

/** One connection with a durable store in a folder of this machine. */
export async function durable(folder: string, settings: unknown, more?: Partial<RuntimeOptions>) {
  const runtime = createRuntime({ destinations: [rokt], ...more });
  const opened = runtime.open(rokt, settings, { id: 'shop-rokt' });
  if (opened.kind === 'invalid') throw new Error(opened.issues.map(({ path }) => path).join(', '));
  const { connection } = opened;
  const store = await openStore({ path: folder });
  const worker = store.work(connection, workFor(rokt.manifest));

  /** Resolves when the event is on disk. `false`: the store is full, try again later. */
  async function accept(event: CdpEvent & { readonly messageId: string }): Promise<boolean> {
    const events = [toQueued(connection, event, event.messageId)];
    try {
      await store.put([{ connection: connection.id, events }]);
      return true;
    } catch (error) {
      if (error instanceof QueueFull) return false;
      throw error;
    }
  }

  async function close(): Promise<void> {
    await worker.stop(10_000); // what is in flight may take so long
    await runtime.close();
    await store.close();
  }
  return { accept, close, store, idle: () => worker.idle() };
}
