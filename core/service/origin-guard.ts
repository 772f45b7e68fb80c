import { isIP } from 'node:net';
import { Problem } from './problem.ts';

/** Where a service is reached. */
export interface ServiceAddress {
  /** The address it listens on: a name or an IP. */
  readonly host: string;
  /** Other names under which clients reach it, without a port. */
  readonly publicHosts: readonly string[];
}

/**
 * Refuses what a page of another site sends. A browser reaches a service on loopback, too, with a simple POST, or under
 * a name of the attacker that leads there; it then says so in `Origin`, `Sec-Fetch-Site` or `Host`. An IP as `Host` is
 * no name that an attacker could turn elsewhere.
 */
export function refuseForeignPages({ url, headers }: Request, { host, publicHosts }: ServiceAddress): void {
  const publicNames = publicHosts.map((name) => name.toLowerCase());
  const own = new Set(['localhost', host.toLowerCase(), ...publicNames]);
  const isOwn = (name: string): boolean => own.has(name) || isIP(name.replace(/^\[|\]$/g, '')) !== 0;
  const reached = (headers.get('host') ?? new URL(url).host).toLowerCase();
  if (!isOwn(withoutPort(reached)))
    throw new Problem(
      'forbidden',
      'the Host header names another host than this service has; --public-host allows more',
    );
  if (headers.get('sec-fetch-site') === 'cross-site') throw foreign();
  const origin = headers.get('origin');
  if (origin === null) return;
  const page = URL.canParse(origin) ? new URL(origin) : undefined;
  // A proxy may put a name of its own into Host.
  const isKnown = page !== undefined && (publicNames.includes(page.host) || isSame(page, reached));
  if (!isKnown) throw foreign();
}

/** Some proxies write a port into Host that the origin's scheme has anyway. */
function isSame({ protocol, host }: URL, reached: string): boolean {
  const url = `${protocol}//${reached}`;
  return URL.canParse(url) && new URL(url).host === host;
}

const foreign = (): Problem => new Problem('forbidden', 'the request comes from a page of another site');

const withoutPort = (host: string): string => host.replace(/:\d*$/, '');
