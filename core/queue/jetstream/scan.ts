import type { JsMsg, OrderedConsumerOptions } from '@nats-io/jetstream';
import type { Broker } from './connect.ts';

export interface Scan {
  readonly stream: string;
  readonly subject: string;
  /** The first sequence number; or else the first time, in epoch ms. */
  readonly from?: number | undefined;
  readonly since?: number | undefined;
  readonly headersOnly?: boolean | undefined;
}

/** The messages of a subject that there are, in order, until none is left. Takes nothing out. */
export async function* messagesIn(
  { stream: client, nats }: Broker,
  { stream, subject, from, since, headersOnly = false }: Scan,
): AsyncGenerator<JsMsg, void, undefined> {
  const { DeliverPolicy } = nats.jetstream;
  const options: Partial<OrderedConsumerOptions> = {
    filter_subjects: subject,
    headers_only: headersOnly,
    ...(from === undefined ? {} : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: Math.max(1, from) }),
    ...(since === undefined
      ? {}
      : { deliver_policy: DeliverPolicy.StartTime, opt_start_time: new Date(Math.max(0, since)).toISOString() }),
  };
  const consumer = await client.consumers.get(stream, options);
  if ((await consumer.info()).num_pending === 0) return void (await consumer.delete());
  const messages = await consumer.consume({ max_messages: 200 });
  try {
    for await (const message of messages) {
      yield message;
      if (message.info.pending === 0) break;
    }
  } finally {
    await messages.close();
    await consumer.delete();
  }
}
