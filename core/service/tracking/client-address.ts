import { BlockList, isIP } from 'node:net';
import { ipAddress } from '../../api/person/ip-address.ts';

/** Finds the address of a client: `peer` is that of the socket, which is a proxy's where there is one. */
export type ClientAddress = (headers: Headers, peer: string | undefined) => string | undefined;

/**
 * Has these proxies say whom they speak for: addresses, or networks such as `10.0.0.0/8`. Throws a TypeError for
 * anything else.
 *
 * A proxy adds the address that it was asked from at the right of `X-Forwarded-For`, or of `Forwarded` (RFC 7239) where
 * the other is not there. What stands left of an address that is no trusted proxy's may be anything.
 */
export function clientAddressBehind(trustedProxies: readonly string[]): ClientAddress {
  if (trustedProxies.length === 0) return (_, peer) => peer;
  const trusted = new BlockList();
  for (const [index, network] of trustedProxies.entries())
    if (!added(network, trusted))
      throw new TypeError(
        `trustedProxies[${index}]: ${JSON.stringify(network)} is no IP address or network (expected such as 10.0.0.0/8)`,
      );
  const isTrusted = (address: string): boolean => trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  return (headers, peer) => {
    let client = peer === undefined ? undefined : ipAddress(peer);
    if (client === undefined || !isTrusted(client)) return peer;
    for (const hop of hopsOf(headers).toReversed()) {
      client = ipAddress(hop);
      // A proxy that withholds the address writes a word in its place. What stands before that is nobody's word.
      if (client === undefined || !isTrusted(client)) return client;
    }
    return client;
  };
}

/** Whether it is an address or a network; the list has it then. */
function added(network: string, list: BlockList): boolean {
  const [address = '', length, ...rest] = network.split('/');
  const version = isIP(address);
  const most = version === 4 ? 32 : 128;
  const isLength = length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= most);
  if (version === 0 || address.includes('%') || !isLength || rest.length > 0) return false;
  list.addSubnet(address, Number(length ?? most), version === 4 ? 'ipv4' : 'ipv6');
  return true;
}

/** What proxies wrote, the client's own proxy first. */
function hopsOf(headers: Headers): readonly string[] {
  const listed = headers.get('x-forwarded-for');
  if (listed !== null) return listed.split(',');
  const forwarded = headers.get('forwarded');
  return forwarded === null ? [] : forwarded.split(',').map(forOf);
}

/** Of `for="[2001:db8::1]:4711";proto=https` the address; '' without one. */
function forOf(element: string): string {
  const pair = element.split(';').find((one) => /^\s*for\s*=/i.test(one)) ?? '';
  return pair
    .slice(pair.indexOf('=') + 1)
    .trim()
    .replace(/^"(.*)"$/, '$1');
}
