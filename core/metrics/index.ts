/**
 * Metrics for Prometheus: published as `spillway/metrics`, so that a host without them needs no `prom-client`, which is
 * an optional peer.
 */
export { createMetrics } from './metrics.ts';
export type { Metrics, MetricsOptions, ReloadResult } from './metrics.ts';
export type { MetricsSource, ObservedConnection, ObservedStore } from './state-gauges.ts';
