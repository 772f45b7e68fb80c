/** What a host may import: the runtime, the loader, and the vendor API. */
export * from './api/index.ts';
export { builtInDirectory } from './registry/built-in-directory.ts';
export { destinationFolders, loadDestination, loadDestinations } from './registry/load.ts';
export { catalogueEntry } from './runtime/catalogue.ts';
export type { CatalogueEntry, JsonSchema, OperationEntry } from './runtime/catalogue.ts';
export { createRuntime } from './runtime/runtime.ts';
export type { Opened, Runtime, RuntimeOptions } from './runtime/runtime.ts';
export { createSharedRateLimiter } from './policy/shared-limiter.ts';
export type { SharedRateLimiter } from './policy/shared-limiter.ts';
export type { PermitLease, PermitMove, PermitRequest } from './policy/permit-log.ts';
export type { SharedRatesOption } from './runtime/shared-rates.ts';
export { exceptionsIn, proxyIn } from './http/proxy.ts';
export type { ProxyOption } from './http/proxy.ts';
export type { Connection } from './runtime/connection.ts';
export type { ConfigIssue, ConnectionOptions } from './runtime/connection-options.ts';
export type { ConnectionHooks } from './runtime/event-rules.ts';
export { compileMapping } from './mapping/compile-mapping.ts';
export type { CompiledMapping, Mapping, MappingLimits, MappingPaths } from './mapping/compile-mapping.ts';
export type { MappedEvent } from './mapping/apply-mapping.ts';
export type { MappingIssue } from './mapping/mapping-issues.ts';
export { mappingTrace } from './mapping/mapping-trace.ts';
export type { MappingTrace, RowTrace } from './mapping/mapping-trace.ts';
export { compileQuery } from './mapping/fql/compile-query.ts';
export type { CompiledQuery, Query } from './mapping/fql/compile-query.ts';
export type { FailedPart } from './mapping/fql/explain-query.ts';
export { issueText } from './mapping/syntax-issue.ts';
export type { SyntaxIssue, TextPosition } from './mapping/syntax-issue.ts';
export type { CallOptions } from './runtime/call.ts';
export type { CheckOptions } from './api/credential-check.ts';
export type { DeliverOptions } from './runtime/deliver.ts';
export type { EventReader } from './runtime/source.ts';
export type { Settled, StreamOptions } from './runtime/stream.ts';
export { dedupIdOf, eventIdOf } from './runtime/intake/event-shape.ts';
export { inUsualForm } from './runtime/intake/normalize-event.ts';
export type { Preview, PreviewedMapping } from './runtime/preview.ts';
export type { EventLimits } from './runtime/intake/event-size.ts';
export type { OnRequest, StartedRequest, TraceOf } from './runtime/sending/request-hook.ts';
export type {
  DecidedRequest,
  EndedRequest,
  OpenEvents,
  RequestListener,
  SettledEvents,
} from './runtime/sending/request-observer.ts';
export { defaultRetryPolicy } from './runtime/sending/retry-policy.ts';
export type { RetryPolicy } from './runtime/sending/retry-policy.ts';
export type { Signal } from './runtime/signals.ts';
