import { catalogueEntry, type AnyDestination, type RuntimeOptions, type Signal } from '../index.ts';
import { packageVersion } from '../package-root.ts';
import type { DeliveryStore, HoldChange } from '../queue/index.ts';
import type { Token } from './access.ts';
import { Activity } from './activity.ts';
import { createApp, type Fetch } from './app.ts';
import { LiveConnections, type Applied, type ConnectionSetup, type LiveConnection } from './connections.ts';
import { defaultLimits, type ServiceLimits } from './limits.ts';
import { ServiceLoad } from './load.ts';
import { Readiness, type ReloadReport } from './readiness.ts';
import { sourceIssues } from './routes/tracking.ts';
import type { ServiceLog, ServiceParts, ShownMetrics } from './service-parts.ts';
import { clientAddressBehind } from './tracking/client-address.ts';
import { TrackingSources, type TrackingSource } from './tracking/tracking-sources.ts';
import type { TrialSettings } from './trial/trial-vendor.ts';

export interface ServiceSettings {
  /** Those that connections, previews and the catalogue know. */
  readonly destinations: readonly AnyDestination[];
  /** Of createRuntime(), for all connections. */
  readonly runtime?: Omit<RuntimeOptions, 'destinations' | 'onSignal'>;
  /** Where `/events` and the tracking routes keep events; without it, they answer 409. The caller closes it. */
  readonly store?: DeliveryStore | undefined;
  /** Who may do what. Without it, everybody may do everything: serve on loopback alone then. */
  readonly tokens?: readonly Token[] | undefined;
  /** The address that clients reach, for the check of the Host header. Default: loopback. */
  readonly host?: string;
  readonly publicHosts?: readonly string[];
  /**
   * Addresses, or networks such as `10.0.0.0/8`, of proxies that say whom they speak for, in `X-Forwarded-For` or
   * `Forwarded`. Default: none, and these headers mean nothing.
   */
  readonly trustedProxies?: readonly string[];
  readonly limits?: Partial<ServiceLimits>;
  /** How long requests in flight of settings that are replaced may take (ms). Default: 10 s. */
  readonly graceMs?: number;
  /** Answers `GET /metrics`. */
  readonly metrics?: ShownMetrics | undefined;
  /** `GET /metrics` needs no token. */
  readonly openMetrics?: boolean;
  /** Receives the signals of all connections, for metrics, logs and traces. */
  readonly onSignal?: (signal: Signal) => void;
  /** Told when a connection with a store is held or goes on, for a log of people. */
  readonly onChange?: (change: HoldChange) => void;
  readonly log?: ServiceLog;
  /** What `POST /v1/try` and the example events need; without it, they answer 409. */
  readonly trials?: TrialSettings;
}

export interface Service {
  /** Answers a request, as handlers of the web do. Never rejects. */
  readonly fetch: Fetch;
  /** What happens in it: for createMetrics() of `spillway/metrics`. */
  readonly observed: {
    /** To vendors, without an answer yet. */
    requestsInFlight(): number;
    connections(): readonly LiveConnection[];
    /** As `/readyz` has it. False without a store. */
    storeWritable(): Promise<boolean>;
  };
  /**
   * Brings the connections to these settings, and the sources of the tracking API; where one of them is wrong, nothing
   * changes.
   */
  apply(connections: readonly ConnectionSetup[], sources?: readonly TrackingSource[]): Promise<Applied>;
  /** Has other tokens open the service from now on. */
  setTokens(tokens: readonly Token[]): void;
  /** What `/readyz` says of the last change of the settings. */
  reportReload(report: ReloadReport): void;
  /** `/readyz` fails from now on; everything else is still answered. */
  drain(): void;
  /** Resolves once what is in flight is answered, or the grace (ms) is over. The store stays open. */
  close(graceMs: number): Promise<void>;
  /** Resolves to what the store threw, once it cannot be used any more. Never before that. */
  readonly storeLost: Promise<unknown>;
}

const silent: ServiceLog = { info: () => undefined, warn: () => undefined, error: () => undefined };

/**
 * The HTTP service around connections: see docs/service.md. `fetch` answers a request; listen() puts it on a port.
 * Throws for a trusted proxy that is no address or network.
 *
 * @example
 * const service = createService({ destinations: await loadDestinations('connectors') });
 * const applied = await service.apply([{ id: 'shop-adjust', destination: 'adjust', config: settings }]);
 * if (applied.kind === 'invalid') throw new Error(applied.issues.map(({ message }) => message).join());
 * const { port } = await listen(service, { port: 9090 });
 */
export function createService(settings: ServiceSettings): Service {
  const {
    destinations,
    store,
    host = '127.0.0.1',
    publicHosts = [],
    trustedProxies = [],
    graceMs = 10_000,
    log = silent,
    onSignal,
    onChange = () => undefined,
  } = settings;
  const limits = { ...defaultLimits, ...settings.limits };
  const load = new ServiceLoad(limits);
  const activity = new Activity();
  const sources = new TrackingSources();
  const runtime: RuntimeOptions = {
    ...settings.runtime,
    destinations,
    onSignal(signal) {
      activity.observe(signal);
      try {
        const result: unknown = onSignal?.(signal);
        if (result instanceof Promise) result.catch(() => undefined);
      } catch {
        // What is durable is answered so, whatever a listener does.
      }
    },
  };
  const connections = new LiveConnections({ runtime, store, graceMs, onChange });
  const readiness = new Readiness(connections, store);
  const parts: ServiceParts = {
    connections,
    destinations,
    runtime,
    catalogue: destinations.map(catalogueEntry),
    store,
    sources,
    activity,
    readiness,
    limits,
    load,
    log,
    metrics: settings.metrics,
    trials: settings.trials ?? {},
    version: packageVersion ?? 'unknown',
  };
  let tokens = settings.tokens;
  const app = createApp(parts, {
    tokens: () => tokens,
    address: { host, publicHosts },
    clientAddress: clientAddressBehind(trustedProxies),
    openMetrics: settings.openMetrics ?? false,
  });
  return {
    fetch: app.fetch,
    observed: {
      requestsInFlight: () => connections.requestsInFlight(),
      connections: () => connections.all(),
      storeWritable: async () => (await readiness.state()).store === 'writable',
    },
    async apply(setups, newSources = []) {
      const issues = sourceIssues(newSources, setups, parts);
      const applied = issues.length > 0 ? ({ kind: 'invalid', issues } as const) : await connections.apply(setups);
      if (applied.kind === 'invalid') return applied;
      activity.keep(new Set(setups.map(({ id }) => id)));
      sources.replace(newSources);
      return applied;
    },
    setTokens(next) {
      tokens = next;
    },
    reportReload: (report) => readiness.report(report),
    drain: () => readiness.drain(),
    async close(grace) {
      readiness.drain();
      // The other half is for requests that have left, once nothing more may leave or come.
      await Promise.all([connections.stopWorkers(grace), load.idle(grace / 2).then(() => load.cutBodies())]);
      await connections.close(0);
      await load.idle(grace / 2);
      load.close();
    },
    storeLost: connections.storeLost,
  };
}
