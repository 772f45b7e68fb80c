import { isIP, isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Where a request goes, after all checks on its URL. */
export interface Target {
  readonly origin: string;
  readonly path: string;
}

/** Turns the URL of a request into its target. Throws a ForbiddenTargetError. */
export type TargetCheck = (url: string) => Target;

/** A URL that a connection must not reach. `summary` says why without a part of the URL. */
export class ForbiddenTargetError extends Error {
  readonly summary: string;

  constructor(summary: string, message = summary) {
    super(message);
    this.name = 'ForbiddenTargetError';
    this.summary = summary;
  }
}

/** What a connection may reach: the hosts of a manifest, or the origins that the host program allows. */
export type Reach = readonly string[] | { readonly origins: readonly string[] };

/**
 * The host check: turns the vendor's own URL into a target, or says why not. Of `hosts`, only https and only the
 * default port; of `origins`, exactly these. `pointedAt` takes the place of the origin after all checks.
 */
export const createTargetCheck = (reach: Reach, pointedAt?: string): TargetCheck =>
  withLastTarget((url) => check(url, reach, pointedAt));

/** The same check, which does not judge a URL again that comes twice in a row. */
export function withLastTarget(judge: TargetCheck): TargetCheck {
  let last: { readonly url: string; readonly target: Target } | undefined;
  return (url) => {
    if (last?.url !== url) last = { url, target: judge(url) };
    return last.target;
  };
}

function check(url: string, reach: Reach, pointedAt: string | undefined): Target {
  const parsed = parsedUrl(url);
  if (parsed === undefined) throw new ForbiddenTargetError('the request has no absolute URL');
  if ('origins' in reach) checkOrigin(parsed, reach.origins);
  else checkHost(parsed, reach);
  return { origin: pointedAt ?? parsed.origin, path: parsed.pathname + parsed.search };
}

function checkOrigin(parsed: URL, origins: readonly string[]): void {
  if (parsed.username !== '' || parsed.password !== '')
    throw new ForbiddenTargetError('a URL must not carry credentials');
  // The origin of a blob: URL is that of the URL inside.
  if (!/^https?:$/.test(parsed.protocol) || !origins.includes(parsed.origin))
    throw new ForbiddenTargetError('the URL is at none of the origins that the host program allows');
}

function checkHost(parsed: URL, hosts: readonly string[]): void {
  if (parsed.protocol !== 'https:')
    throw new ForbiddenTargetError('only https is allowed', `only https is allowed, not ${parsed.protocol}`);
  if (parsed.username !== '' || parsed.password !== '')
    throw new ForbiddenTargetError('a URL must not carry credentials');
  if (parsed.port !== '') throw new ForbiddenTargetError('only the default port is allowed');
  if (!hosts.includes(parsed.hostname) || isAddress(parsed.hostname))
    throw new ForbiddenTargetError(
      "the host is not among the manifest's hosts",
      `"${parsed.hostname}" is not among the manifest's hosts`,
    );
}

/** Is the host of a URL an address? IPv6 has brackets there; Node's check for it takes milliseconds the first time. */
const isAddress = (host: string): boolean => host.startsWith('[') || isIPv4(host);

/** `undefined` for an invalid URL. Not URL.canParse: on Node 20 it refuses Latin-1 hosts once it is optimised. */
export function parsedUrl(url: string): URL | undefined {
  try {
    return new URL(url);
  } catch {
    return undefined;
  }
}

/**
 * An origin that the host program points a destination at: https, or http on loopback. Throws what is wrong with it.
 */
export function checkedOrigin(origin: string): string {
  const parsed = parsedUrl(origin);
  if (parsed === undefined)
    throw new Error(`not an origin: ${JSON.stringify(origin)} (expected such as http://127.0.0.1:8080)`);
  if (parsed.username !== '' || parsed.password !== '') throw new Error('an origin must not carry credentials');
  if (parsed.pathname !== '/' || parsed.search !== '' || parsed.hash !== '') {
    throw new Error('an origin is scheme, host and port only, without a path');
  }
  if (parsed.protocol === 'https:' || (parsed.protocol === 'http:' && isLoopback(parsed.hostname)))
    return parsed.origin;
  throw new Error('an origin must be https, or http on a loopback address');
}

/**
 * An origin that a customer's settings may name: https, or http on loopback, and never an address inside a network.
 * Names are judged when they are looked up. Throws what is wrong with it.
 */
export function checkedAllowedOrigin(origin: string): string {
  const checked = checkedOrigin(origin);
  const host = (parsedUrl(checked)?.hostname ?? '').replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) !== 0 && !isLoopbackOrigin(checked) && !isPublic(host))
    throw new Error('an allowed origin must not be an address inside a network');
  if (host.includes('*')) throw new Error('an allowed origin names one host, without a wildcard');
  return checked;
}

/** Whether a checked origin is on this machine. */
export const isLoopbackOrigin = (origin: string): boolean => isLoopback(parsedUrl(origin)?.hostname ?? '');

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || (isIPv4(host) && ipaddr.IPv4.parse(host).range() === 'loopback');

const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3');
/** The documentation prefix (RFC 9637), not yet in the library's ranges. */
const documentation = ipaddr.IPv6.parseCIDR('3fff::/20');
/** The well-known prefix of NAT64 (RFC 6052): the way from an IPv6-only network to IPv4. */
const nat64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96');
/** A public address that is in fact the host of an Azure machine, which hands out certificates and settings. */
const azureHost = '168.63.129.16';

/**
 * Global unicast only; an IPv4 address inside an IPv6 one is judged as what it is. NAT64 of a network's own
 * (64:ff9b:1::/48, RFC 8215) leads into that network.
 */
export function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed instanceof ipaddr.IPv4) return isPublicV4(parsed);
  if (parsed.match(nat64)) return isPublicV4(new ipaddr.IPv4(parsed.toByteArray().slice(12)));
  return parsed.range() === 'unicast' && parsed.match(globalUnicast) && !parsed.match(documentation);
}

const isPublicV4 = (address: ipaddr.IPv4): boolean => address.range() === 'unicast' && address.toString() !== azureHost;
