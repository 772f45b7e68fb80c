import type { AnyDestination, CatalogueEntry, RuntimeOptions } from '../index.ts';
import type { DeliveryStore } from '../queue/index.ts';
import type { Activity } from './activity.ts';
import type { LiveConnection, LiveConnections } from './connections.ts';
import type { ServiceLimits } from './limits.ts';
import type { ServiceLoad } from './load.ts';
import { Problem } from './problem.ts';
import type { Readiness } from './readiness.ts';
import type { TrackingSources } from './tracking/tracking-sources.ts';
import type { TrialSettings } from './trial/trial-vendor.ts';

/** What a log of the service takes; pino's loggers do. */
export interface ServiceLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What the service asks of its metrics. */
export interface ShownMetrics {
  /** The text that Prometheus scrapes. */
  text(): Promise<string>;
  readonly contentType: string;
  /** An answer of the service: the path of its route, and its HTTP status. */
  requestAnswered?(route: string, status: number): void;
}

/** What the routes work with. */
export interface ServiceParts {
  readonly connections: LiveConnections;
  readonly destinations: readonly AnyDestination[];
  readonly runtime: RuntimeOptions;
  readonly catalogue: readonly CatalogueEntry[];
  readonly store: DeliveryStore | undefined;
  readonly sources: TrackingSources;
  readonly activity: Activity;
  readonly readiness: Readiness;
  readonly limits: ServiceLimits;
  readonly load: ServiceLoad;
  readonly log: ServiceLog;
  readonly metrics: ShownMetrics | undefined;
  readonly trials: TrialSettings;
  /** Of this package. */
  readonly version: string;
}

/** The connection of a path. Throws a Problem where there is none. */
export function connectionIn(
  { connections }: ServiceParts,
  { id = '' }: Readonly<Record<string, string>>,
): LiveConnection {
  const live = connections.get(id);
  if (live === undefined) throw new Problem('not-found', 'no connection has this id');
  return live;
}

/** Throws a Problem where the service has no store. */
export function storeOf({ store }: Pick<ServiceParts, 'store'>): DeliveryStore {
  if (store === undefined) throw new Problem('conflict', 'this service has no store: it was started without --store');
  return store;
}
