/** What a host may import: the runtime, the loader, and the vendor API. */
export * from './api/index.ts';
export { loadDestination, loadDestinations } from './registry/load.ts';
export { catalogueEntry } from './runtime/catalogue.ts';
export type { CatalogueEntry, JsonSchema, OperationEntry } from './runtime/catalogue.ts';
export { createRuntime } from './runtime/runtime.ts';
export type { Opened, Runtime, RuntimeOptions } from './runtime/runtime.ts';
export type { Connection } from './runtime/connection.ts';
export type { ConfigIssue, ConnectionOptions } from './runtime/connection-options.ts';
export type { CallOptions } from './runtime/call.ts';
export type { CheckOptions } from './runtime/credential-check.ts';
export type { DeliverOptions } from './runtime/deliver.ts';
export type { Settled, StreamOptions } from './runtime/stream.ts';
export { eventIdOf } from './runtime/event-id.ts';
export type { Preview } from './runtime/preview.ts';
export type { EventLimits } from './runtime/measure.ts';
export { defaultRetryPolicy } from './runtime/retry-policy.ts';
export type { RetryPolicy } from './runtime/retry-policy.ts';
export type { Signal } from './runtime/signals.ts';
