import type { AnyDestination } from '../api/destination.ts';
import type { Pace } from '../api/manifest.ts';
import type { OperationList } from '../api/operation.ts';
import { SharedDeadlines } from '../http/deadlines.ts';
import { createPools } from '../http/pools.ts';
import { checkedAllowedOrigin, checkedOrigin, ForbiddenTargetError } from '../http/target.ts';
import type { Clock } from '../policy/clock.ts';
import { createWindowLeases } from '../policy/window-leases.ts';
import { suggestion } from '../api/suggestion.ts';
import { aFunction, anObject, checkedOptions, kindOf, type OptionTable } from './argument-check.ts';
import { bindSettings } from './bind-settings.ts';
import { catalogueEntry, type CatalogueEntry } from './catalogue.ts';
import { createConnectionIds } from './connection-ids.ts';
import { checkHostOptions, type ConfigIssue, type ConnectionOptions } from './connection-options.ts';
import { checkSettings, howToAllow, type CheckedSettings } from './connection-settings.ts';
import { createConnection, type Connection } from './connection.ts';
import { checkedDestinations } from './destination-check.ts';
import { errorText } from './error-text.ts';
import { hookTable, type ConnectionHooks } from './event-rules.ts';
import { hostClock } from './host-clock.ts';
import { hostDefaults, type HostParts } from './host-parts.ts';
import type { EventLimits } from './intake/event-size.ts';
import { poolOptionTable, poolsOptions, type PoolOptions } from './pools-options.ts';
import type { OnRequest } from './sending/request-hook.ts';
import type { RetryPolicy } from './sending/retry-policy.ts';
import { aRateLimiter, SharedRates, type SharedRatesOption } from './shared-rates.ts';
import { safely, type Emit } from './signals.ts';
import { vendorAccess } from './vendor-access.ts';

/**
 * What the host program decides for all its connections. createRuntime() checks it. Only `destinations` is required.
 */
export interface RuntimeOptions extends PoolOptions {
  /** The destinations that `open()` can open. Their slugs differ. */
  readonly destinations: readonly AnyDestination[];
  /** slug -> origin, for simulators and residency hosts: https, or http on loopback. Connections cannot set it. */
  readonly origins?: Readonly<Record<string, string>>;
  /**
   * The origins that settings may name, for destinations whose manifest says `hosts: 'origins'`, such as a webhook:
   * https, or http on loopback. Without it, those destinations open no connection. Connections cannot set it.
   */
  readonly allowedOrigins?: readonly string[];
  /** slug -> parts of the pace that replace the manifest's, because the vendor granted this account more, or less. */
  readonly pace?: Readonly<Record<string, Partial<Pace>>>;
  /**
   * Keeps the vendors' rates and pauses together with other processes that have the same accounts. Connections with the
   * same credentials, or the same settings, then send no more than the vendor allows in all processes, and a pause that
   * the vendor asks one of them for holds all. May be a promise, for a limiter that opens later: nothing that has a
   * rate leaves before. A limiter that fails is asked again, and nothing leaves meanwhile. Default: each runtime keeps
   * the rates by itself.
   *
   * @example
   * const store = await openJetStreamStore({ url: 'nats://localhost:4222' });
   * const runtime = createRuntime({ destinations, sharedRates: store.rateLimiter });
   */
  readonly sharedRates?: SharedRatesOption;
  /** Overrides parts of `defaultRetryPolicy`; a connection's own `retry` overrides both. */
  readonly retry?: Partial<RetryPolicy>;
  /** The greatest size and depth of an event (default 1 MiB, 64). */
  readonly eventLimits?: Partial<EventLimits>;
  /**
   * Returns epoch milliseconds. Deadlines and waits are measured by it as well, so it must never go back. Default:
   * Date.now for dates, and a monotonic clock for deadlines and waits.
   */
  readonly now?: Clock['now'];
  /** Returns a number in [0, 1), for jitter. Default: Math.random. */
  readonly random?: Clock['random'];
  /**
   * Resolves after `ms` as measured by `now`, or when the signal fires. It must not run ahead of requests in flight: a
   * sleep that resolves at once lets a deadline pass while the vendor still writes its answer, and a sleep that never
   * yields to the event loop keeps the answer from being read.
   */
  readonly sleep?: Clock['sleep'];
  /** Receives signals for metrics and logs. Its errors, thrown or rejected, are ignored. */
  readonly onSignal?: Emit;
  /**
   * Told of each request to a vendor before it leaves, for traces. What it returns is told of the request's end, and,
   * if it is an object, of what was decided then. Called for each attempt, also of operations and credential checks. It
   * runs before each request, so it has to be quick.
   */
  readonly onRequest?: OnRequest;
}

const optionTable: OptionTable<RuntimeOptions> = {
  // checkedDestinations() names the position of a wrong one.
  destinations: { fits: () => true, what: 'an array of destinations' },
  ...poolOptionTable,
  origins: anObject,
  allowedOrigins: { fits: Array.isArray, what: 'an array of origins' },
  pace: anObject,
  sharedRates: aRateLimiter,
  retry: anObject,
  eventLimits: anObject,
  now: aFunction,
  random: aFunction,
  sleep: aFunction,
  onSignal: aFunction,
  onRequest: aFunction,
};

/** The result of `open()`: a connection, or every problem with the settings and options, by path and without values. */
export type Opened<L extends OperationList = OperationList> =
  | { readonly kind: 'open'; readonly connection: Connection<L> }
  | { readonly kind: 'invalid'; readonly issues: readonly ConfigIssue[] };

/** The destinations of one host program, and the connections it has open. */
export interface Runtime {
  /** Describes every destination as data for the host's forms. */
  catalogue(): readonly CatalogueEntry[];
  /**
   * Opens a connection. Returns problems with the settings, and an id that another open connection uses, as `invalid`.
   * Throws for a slug or a destination that the runtime does not have, and after close(). The default id is the slug,
   * then `slug#2`. If opened with the destination itself, the connection's operations are typed by name.
   */
  open<L extends OperationList = OperationList>(
    destination: string | AnyDestination<L>,
    config: unknown,
    options?: ConnectionOptions,
    hooks?: ConnectionHooks,
  ): Opened<L>;
  /** How many requests to vendors have no answer yet, those included that wait for a socket. */
  requestsInFlight(): number;
  /** Closes every connection. After that, open() throws. */
  close(): Promise<void>;
}

/**
 * Creates the runtime that a host program embeds. Throws for a wrong option and names it: a bad origin, an unknown
 * slug, a concurrency of 0.
 *
 * @example
 * const runtime = createRuntime({ destinations: await loadDestinations('connectors') });
 * const opened = runtime.open('adjust', settings);
 * if (opened.kind === 'invalid') throw new Error(opened.issues.map(({ message }) => message).join());
 * const [outcome] = await opened.connection.deliver([{ type: 'track', event: 'Order Completed' }]);
 * await runtime.close();
 */
export function createRuntime(callerOptions: RuntimeOptions): Runtime {
  if (callerOptions === undefined) throw new TypeError('createRuntime(): needs options, with the destinations');
  const checkedCopy = checkedOptions(callerOptions, optionTable, 'createRuntime()');
  const bySlug = checkedDestinations(checkedCopy.destinations);
  const host = createHost({ ...checkedCopy, ...checkHostOptions(checkedCopy, bySlug) }, bySlug);
  const connections = new Set<Connection>();
  const ids = createConnectionIds();
  let closing: Promise<void> | undefined;

  function connect({ destination, config, connectionOptions, rules }: CheckedSettings): Connection {
    const id = connectionOptions.id ?? ids.free(destination.manifest.slug);
    const binding = bindSettings(host, { destination, config, connectionOptions, id, rules });
    const connection = createConnection(host, binding, {
      onClosing: () => ids.close(id),
      onClosed: () => void connections.delete(connection),
    });
    ids.open(id);
    connections.add(connection);
    return connection;
  }

  return {
    catalogue: () => [...bySlug.values()].map(catalogueEntry),
    open<L extends OperationList>(
      slugOrDestination: string | AnyDestination<L>,
      config: unknown,
      connectionOptions: ConnectionOptions = {},
      hooks?: ConnectionHooks,
    ): Opened<L> {
      if (closing !== undefined) throw new Error('the runtime is closed; make a new one to open connections');
      const destination = destinationOf(bySlug, slugOrDestination as string | AnyDestination);
      const ownHooks = checkedOptions(hooks, hookTable, 'open()');
      const { settings, issues } = checkSettings(host, ids, destination, config, connectionOptions, ownHooks);
      if (settings === undefined) return { kind: 'invalid', issues };
      try {
        return { kind: 'open', connection: connect(settings) as Connection<L> };
      } catch (error) {
        const { slug, hosts } = destination.manifest;
        if (error instanceof ForbiddenTargetError && hosts === 'origins')
          return { kind: 'invalid', issues: [{ path: 'config', message: `${error.summary} (${howToAllow})` }] };
        const connection = connectionOptions.id ?? slug;
        host.emit?.({ kind: 'defect', slug, connection, where: 'prepare', error: errorText(error) });
        const message =
          error instanceof ForbiddenTargetError
            ? `the connector makes a request that must not leave: ${error.summary}`
            : 'the connector cannot work with these settings';
        return { kind: 'invalid', issues: [{ path: 'config', message }] };
      }
    },
    requestsInFlight: () => host.deadlines.count(),
    close() {
      closing ??= Promise.all([...connections].map((connection) => connection.close())).then(() => host.pools.close());
      return closing;
    },
  };
}

function createHost(options: RuntimeOptions, bySlug: ReadonlyMap<string, AnyDestination>): HostParts {
  const clock = hostClock(options);
  const origins = checkOrigins(options.origins ?? {}, bySlug);
  const allowedOrigins = checkAllowedOrigins(options.allowedOrigins ?? []);
  const emit = options.onSignal === undefined ? undefined : safely(options.onSignal);
  const access = vendorAccess(options.destinations, options.pace ?? {}, origins, allowedOrigins);
  const concurrencies = [...access.values()].map(({ pace }) => pace.concurrency);
  const pools = createPools(poolsOptions(options, concurrencies));
  const windows = createWindowLeases(clock);
  const deadlines = new SharedDeadlines(clock.elapsed);
  const { onRequest } = options;
  const sharedRates = options.sharedRates === undefined ? undefined : new SharedRates(options.sharedRates, clock);
  const shared = { pools, deadlines, windows, sharedRates };
  return { ...hostDefaults(options), ...shared, access, clock, emit, onRequest, allowedOrigins };
}

/** Throws for a slug or a destination that the runtime does not have. */
function destinationOf(
  bySlug: ReadonlyMap<string, AnyDestination>,
  slugOrDestination: string | AnyDestination,
): AnyDestination {
  const slug: unknown = typeof slugOrDestination === 'string' ? slugOrDestination : slugOrDestination?.manifest?.slug;
  if (typeof slug !== 'string')
    throw new TypeError(`open(): needs a slug or a destination of this runtime, not ${kindOf(slugOrDestination)}`);
  const destination = bySlug.get(slug);
  if (destination === undefined) throw new Error(`no destination "${slug}"; ${knownSlugs(bySlug)}`);
  if (typeof slugOrDestination !== 'string' && slugOrDestination !== destination)
    throw new Error(`the runtime was made with another destination of the slug "${slug}"`);
  return destination;
}

const knownSlugs = (bySlug: ReadonlyMap<string, unknown>): string => `there are: ${[...bySlug.keys()].join(', ')}`;

function checkOrigins(
  origins: Readonly<Record<string, string>>,
  known: ReadonlyMap<string, unknown>,
): Map<string, string> {
  const checked = new Map<string, string>();
  for (const [slug, origin] of Object.entries(origins)) {
    if (!known.has(slug)) throw new Error(`origins: no destination "${slug}"; ${suggestion(slug, [...known.keys()])}`);
    if (typeof origin !== 'string') throw new TypeError(`origins.${slug}: must be a string, not ${kindOf(origin)}`);
    checked.set(slug, checkedOrigin(origin));
  }
  return checked;
}

function checkAllowedOrigins(origins: readonly unknown[]): string[] {
  return origins.map((origin, index) => {
    if (typeof origin !== 'string')
      throw new TypeError(`allowedOrigins[${index}]: must be a string, not ${kindOf(origin)}`);
    try {
      return checkedAllowedOrigin(origin);
    } catch (error) {
      throw new Error(`allowedOrigins[${index}]: ${(error as Error).message}`, { cause: error });
    }
  });
}
