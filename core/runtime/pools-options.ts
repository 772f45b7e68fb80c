import type { Agent, Dispatcher } from 'undici';
import type { PoolsOptions } from '../http/pools.ts';
import { chosenProxy, type ProxyOption } from '../http/proxy.ts';
import { isFunction, type OptionTable } from './argument-check.ts';

const defaultSockets = 256;

/** What the host program decides of the sockets of all its connections. */
export interface PoolOptions {
  /**
   * undici's, of hosts with pools of their own: a Dispatcher, which stays the host's and is never closed; or what makes
   * one, called with what our own Agent would get, once for all connections of one kind (alike in the time a socket may
   * take to stand, and in whether their addresses are guarded), and closed by the runtime's `close()`. Sockets of the
   * host's do not tell a reset from an end: an empty yes without a length is ambiguous there. Default: an Agent for
   * each kind, let go with its last connection.
   */
  readonly dispatcher?: Dispatcher | ((options: Agent.Options) => Dispatcher);
  /**
   * Sockets to one origin at most, shared by all connections, which take turns where they do not suffice. Default: 256,
   * or the highest concurrency of a destination's pace where that is more.
   */
  readonly socketsPerOrigin?: number;
  /**
   * Sends through a proxy. Default: none, whatever the environment says. The proxy looks up the vendor's name, so that
   * the manifest's host list alone guards where a request goes; what is on loopback is reached without it. Not beside
   * `dispatcher`.
   */
  readonly proxy?: ProxyOption;
}

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

/** What the host program says of its way out. Throws, naming the option, for what cannot be meant. */
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
