import type { JsMsg } from '@nats-io/jetstream';
import { type Broker, requestTimeoutMs } from './connect.ts';

/** Everything of a message is done; or it is under way here, and its lease begins anew. */
export type Progress = '+ACK' | '+WPI';

/**
 * Tells the broker what becomes of a message, and rejects where it may not have heard that. The client's own ackAck()
 * sends nothing a second time.
 */
export async function tell({ connection }: Broker, message: JsMsg, progress: Progress): Promise<void> {
  const { reply } = message as JsMsg & { readonly reply: string };
  await connection.request(reply, progress, { timeout: requestTimeoutMs });
}
