import { createRequire } from 'node:module';
import type { buildConnector, Client, Dispatcher, EnvHttpProxyAgent, Pool } from 'undici';

/**
 * The parts of undici that send, each loaded when it is first needed: a process that validates, previews or prints help
 * sends nothing. All of undici, with fetch, WebSockets, caches and mocks, takes three times as long to load and 9 MB
 * more. Its package names no entries, so that its files can be required; package.json says which version. Required,
 * because whoever sends the first request does not wait for a module.
 */
function part<T>(file: string): () => T {
  let loaded: T | undefined;
  return () => {
    loaded ??= createRequire(import.meta.url)(`undici/lib/${file}.js`) as T;
    return loaded;
  };
}

export const undiciClient = part<typeof Client>('dispatcher/client');
/** To be called on a client or a pool. */
export const undiciRequest = part<Dispatcher['request']>('api/api-request');
export const undiciPool = part<typeof Pool>('dispatcher/pool');
export const undiciProxyAgent = part<typeof EnvHttpProxyAgent>('dispatcher/env-http-proxy-agent');
export const undiciConnector = part<typeof buildConnector>('core/connect');
