// Tests core/queue/jetstream/open-store.ts.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import { openJetStreamStore } from '../../core/queue/jetstream/index.ts';
import { startBroker, type Broker } from '../support/jetstream/broker.ts';
import { describeStore, type Engine } from '../support/queue/store-contract.ts';
import { describeWith } from '../support/needed-program.ts';

describeWith('nats-server', 'on a broker', () => {
  let broker: Broker;
  beforeAll(async () => {
    broker = await startBroker();
  });
  afterAll(() => broker.remove());

  async function onJetStream(isOther: boolean): Promise<Engine> {
    const url = `nats://${broker.at}?stream=t${randomUUID().slice(0, 8)}&lanes=8`;
    return Promise.resolve({
      isDurable: true,
      async open(options) {
        const of = { url, maxBytes: 20_000_000, ...options };
        const host = await openJetStreamStore(of);
        return { host, store: isOther ? await openJetStreamStore(of) : host };
      },
      remove: () => Promise.resolve(),
    });
  }
  describeStore('JetStream', () => onJetStream(false));
  describeStore('JetStream, from another process', () => onJetStream(true));
});
