import path from 'node:path';
import type { AnyDestination, RuntimeOptions } from '../../../index.ts';
import { isStoreLost, startPruning, type DeliveryStore } from '../../../queue/index.ts';
import {
  createService,
  listen,
  type Listening,
  type Service,
  type ServiceLog,
  type TrialSettings,
} from '../../../service/index.ts';
import { invalidConfig } from '../config-file.ts';
import { findDestinations, findFolders } from '../destinations.ts';
import { afterSignal, exitCode } from '../exit-codes.ts';
import { allowedOriginsOf, directoriesOf } from '../flag-parsers.ts';
import { withUsageErrors } from '../open-runtime.ts';
import { proxyChoice } from '../proxy-choice.ts';
import { lateRates } from '../queue/late-rates.ts';
import { originsOf } from '../queue/origins.ts';
import { defaultGraceMs, defaultKeepMs } from '../queue/run-workers.ts';
import { whenStopped } from '../queue/shut-down.ts';
import { throwAsCliError, withStore } from '../queue/store.ts';
import { optionalStoreLocation, type StoreLocation } from '../queue/store-location.ts';
import { listenForStop } from '../stop.ts';
import type { Terminal } from '../terminal.ts';
import { fingerprintOf } from './folder-fingerprint.ts';
import { addressText, throwAsAddressError } from './listen-address.ts';
import { ReloadRequests } from './reload-requests.ts';
import { requestTraces } from './request-traces.ts';
import { defaultHost, type ServeFlags } from './serve-flags.ts';
import { createServiceLog } from './service-log.ts';
import { createServiceMetrics, type ServiceMetrics } from './service-metrics.ts';
import { readServiceSettings, type ValidSettings } from './service-settings.ts';
import { SettingsReload } from './settings-reload.ts';
import { shutDown } from './shut-down.ts';
import { logChanges } from './change-log.ts';
import { logSignals } from './signal-log.ts';
import { trialsIn } from './simulators.ts';
import { watchFiles } from './watch-files.ts';

const defaultPort = 9090;
/** How often the folders of destinations are looked at. */
const foldersEveryMs = 60_000;

/** How long what is in flight may take once the store is lost. */
const lostMs = 1_000;

/** What is there before the service is. */
interface Prepared {
  readonly flags: ServeFlags;
  readonly terminal: Terminal;
  readonly log: ServiceLog;
  readonly settings: ValidSettings;
  readonly destinations: readonly AnyDestination[];
  readonly trials: TrialSettings;
  readonly runtime: Omit<RuntimeOptions, 'destinations' | 'onSignal'>;
  readonly folders: readonly string[];
  /** The fingerprint of the folders, before they were loaded. */
  readonly loaded: string;
  readonly requests: ReloadRequests;
  readonly location: StoreLocation | undefined;
}

/** Serves until a signal comes. Resolves to the exit code. */
export async function runService(flags: ServeFlags, terminal: Terminal): Promise<number> {
  const { env, stderr } = terminal;
  const log = await createServiceLog(stderr, flags.log);
  const requests = new ReloadRequests();
  // From before the files are read, so that no change of them is missed.
  const files = flags.tokenFile === undefined ? [flags.config] : [flags.config, flags.tokenFile];
  const stopWatching = watchFiles(files, () => requests.request());
  const release = terminal.onSignal((signal) =>
    signal === 'SIGHUP' ? requests.request() : terminal.exit(afterSignal(signal)),
  );
  try {
    const settings = await readServiceSettings(flags, env);
    if (settings.kind === 'invalid') throw settings.error;
    for (const warning of settings.warnings) log.warn({}, warning);
    const folders = directoriesOf(flags.destinations, env).map((folder) => path.resolve(folder));
    const loaded = await fingerprintOf(folders);
    const destinations = await findDestinations(flags, env);
    const trials = { ...trialsIn(await findFolders(flags, env)), allowReal: flags.allowReal ?? false };
    const slugs = destinations.map(({ manifest }) => manifest.slug);
    const runtime = {
      origins: originsOf(flags.origin, settings.connections, env, slugs),
      allowedOrigins: allowedOriginsOf(flags.allowOrigin, env),
      ...(await proxyChoice(flags.proxy, terminal)),
      ...(await requestTraces()),
    };
    const location = optionalStoreLocation(flags, env);
    const rates = lateRates(location);
    const of = { flags, terminal, log, settings, destinations, trials, runtime: { ...runtime, ...rates.option } };
    const prepared = { ...of, folders, loaded, requests, location };
    if (location === undefined) return await serveUntilStopped(undefined, prepared, release);
    const onWait = (why: string): void => log.warn({}, why);
    const waits = { waitMs: flags.wait, waitsForBroker: true, onWait, onSignal: logSignals(log) };
    const storeSettings = { create: true, maxBytes: flags.maxBytes, stderr, ...waits };
    return await withStore(location, storeSettings, (store) => {
      rates.arrive(store);
      return serveUntilStopped(store, prepared, release);
    });
  } finally {
    release();
    stopWatching();
  }
}

/** `release`: ends the handling of signals from before the service was there. */
async function serveUntilStopped(
  store: DeliveryStore | undefined,
  prepared: Prepared,
  release: () => void,
): Promise<number> {
  const { flags, terminal, log, requests } = prepared;
  const graceMs = flags.grace ?? defaultGraceMs;
  const metrics = createServiceMetrics(store, flags.maxConnectionsLabelled);
  const { service, listening } = await startService(store, prepared, metrics, graceMs);
  const reload = reloadOf(service, prepared, metrics);
  const checking = setInterval(() => void reload.checkFolders(), foldersEveryMs).unref();
  release();
  const stop = listenForStop(terminal, () => requests.request());
  const stopped = whenStopped(stop);
  const pruning = store === undefined ? undefined : startPruningOf(store, service, prepared);
  requests.passTo(reload);
  try {
    const lost = await Promise.race([stopped.then(() => undefined), service.storeLost.then((error) => ({ error }))]);
    // Not waited for here: `/readyz` is to fail at once.
    const reloaded = reload.stop();
    if (stop.by !== undefined) {
      await shutDown(stop.by, { service, listening, store, graceMs, log, terminal });
      await reloaded;
      return exitCode.ok;
    }
    log.error({}, 'ending: the store is lost');
    // Long enough for whoever waits to be told.
    await Promise.all([listening.close(lostMs), service.close(lostMs)]);
    return throwAsCliError(lost?.error, prepared.location);
  } finally {
    clearInterval(checking);
    // After a signal, closing the store cuts it short.
    await Promise.race([pruning?.stop(), stopped]);
    stop.release();
  }
}

async function startService(
  store: DeliveryStore | undefined,
  { flags, log, settings, destinations, trials, runtime, location }: Prepared,
  metrics: ServiceMetrics,
  graceMs: number,
): Promise<{ readonly service: Service; readonly listening: Listening }> {
  const { host = defaultHost, port = defaultPort, publicHost = [], trustedProxy = [], openMetrics = false } = flags;
  const logSignal = logSignals(log);
  const service = withUsageErrors(() =>
    createService({
      destinations,
      runtime,
      store,
      tokens: settings.tokens,
      host,
      publicHosts: publicHost,
      trustedProxies: trustedProxy,
      graceMs,
      metrics: metrics.shown,
      trials,
      openMetrics,
      onSignal(signal) {
        metrics.onSignal(signal);
        logSignal(signal);
      },
      onChange: logChanges(log),
      log,
    }),
  );
  metrics.observe(service);
  try {
    const applied = await service.apply(settings.connections, settings.sources);
    if (applied.kind === 'invalid') throw invalidConfig(flags.config, applied.issues);
    const listening = await listen(service, { host, port }).catch((error: unknown) =>
      throwAsAddressError(error, host, port),
    );
    const of = {
      connections: settings.connections.length,
      sources: settings.sources.length,
      store: location?.name ?? null,
    };
    log.info({ address: addressText(host, listening.port), ...of }, 'serving');
    return { service, listening };
  } catch (error) {
    await service.close(graceMs);
    throw error;
  }
}

const reloadOf = (
  service: Service,
  { flags, terminal, log, settings, folders, loaded }: Prepared,
  metrics: ServiceMetrics,
): SettingsReload =>
  new SettingsReload({
    service,
    log,
    read: () => readServiceSettings(flags, terminal.env, true),
    settings,
    fingerprint: () => fingerprintOf(folders),
    loaded,
    onReload: metrics.configReloaded,
  });

const startPruningOf = (store: DeliveryStore, service: Service, { flags, log }: Prepared) =>
  startPruning(store, {
    keepMs: flags.keep ?? defaultKeepMs,
    onFailure(error) {
      log.error({ error: (error as Error).name }, 'the store cannot be pruned');
      // A worker that has nothing to do would not notice.
      if (isStoreLost(error)) for (const { worker } of service.observed.connections()) worker?.wake();
    },
  });
