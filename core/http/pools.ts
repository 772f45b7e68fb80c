import type { Agent, buildConnector, Dispatcher, Pool } from 'undici';
import { ClientPools, type RequestHandler } from './client-pool.ts';
import { publicLookup } from './public-lookup.ts';
import { withResetDetection } from './socket-reset.ts';
import { SocketScheduler } from './socket-scheduler.ts';
import { undiciConnector, undiciPool, undiciProxyAgent } from './undici.ts';

export type MakeDispatcher = (options: Agent.Options) => Dispatcher;

export interface PoolsOptions {
  /** Most sockets to one origin, shared by all connections. */
  readonly socketsPerOrigin: number;
  /** A dispatcher of the host, which the host closes, or a factory, whose dispatchers are closed here. */
  readonly dispatcher?: Dispatcher | MakeDispatcher | undefined;
  readonly proxy?: Proxy | undefined;
}

/** The proxy that the host chose. */
export interface Proxy {
  readonly url: string;
  /** Hosts that are reached directly, in the format of NO_PROXY. */
  readonly except: string;
}

/** Connections of the same kind share their sockets. */
export interface PoolKind {
  /** Refuses names that resolve to an address inside a network. */
  readonly guarded: boolean;
  /** Time limit to open a socket, in milliseconds. */
  readonly connectMs: number;
  /** Loopback is never reached through a proxy. */
  readonly loopback: boolean;
}

/** Where requests go: our own clients, a proxy, or what the host brings. */
export interface RequestDispatcher {
  dispatch(options: Dispatcher.DispatchOptions, handler: RequestHandler): unknown;
  close(): Promise<void>;
}

/** The sockets that connections of one kind share. */
export interface SharedPool {
  readonly dispatcher: RequestDispatcher;
  /** Its sockets distinguish a reset from a regular end. */
  readonly detectsResets: boolean;
  /** The dispatcher modifies the headers object of a request. */
  readonly changesHeaders: boolean;
  /** A connection closes. The last one to leave closes the sockets, where they are our own. */
  leave(): Promise<void>;
}

/** The sockets of one runtime. */
export interface Pools {
  /** The pool for one more connection of this kind; its sockets open with the first request. */
  join(kind: PoolKind): SharedPool;
  schedulerFor(origin: string): SocketScheduler;
  /** Closes the dispatchers that were created here. */
  close(): Promise<void>;
}

function ignoreClosed(error: unknown): void {
  if (!closedCodes.has((error as { readonly code?: unknown } | null)?.code)) throw error;
}

const closedCodes: ReadonlySet<unknown> = new Set(['UND_ERR_CLOSED', 'UND_ERR_DESTROYED']);

const keepAliveMs = 30_000;
/** How many addresses of a name are tried within the connect limit. */
const addressesTried = 3;

export function createPools({ socketsPerOrigin, dispatcher: hostDispatcher, proxy }: PoolsOptions): Pools {
  const shared = new Map<string, SharedPool & { join(): void; close(): Promise<void> }>();
  const schedulers = new Map<string, SocketScheduler>();
  const own = hostDispatcher === undefined;

  function schedulerFor(origin: string): SocketScheduler {
    const scheduler = schedulers.get(origin) ?? new SocketScheduler(socketsPerOrigin);
    schedulers.set(origin, scheduler);
    return scheduler;
  }

  function make(kind: PoolKind): RequestDispatcher {
    if (hostDispatcher !== undefined && typeof hostDispatcher !== 'function') return hostDispatcher;
    const options = agentOptions(kind, socketsPerOrigin);
    if (hostDispatcher !== undefined) return hostDispatcher(options);
    if (proxy !== undefined && !kind.loopback) return proxyAgent(options, proxy);
    return ownClients(options, (origin) => schedulerFor(origin).taken);
  }

  function open(key: string, kind: PoolKind) {
    let members = 0;
    let opened: RequestDispatcher | undefined;
    const close = async (): Promise<void> => {
      const closing = opened;
      opened = undefined;
      // A factory may return one dispatcher for several pools, and its owner may have closed it.
      if (closing !== undefined && (own || typeof hostDispatcher === 'function'))
        await closing.close().catch(ignoreClosed);
    };
    return {
      get dispatcher() {
        opened ??= make(kind);
        return opened;
      },
      detectsResets: own,
      changesHeaders: own && proxy !== undefined,
      join() {
        members += 1;
      },
      leave(): Promise<void> {
        members -= 1;
        // A host's factory may return the same dispatcher each time, so it is closed with the runtime.
        if (members > 0 || !own) return Promise.resolve();
        shared.delete(key);
        return close();
      },
      close,
    };
  }

  return {
    join(kind) {
      const { guarded, connectMs, loopback } = kind;
      const key = `${guarded} ${connectMs} ${loopback}`;
      const pool = shared.get(key) ?? open(key, kind);
      shared.set(key, pool);
      pool.join();
      return pool;
    },
    schedulerFor,
    async close() {
      await Promise.all([...shared.values()].map((pool) => pool.close()));
      shared.clear();
    },
  };
}

const agentOptions = ({ guarded, connectMs }: PoolKind, connections: number): Agent.Options => ({
  connections,
  pipelining: 1,
  keepAliveTimeout: keepAliveMs,
  connect: {
    timeout: connectMs,
    // By default Node gives up an address after 250 ms when there is another one, whatever the total limit.
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: Math.max(10, Math.floor(connectMs / addressesTried)),
    ...(guarded ? { lookup: publicLookup } : {}),
  },
});

/** A pool whose sockets distinguish a reset from a regular end. */
const resetDetectingPool = (origin: string | URL, options: object): Dispatcher => {
  const { connect, ...others } = options as Pool.Options & { readonly connect: buildConnector.connector };
  return new (undiciPool())(origin, { ...others, connect: withResetDetection(connect) });
};

const connectorOf = ({ connect }: Agent.Options): buildConnector.connector =>
  undiciConnector()(connect as buildConnector.BuildOptions);

const ownClients = (options: Agent.Options, inFlight: (origin: string) => number): ClientPools =>
  new ClientPools(
    { pipelining: 1, keepAliveTimeout: keepAliveMs, connect: withResetDetection(connectorOf(options)) },
    inFlight,
  );

/** The proxy resolves the vendor's name and may itself be inside our network, so neither lookup is guarded. */
function proxyAgent(options: Agent.Options, { url, except }: Proxy): Dispatcher {
  const { lookup: _, ...tls } = options.connect as buildConnector.BuildOptions & { readonly lookup?: unknown };
  return new (undiciProxyAgent())({
    ...options,
    factory: resetDetectingPool,
    connect: connectorOf(options),
    httpProxy: url,
    httpsProxy: url,
    noProxy: except,
    proxyTls: tls,
    requestTls: tls,
  });
}
