/** A store that many machines share, on NATS JetStream: published as `spillway/jetstream`. */
export { openJetStreamStore } from './open-store.ts';
export type { JetStreamOptions, SharedDeliveryStore } from './open-store.ts';
export type { BrokerCredentials, BrokerTls, ConnectOptions } from './connect-options.ts';
export type { StreamOptions } from './stream-options.ts';
export { BrokerOverdue, BrokerRefused, EventTooLarge } from './broker-errors.ts';
export type { BrokerRefusal } from './broker-errors.ts';
export { isBrokerUrl, shownUrl } from './broker-url.ts';
