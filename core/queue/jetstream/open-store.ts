import type { SharedRateLimiter } from '../../policy/shared-limiter.ts';
import type { Signal } from '../../runtime/signals.ts';
import type { MovableStore } from '../store.ts';
import { refusalOf } from './broker-errors.ts';
import { parseBrokerUrl } from './broker-url.ts';
import type { ConnectOptions } from './connect-options.ts';
import { connectBroker } from './connect.ts';
import { JetStreamStore } from './jetstream-store.ts';
import { createStoreParts } from './store-parts.ts';
import type { StreamOptions } from './stream-options.ts';
import { openStreams } from './stream-setup.ts';

// Published, so it names no type of Node or NATS.

export interface JetStreamOptions extends ConnectOptions, StreamOptions {
  /**
   * `nats://[USER:PASSWORD@]HOST[:PORT][,HOST[:PORT]...][?stream=NAME&lanes=64&replicas=1]`, or `tls://`. A token
   * stands in place of USER:PASSWORD. The stream is `spillway` where the URL names none.
   */
  readonly url: string;
  /** Sighting of defects: what the broker refuses, and messages that cannot be read. */
  readonly onSignal?: ((signal: Signal) => unknown) | undefined;
  /** Epoch ms. Default: the system clock. */
  readonly now?: (() => number) | undefined;
}

/** A store that processes of many machines share. */
export interface SharedDeliveryStore extends MovableStore {
  /** Keeps the vendors' rates and pauses over all of them: `sharedRates` of createRuntime(). */
  readonly rateLimiter: SharedRateLimiter;
}

/**
 * Opens a store on a broker (NATS JetStream), and makes what is missing there. Any number of processes may have it open
 * and deliver from it. Throws BrokerRefused with what to do; once open, it finds a broker that went away again by
 * itself.
 *
 * @example
 * const store = await openJetStreamStore({ url: 'nats://localhost:4222?stream=shop' });
 * await store.put([{ connection: connection.id, events: [toQueued(connection, event, 'm-1')] }]);
 * const worker = store.work(connection, workFor(manifest));
 * await worker.idle();
 * await store.close();
 */
export async function openJetStreamStore(options: JetStreamOptions): Promise<SharedDeliveryStore> {
  const { now = Date.now, onSignal } = options;
  const url = parseBrokerUrl(options.url);
  const broker = await connectBroker(url, options);
  try {
    const { lanes = url.lanes, replicas = url.replicas } = options;
    const streams = await openStreams(broker, url.stream, { ...options, lanes, replicas });
    return await JetStreamStore.open((hooks) => createStoreParts(broker, streams, { now, ...hooks }), onSignal);
  } catch (error) {
    await broker.connection.close();
    throw refusalOf(error, broker.at);
  }
}
