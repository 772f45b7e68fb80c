import type { PoolsOptions } from '../http/pools.ts';
import { chosenProxy } from '../http/proxy.ts';
import { isFunction, type OptionTable } from './argument-check.ts';
import type { RuntimeOptions } from './runtime.ts';

const defaultSockets = 256;

type PoolOptions = Pick<RuntimeOptions, 'dispatcher' | 'proxy' | 'socketsPerOrigin'>;

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
