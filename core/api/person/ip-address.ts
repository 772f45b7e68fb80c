import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { CdpEvent, JsonValue } from '../event.ts';
import { sourceNamed } from '../events/event-source.ts';
import type { Found } from '../events/first-of.ts';
import { isMissing, isObject, type Cast } from '../fields/mapping.ts';
import { trimInvisible } from '../fields/trim-invisible.ts';
import { isNoId } from './identifier.ts';

/**
 * Whether an IP address is the unspecified one, which hosts write instead of an address that they withhold: `0.0.0.0`,
 * `::`, or any other spelling of it (`0:0:0:0:0:0:0:0`, `::0.0.0.0`).
 */
export const isBlankIp = (address: string): boolean => onlyZeros.test(address) && isIP(address) !== 0;

const onlyZeros = /^[0:.]+$/;

const bracketed = /^\[([^\]]*)\](?::\d+)?$/;
const withPort = /^([\d.]+):\d+$/;
const zoned = /^([^%]*)%[\w.~%-]*$/;

/**
 * The address without brackets, zone and port, and of one that is mapped into IPv6 (`::ffff:203.0.113.9`) the IPv4
 * address in it; `undefined` if the rest is not an IP address.
 */
export function ipAddress(value: string): string | undefined {
  const text = trimInvisible(value);
  if (isUsualIpv4(text)) return text;
  const kind = isIP(text);
  if (kind === 4) return text;
  if (kind === 6 && !text.includes('%')) return withoutMapping(text);
  const bare = (bracketed.exec(text) ?? withPort.exec(text))?.[1] ?? text;
  const address = zoned.exec(bare)?.[1] ?? bare;
  return address.includes('%') || isIP(address) === 0 ? undefined : withoutMapping(address);
}

/** Four numbers below 256 without a zero before them. Says the same as isIPv4() of Node, without its expression. */
function isUsualIpv4(text: string): boolean {
  let part = -1;
  let points = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === 0x2e) {
      if (part < 0) return false;
      part = -1;
      points += 1;
    } else {
      const digit = code - 0x30;
      if (digit < 0 || digit > 9 || part === 0) return false;
      part = part < 0 ? digit : part * 10 + digit;
      if (part > 255) return false;
    }
  }
  return part >= 0 && points === 3;
}

function withoutMapping(address: string): string {
  // Only an address that begins with zeros can be a mapped one, and parsing costs more than all the rest.
  if (address[0] !== ':' && address[0] !== '0') return address;
  if (!ipaddr.IPv6.isValid(address)) return address;
  const parsed = ipaddr.IPv6.parse(address);
  return parsed.isIPv4MappedAddress() ? parsed.toIPv4Address().toString() : address;
}

/** A network of one's own, or of nobody's. */
const closedRanges: ReadonlySet<string> = new Set([
  'private',
  'loopback',
  'linkLocal',
  'uniqueLocal',
  'carrierGradeNat',
  'unspecified',
  'broadcast',
  'multicast',
]);

/** Beginnings of addresses that may be in such a network. */
const perhapsClosed = /^(?:0|10\.|100\.|127\.|169\.|172\.|192\.|2[2-5]\d\.|f[c-f]|::)/i;

/** Whether an address, bare as ipAddress() gives it, leads to nobody, being of a network of one's own: 10.0.0.1. */
export const isPrivateIp = (address: string): boolean =>
  perhapsClosed.test(address) && ipaddr.isValid(address) && closedRanges.has(ipaddr.parse(address).range());

/**
 * A person's IP address of either kind, bare; `undefined` for the unspecified one, which is nobody's. Of several, as
 * proxies list them (`203.0.113.7, 10.0.0.1`), the first that is public; a private one only where it stands alone.
 */
export const asIp: Cast<string> = (value) => {
  const address = typeof value === 'string' ? ipAddress(value) : undefined;
  if (address === undefined) return firstPublic(value);
  return isBlankIp(address) ? undefined : address;
};

/** The same for vendors that take IPv4 only, also of an address that is mapped into IPv6. */
export const asIpv4: Cast<string> = (value) => ipv4Or(asIp(value));

/** `undefined` for one of IPv6: where it is the first of several, the next one is a proxy's. */
const ipv4Or = (address: string | undefined): string | undefined =>
  address?.includes(':') === true ? undefined : address;

/** More than a request passes through; the rest is somebody's joke. */
const mostEntries = 32;
const longestList = 2_048;

function firstPublic(value: JsonValue): string | undefined {
  const entries = entriesOf(value);
  const lone = entries.length === 1 ? ipAddress(entries[0] as string) : undefined;
  if (lone !== undefined) return isBlankIp(lone) ? undefined : lone;
  for (const entry of entries) {
    const address = ipAddress(entry);
    if (address === undefined) continue;
    // The host withholds it, and what follows is a proxy's.
    if (isBlankIp(address)) return undefined;
    if (!isPrivateIp(address)) return address;
  }
  return undefined;
}

/** Of X-Forwarded-For, of Forwarded (`for="[2001:db8::1]:80";proto=https`), or a list. */
function entriesOf(value: JsonValue): readonly string[] {
  if (Array.isArray(value))
    return (value as readonly JsonValue[]).slice(0, mostEntries).filter((entry) => typeof entry === 'string');
  if (typeof value !== 'string' || value.length > longestList) return [];
  const texts = value.split(/[\s,;]+/, mostEntries);
  return texts
    .map((text) => text.replace(/^for=/i, '').replaceAll('"', ''))
    .filter((text) => text !== '' && !otherParameter.test(text));
}

/** What Forwarded says beside the address: `proto=https`, `by=198.51.100.1`. */
const otherParameter = /^(?:by|host|proto)=/i;

/**
 * The person's IP address, for a row of a field table: `context.ip`, and where that is absent, RudderStack's
 * `request_ip` of an event that a browser or an app sent (`channel` is `web` or `mobile`); of a server's event that
 * would be the server's own. The value is `undefined` where something stands there that is no address. Nothing where
 * the host withholds the address (`0.0.0.0`).
 *
 * @example
 * interface AcmeEvent {
 *   ip?: string;
 * }
 * const address = fieldTable<AcmeEvent>([
 *   { to: 'ip', read: clientIpOf, unusable: 'It is no IP address', unadvised: clientIpAdvice },
 * ]);
 */
export const clientIpOf = (event: CdpEvent): Found<string | undefined> | undefined => clientIp(event, true);

/** The same for vendors that take IPv4 only. */
export const clientIpv4Of = (event: CdpEvent): Found<string | undefined> | undefined => clientIp(event, false);

/**
 * Says of an event's address why it may be of little use to a vendor, for `unadvised` of a row: it is of a private
 * network, or it stands in a list behind an entry that is no address. Proxies write `unknown` for a client that they do
 * not name, so what follows may be a proxy.
 */
export function clientIpAdvice(address: string, event?: CdpEvent): string | undefined {
  if (isPrivateIp(address)) return 'The address is of a private network, so it leads to nobody';
  const list = event && ipSource(event)?.value;
  return list !== undefined && list !== address && isBehindUnnamed(address, list)
    ? 'The list names no address for a hop before this one, which may be a proxy'
    : undefined;
}

function isBehindUnnamed(address: string, list: JsonValue): boolean {
  for (const entry of entriesOf(list)) {
    const other = ipAddress(entry);
    if (other === undefined) return true;
    if (other === address) return false;
  }
  return false;
}

function clientIp(event: CdpEvent, takesIpv6: boolean): Found<string | undefined> | undefined {
  const source = ipSource(event);
  if (source === undefined) return undefined;
  const { value, path } = source;
  const lone = typeof value === 'string' ? ipAddress(value) : undefined;
  if (lone !== undefined && isBlankIp(lone)) return undefined;
  const address = lone ?? firstPublic(value);
  return { value: takesIpv6 ? address : ipv4Or(address), path };
}

/** What the event writes in the place of the person's address. */
function ipSource(event: CdpEvent): Found | undefined {
  const { context } = event;
  const stated = isObject(context) ? context['ip'] : undefined;
  if (!isNothing(stated)) return { value: stated, path: 'context.ip' };
  const seen = (event as WithServerFields).request_ip;
  return isNothing(seen) || !isOfClient(event) ? undefined : { value: seen, path: 'request_ip' };
}

/** What RudderStack's server and SDKs write beside the fields of the spec. */
interface WithServerFields {
  readonly request_ip?: JsonValue;
  readonly channel?: JsonValue;
}

function isOfClient(event: CdpEvent): boolean {
  const source = sourceNamed((event as WithServerFields).channel);
  return source === 'web' || source === 'app';
}

const isNothing = (value: JsonValue | undefined): value is undefined => isMissing(value) || isNoId(value);
