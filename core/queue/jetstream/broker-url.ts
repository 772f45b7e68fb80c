import { BrokerRefused } from './broker-errors.ts';

/** What a store's URL says. */
export interface BrokerUrl {
  /** `host:port`, each. */
  readonly servers: readonly string[];
  readonly tls: boolean;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly token?: string | undefined;
  readonly stream: string;
  readonly lanes?: number | undefined;
  readonly replicas?: number | undefined;
}

/** No `@` behind the hosts: what is before the last one may be a password that was not encoded. */
const form = /^(nats|tls):\/\/(?:([^/@]*)@)?([^/?#@]+)\/?(?:\?([^#@]*))?$/;
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
  if (match === null)
    return refuse(
      url.includes('@')
        ? 'it is no URL of that form (in a user or a password, % stands for: %25, / for: %2F, @ for: %40)'
        : 'it is no URL of that form',
    );
  const [, scheme, userinfo, hosts = '', query = ''] = match;
  const servers = hosts.split(',').map((one) => {
    const port = host.exec(one);
    if (one === '') return refuse('between commas there has to be a host');
    if (port === null || !isPort(port[1])) return refuse(`"${one}" is no host`);
    return port[1] === undefined ? `${one}:${defaultPort}` : one;
  });
  const settings = new URLSearchParams(query);
  const known = ['stream', 'lanes', 'replicas'];
  for (const name of settings.keys()) {
    if (!known.includes(name)) refuse(`${name} is unknown; expected ${known.join(', ')}`);
    if (settings.getAll(name).length > 1) refuse(`${name} is there twice`);
  }
  const stream = settings.get('stream') ?? 'spillway';
  if (!streamName.test(stream)) refuse('stream takes 1 to 32 of A-Z, a-z, 0-9, _ and -');
  if (stream.endsWith('-dead')) refuse('a stream with -dead has the dead letters of another one');
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
    replicas: count('replicas', mostReplicas),
  };
}

/** Each lane of a connection is a consumer, which takes some 40 kB of the broker's memory. */
export const mostLanes = 1_024;
/** As many copies as a broker makes. */
export const mostReplicas = 5;

const isPort = (text = '1'): boolean => Number(text) >= 1 && Number(text) <= 65_535;

/** One word is a token, as NATS has it. */
function credentialsOf(userinfo: string | undefined): Pick<BrokerUrl, 'user' | 'password' | 'token'> {
  if (userinfo === undefined || userinfo === '') return {};
  const at = userinfo.indexOf(':');
  if (at < 0) return { token: decoded(userinfo) };
  return { user: decoded(userinfo.slice(0, at)), password: decoded(userinfo.slice(at + 1)) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
