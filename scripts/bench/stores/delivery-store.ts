import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openStore, workFor, type DeliveryStore } from '../../../core/queue/index.ts';
import { openJetStreamStore } from '../../../core/queue/jetstream/index.ts';
import { connect } from '../connect.ts';
import { InstantVendor } from '../instant-vendor.ts';
import { expectAll } from '../runs.ts';
import type { Subject } from '../subjects.ts';
import type { BenchDelivery, DeliveryKind } from './delivery.ts';

/** Of the connection, in every process. */
export const id = 'shop';

export const onJetStream = (name: string, subject: Subject, url: string): DeliveryKind => ({
  name,
  open: async () => overStore(subject, await openJetStreamStore({ url, maxBytes: 4 * 1024 ** 3 })),
});

export const onLmdb = (name: string, subject: Subject): DeliveryKind => ({
  name,
  async open() {
    const folder = await mkdtemp(path.join(tmpdir(), 'bench-store-'));
    return overStore(subject, await openStore({ path: folder }), () => rm(folder, { recursive: true }));
  },
});

function overStore(
  subject: Subject,
  store: DeliveryStore,
  remove = (): Promise<void> => Promise.resolve(),
): BenchDelivery {
  const vendor = new InstantVendor(subject);
  const { connection, runtime } = connect(subject, { dispatcher: vendor });
  return {
    async put(events) {
      const [result] = await store.put([{ connection: id, events }]);
      expectAll(result?.accepted ?? 0, events.length);
    },
    work() {
      const worker = store.work(connection, { id, ...workFor(subject.destination.manifest) });
      return { finished: () => worker.idle(), stop: () => worker.stop(0) };
    },
    async sweep() {
      await store.prune(Date.now() + 60_000);
    },
    async close() {
      await store.close();
      await runtime.close();
      await remove();
    },
  };
}
