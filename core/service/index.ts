/** The HTTP service: published as `spillway/service`, so that a host without it needs none of its packages. */
export { readTokens, scopes } from './access.ts';
export type { Scope, Token, TokenFault } from './access.ts';
export type { Applied, ConnectionSetup, LiveConnection } from './connections.ts';
export { defaultLimits } from './limits.ts';
export type { ServiceLimits } from './limits.ts';
export { listen } from './listen.ts';
export type { Listening, ListenOptions } from './listen.ts';
export type { ReloadReport } from './readiness.ts';
export { createService } from './service.ts';
export type { Service, ServiceSettings } from './service.ts';
export type { ServiceLog, ShownMetrics } from './service-parts.ts';
export { trialFaults } from './trial/trial-vendor.ts';
export type { TrialFault, TrialFaultKind, TrialLedgerEntry, TrialSettings, TrialVendor } from './trial/trial-vendor.ts';
export type { TrackingSource } from './tracking/tracking-sources.ts';
