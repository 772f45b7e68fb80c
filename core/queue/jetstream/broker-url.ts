import { BrokerRefused } from './broker-errors.ts';

/** What a store's URL says. */
export interface BrokerUrl {
  /** `host:port`, each. */
  readonly servers: readonly string[];
  readonly tls: boolean;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly stream: string;
  readonly lanes?: number | undefined;
  readonly replicas?: number | undefined;
}

const form = /^(nats|tls):\/\/(?:([^/@]*)@)?([^/?#@]+)\/?(?:\?([^#]*))?$/;
const host = /^(?:\[[0-9a-f:.]+\]|[^\s:[\]]+)(?::(\d{1,5}))?$/i;
const streamName = /^[A-Za-z0-9_-]{1,32}$/;
const defaultPort = 4222;

/** Whether a text names a broker. */
export const isBrokerUrl = (text: string): boolean => /^(?:nats|tls):\/\//.test(text);

/** The URL without what nobody may see. */
export const shownUrl = (url: string): string => url.replace(/^([a-z]+:\/\/).*@/s, '$1');

/** Throws BrokerRefused, without the secrets of the URL. */
export function parseBrokerUrl(url: string): BrokerUrl {
  const refuse = (why: string): never => {
    throw new BrokerRefused(
      'settings',
      `${shownUrl(url)} names no broker: ${why}; expected nats://HOST:4222?stream=NAME, several hosts by comma`,
    );
  };
  const match = form.exec(url);
  if (match === null) return refuse('it is no URL of that form');
  const [, scheme, userinfo, hosts = '', query = ''] = match;
  const servers = hosts.split(',').map((one) => {
    const port = host.exec(one);
    if (port === null || Number(port[1] ?? 0) > 65_535) return refuse(`${one} is no host`);
    return port[1] === undefined ? `${one}:${defaultPort}` : one;
  });
  const settings = new URLSearchParams(query);
  const known = ['stream', 'lanes', 'replicas'];
  for (const name of settings.keys())
    if (!known.includes(name)) refuse(`${name} is unknown; expected ${known.join(', ')}`);
  const stream = settings.get('stream') ?? 'spillway';
  if (!streamName.test(stream)) refuse('stream takes 1 to 32 of A-Z, a-z, 0-9, _ and -');
  const count = (name: string, most: number): number | undefined => {
    const text = settings.get(name);
    if (text === null) return undefined;
    const value = Number(text);
    return /^\d+$/.test(text) && value >= 1 && value <= most ? value : refuse(`${name} takes 1 to ${most}`);
  };
  return {
    servers,
    tls: scheme === 'tls',
    ...credentialsOf(userinfo),
    stream,
    lanes: count('lanes', mostLanes),
    replicas: count('replicas', 5),
  };
}

/** Each lane of a connection is a consumer, which takes some 40 kB of the broker's memory. */
export const mostLanes = 1_024;

function credentialsOf(userinfo: string | undefined): { readonly user?: string; readonly password?: string } {
  if (userinfo === undefined || userinfo === '') return {};
  const at = userinfo.indexOf(':');
  if (at < 0) return { user: decoded(userinfo) };
  return { user: decoded(userinfo.slice(0, at)), password: decoded(userinfo.slice(at + 1)) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
