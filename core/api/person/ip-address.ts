import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { Cast } from '../fields/mapping.ts';

/** Whether an IP address is the unspecified one, which hosts write instead of an address that they withhold. */
export const isBlankIp = (address: string): boolean => address === '0.0.0.0' || address === '::';

const bracketed = /^\[([^\]]*)\](?::\d+)?$/;
const withPort = /^([\d.]+):\d+$/;

/** The address without brackets, zone and port; `undefined` if the rest is not an IP address. */
export function ipAddress(value: string): string | undefined {
  const text = value.trim();
  const kind = isIP(text);
  if (kind === 4 || (kind === 6 && !text.includes('%'))) return text;
  const bare = (bracketed.exec(text) ?? withPort.exec(text))?.[1] ?? text;
  const address = bare.split('%', 1)[0] ?? '';
  return isIP(address) === 0 ? undefined : address;
}

/**
 * The IPv4 address in `value`, also one mapped into IPv6 (`::ffff:a.b.c.d`); `undefined` for real IPv6 and
 * non-addresses.
 */
export function ipv4Address(value: string): string | undefined {
  const address = ipAddress(value);
  if (address === undefined || !address.includes(':')) return address;
  // Only an address that begins with zeros can be a mapped one, and parsing costs more than all the rest.
  if (address[0] !== ':' && address[0] !== '0') return undefined;
  const parsed = ipaddr.IPv6.parse(address);
  return parsed.isIPv4MappedAddress() ? parsed.toIPv4Address().toString() : undefined;
}

/** An IP address of either kind, bare; `undefined` for the unspecified one, which is nobody's. */
export const asIp: Cast<string> = (value) => {
  const address = typeof value === 'string' ? ipAddress(value) : undefined;
  return address === undefined || isBlankIp(address) ? undefined : address;
};

/** The same for vendors that take IPv4 only, also of an address that is mapped into IPv6. */
export const asIpv4: Cast<string> = (value) => {
  const address = typeof value === 'string' ? ipv4Address(value) : undefined;
  return address === undefined || isBlankIp(address) ? undefined : address;
};
