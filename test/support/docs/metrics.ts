import { createRuntime, type RuntimeOptions } from '../../../core/index.ts';
import { createMetrics } from '../../../core/metrics/index.ts';
import { openStore, workFor } from '../../../core/queue/index.ts';
import rokt from '../../../destinations/rokt/index.ts';

/** One connection with a durable store, and its metrics as Prometheus reads them. */
export async function measured(folder: string, settings: unknown, more?: Partial<RuntimeOptions>) {
  const { onSignal, register } = createMetrics({
    processMetrics: true,
    // Asked at each scrape, so that these may be made later.
    source: {
      requestsInFlight: () => runtime.requestsInFlight(),
      connections: () => [{ connection, worker }],
      status: () => store.status(),
      storeWritable: async () => worker.state().reason?.cause !== 'disk',
    },
  });
  const runtime = createRuntime({ destinations: [rokt], onSignal, ...more });
  const opened = runtime.open(rokt, settings, { id: 'shop-rokt' });
  if (opened.kind === 'invalid') throw new Error(opened.issues.map(({ path }) => path).join(', '));
  const { connection } = opened;
  const store = await openStore({ path: folder });
  const worker = store.work(connection, { ...workFor(rokt.manifest), onSignal });

  /** The body of `GET /metrics`, whose content type is `register.contentType`. */
  const scrape = (): Promise<string> => register.metrics();

  async function close(): Promise<void> {
    await worker.stop(10_000);
    await runtime.close();
    await store.close();
  }
  return { connection, store, worker, scrape, close };
}
