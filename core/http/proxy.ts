import type { Proxy } from './pools.ts';
import { parsedUrl } from './target.ts';

/**
 * A proxy that requests go through, as the host program chose it: `true` for the one that HTTPS_PROXY or HTTP_PROXY and
 * NO_PROXY of the environment name, or its URL.
 */
export type ProxyOption =
  | true
  | {
      /** http or https, with credentials if the proxy requires them. */
      readonly url: string;
      /** Hosts that are reached directly, separated by commas or spaces, as in NO_PROXY. Default: none. */
      readonly except?: string | undefined;
    };

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Throws if the choice is invalid; the message omits the URL, which may hold a password.
 *
 * @internal
 */
export function chosenProxy(option: ProxyOption, env: Env): Proxy {
  if (option === true) {
    const named = proxyIn(env);
    if (named === undefined)
      throw new Error('proxy: neither HTTPS_PROXY nor HTTP_PROXY is set; set one, or give the proxy’s URL');
    return { url: checkedUrl(named.url, named.variable), except: exceptionsIn(env) };
  }
  const { url, except = '' } = option as { url: unknown; except?: unknown };
  if (typeof except !== 'string') throw new Error('proxy.except: must be text, such as "localhost,.example.com"');
  return { url: checkedUrl(url, 'proxy.url'), except };
}

/** The proxy that the environment names for https, with the name of the variable. An empty variable counts as unset. */
export function proxyIn(env: Env): { readonly variable: string; readonly url: string } | undefined {
  for (const variable of ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY']) {
    const url = env[variable];
    if (url !== undefined && url !== '') return { variable, url };
  }
  return undefined;
}

/** The hosts that the environment excepts from the proxy; empty if it names none. */
export const exceptionsIn = (env: Env): string => env['no_proxy'] ?? env['NO_PROXY'] ?? '';

function checkedUrl(url: unknown, where: string): string {
  const parsed = typeof url === 'string' ? parsedUrl(url) : undefined;
  if (parsed === undefined || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:'))
    throw new Error(`${where}: must be an http or https URL, such as http://proxy.example.com:3128`);
  return parsed.href;
}
