import type { Agent, Dispatcher } from 'undici';
import type { PoolsOptions } from '../http/pools.ts';
import { chosenProxy, type ProxyOption } from '../http/proxy.ts';
import { isFunction, type OptionTable } from './argument-check.ts';

const defaultSockets = 256;

/** The host program's options for the sockets of all its connections. */
export interface PoolOptions {
  /**
   * An undici Dispatcher, for hosts with their own pools; the host keeps it, and the runtime never closes it. Or a
   * function that makes one: it gets the options of the default Agent, is called once per kind of connection (same
   * connect timeout, same address guard), and the runtime's `close()` closes the result. A host's sockets cannot tell a
   * reset from an end, so an empty success without a length is ambiguous there. Default: one Agent per kind, released
   * with its last connection.
   */
  readonly dispatcher?: Dispatcher | ((options: Agent.Options) => Dispatcher);
  /**
   * The most sockets to one origin. All connections share them, and take turns if there are too few. Default: 256, or
   * the highest concurrency of a destination's pace if that is more.
   */
  readonly socketsPerOrigin?: number;
  /**
   * Sends through a proxy. Default: no proxy, whatever the environment says. The proxy resolves the vendor's name, so
   * only the manifest's host list guards where a request goes. Loopback addresses are reached directly. Cannot be
   * combined with `dispatcher`.
   */
  readonly proxy?: ProxyOption;
}

/** @internal */
export const poolOptionTable = {
  dispatcher: {
    fits: (value) => isFunction(value) || isFunction((value as { readonly dispatch?: unknown } | null)?.dispatch),
    what: 'a Dispatcher of undici, or a function that makes one',
  },
  socketsPerOrigin: {
    fits: (value) => Number.isInteger(value) && (value as number) >= 1,
    what: 'a whole number of at least 1',
  },
  proxy: {
    fits: (value) => value === true || (typeof value === 'object' && value !== null),
    what: 'true (the proxy of the environment), or an object with the url',
  },
} satisfies OptionTable<PoolOptions>;

/**
 * Reads the host program's socket options. Throws for a wrong option and names it.
 *
 * @internal
 */
export function poolsOptions(
  { dispatcher, proxy, socketsPerOrigin }: PoolOptions,
  concurrencies: readonly number[],
): PoolsOptions {
  if (proxy !== undefined && dispatcher !== undefined)
    throw new Error('proxy: not beside dispatcher; a dispatcher brings its own');
  return {
    socketsPerOrigin: socketsPerOrigin ?? Math.max(defaultSockets, ...concurrencies),
    dispatcher,
    proxy: proxy === undefined ? undefined : chosenProxy(proxy, process.env),
  };
}
