import { gunzipSync, gzipSync } from 'node:zlib';
import { parseBrokerUrl } from '../../../core/queue/jetstream/broker-url.ts';
import { connectBroker } from '../../../core/queue/jetstream/connect.ts';
import { InstantVendor } from '../instant-vendor.ts';
import { byHand } from '../runs.ts';
import type { Subject } from '../subjects.ts';
import type { DeliveryKind } from './delivery.ts';

const perMessage = 100;
const mostOut = 200;

/**
 * The floor: NATS' own client, messages of 100 events, compressed, each confirmed; taken out by one consumer, sent and
 * acked. It knows no lanes, no retries, no dead letters and no dedup of its own.
 */
export const bareClient = (name: string, subject: Subject, url: string): DeliveryKind => ({
  name,
  async open() {
    const { nats, connection, stream, manager } = await connectBroker(parseBrokerUrl(url), {});
    const { AckPolicy, StorageType } = nats.jetstream;
    await manager.streams.add({ name: 'bare', subjects: ['bare.>'], storage: StorageType.File });
    await manager.consumers.add('bare', {
      durable_name: 'all',
      ack_policy: AckPolicy.Explicit,
      max_ack_pending: mostOut,
    });
    const vendor = new InstantVendor(subject);
    let [putCount, doneCount] = [0, 0];
    return {
      async put(events) {
        const messages: Promise<unknown>[] = [];
        for (let from = 0; from < events.length; from += perMessage) {
          const some = events.slice(from, from + perMessage);
          const lines = some.map(({ event }) => JSON.stringify(event));
          const body = gzipSync(lines.join('\n'), { level: 1 });
          messages.push(stream.publish('bare.all', body, { msgID: some[0]!.id }));
        }
        await Promise.all(messages);
        putCount += events.length;
      },
      work() {
        let onDone = (): void => undefined;
        const running = (async () => {
          const consumer = await stream.consumers.get('bare', 'all');
          const messages = await consumer.consume({ max_messages: mostOut });
          const taken = (async () => {
            for await (const message of messages) {
              const lines = gunzipSync(message.data).toString().split('\n');
              byHand(subject, vendor, lines);
              message.ack();
              doneCount += lines.length;
              onDone();
            }
          })();
          return { messages, taken };
        })();
        return {
          finished: () =>
            new Promise((resolve) => {
              onDone = () => {
                if (doneCount >= putCount) resolve();
              };
              onDone();
            }),
          async stop() {
            const { messages, taken } = await running;
            await connection.flush();
            await messages.close();
            await taken;
          },
        };
      },
      async sweep() {
        await manager.streams.purge('bare');
      },
      close: () => connection.close(),
    };
  },
});
