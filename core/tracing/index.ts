/**
 * Traces of requests by OpenTelemetry: published as `spillway/tracing`, so that a host without traces needs no
 * `@opentelemetry/api`, which is an optional peer.
 */
export { createTracing } from './tracing.ts';
export type { Tracing, TracingOptions } from './tracing.ts';
