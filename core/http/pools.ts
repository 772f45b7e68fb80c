import { Agent, buildConnector, Dispatcher, EnvHttpProxyAgent, Pool } from 'undici';
import { telling } from './socket-reset.ts';
import { SocketTurns } from './socket-turns.ts';
import { publicLookup } from './target.ts';

export type MakeDispatcher = (options: Agent.Options) => Dispatcher;

export interface PoolsOptions {
  /** Sockets to one origin at most, whichever connections they serve. */
  readonly socketsPerOrigin: number;
  /** The host's own: one that stays the host's, or what makes them, which are closed here. */
  readonly dispatcher?: Dispatcher | MakeDispatcher | undefined;
  readonly proxy?: Proxy | undefined;
}

/** The proxy that a host chose. */
export interface Proxy {
  readonly url: string;
  /** Hosts that are reached without it, as NO_PROXY lists them. */
  readonly except: string;
}

/** What tells the sockets of connections apart. */
export interface PoolKind {
  /** Names that lead into a network are refused. */
  readonly guarded: boolean;
  /** How long a socket may take until it stands, in milliseconds. */
  readonly connectMs: number;
  /** Nothing on loopback is reached through a proxy. */
  readonly loopback: boolean;
}

/** The way out that connections of one kind share. */
export interface SharedPool {
  readonly dispatcher: Dispatcher;
  /** The sockets tell a reset from an end. */
  readonly tellsResets: boolean;
  /** It changes the headers that it is given. */
  readonly changesHeaders: boolean;
  /** A connection goes. With the last one the sockets go, too, where they are ours. */
  leave(): Promise<void>;
}

/** The sockets of one runtime. */
export interface Pools {
  /** The pool for one more connection of this kind; its sockets are made at the first request. */
  join(kind: PoolKind): SharedPool;
  turnsAt(origin: string): SocketTurns;
  /** Closes what was made here. */
  close(): Promise<void>;
}

function unlessClosed(error: unknown): void {
  if (!closedAlready.has((error as { readonly code?: unknown } | null)?.code)) throw error;
}

const closedAlready: ReadonlySet<unknown> = new Set(['UND_ERR_CLOSED', 'UND_ERR_DESTROYED']);

const keepAliveMs = 30_000;
/** Addresses of one name that are tried within the connect limit. */
const addressesTried = 3;

export function createPools({ socketsPerOrigin, dispatcher: given, proxy }: PoolsOptions): Pools {
  const shared = new Map<string, SharedPool & { join(): void; close(): Promise<void> }>();
  const turns = new Map<string, SocketTurns>();
  const own = given === undefined;

  function make(kind: PoolKind): Dispatcher {
    if (given !== undefined && typeof given !== 'function') return given;
    const options = agentOptions(kind, socketsPerOrigin);
    if (given !== undefined) return given(options);
    return proxy === undefined || kind.loopback ? ownAgent(options) : proxied(options, proxy);
  }

  function open(key: string, kind: PoolKind) {
    let members = 0;
    let made: Dispatcher | undefined;
    const close = async (): Promise<void> => {
      const closing = made;
      made = undefined;
      // What a factory gave may be one and the same for several, and closed by its owner meanwhile.
      if (closing !== undefined && (own || typeof given === 'function')) await closing.close().catch(unlessClosed);
    };
    return {
      get dispatcher() {
        made ??= make(kind);
        return made;
      },
      tellsResets: own,
      changesHeaders: own && proxy !== undefined,
      join() {
        members += 1;
      },
      leave(): Promise<void> {
        members -= 1;
        // What the host made may be one and the same each time: it is closed with the runtime.
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
    turnsAt(origin) {
      const found = turns.get(origin) ?? new SocketTurns(socketsPerOrigin);
      turns.set(origin, found);
      return found;
    },
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
    // Node gives up an address after 250 ms where there is another one, however long the socket may take in all.
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: Math.max(10, Math.floor(connectMs / addressesTried)),
    ...(guarded ? { lookup: publicLookup } : {}),
  },
});

/** A pool whose sockets tell a reset from an end. */
const tellingPool = (origin: string | URL, options: object): Dispatcher => {
  const { connect, ...others } = options as Pool.Options & { readonly connect: buildConnector.connector };
  return new Pool(origin, { ...others, connect: telling(connect) });
};

const connectorOf = ({ connect }: Agent.Options): buildConnector.connector =>
  buildConnector(connect as buildConnector.BuildOptions);

const ownAgent = (options: Agent.Options): Dispatcher =>
  new Agent({ ...options, factory: tellingPool, connect: connectorOf(options) });

/** The proxy finds the vendor's address, and may itself stand in our network: neither is looked up with the guard. */
function proxied(options: Agent.Options, { url, except }: Proxy): Dispatcher {
  const { lookup: _, ...tls } = options.connect as buildConnector.BuildOptions & { readonly lookup?: unknown };
  return new EnvHttpProxyAgent({
    ...options,
    factory: tellingPool,
    connect: connectorOf(options),
    httpProxy: url,
    httpsProxy: url,
    noProxy: except,
    proxyTls: tls,
    requestTls: tls,
  });
}
