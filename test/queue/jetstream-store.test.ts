// Tests core/queue/jetstream/open-store.ts.
import { randomUUID } from 'node:crypto';
import { openJetStreamStore } from '../../core/queue/jetstream/index.ts';
import { describeStore, type Engine } from '../support/queue/store-contract.ts';

describeStore('JetStream', () => {
  const stream = `t${randomUUID().slice(0, 8)}`;
  return Promise.resolve<Engine>({
    isDurable: true,
    async open(options) {
      const store = await openJetStreamStore({ url: `nats://127.0.0.1:14222?stream=${stream}&lanes=8`, maxBytes: 20_000_000, ...options });
      return { host: store, store };
    },
    remove: () => Promise.resolve(),
  });
});
