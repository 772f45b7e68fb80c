import dns, { type LookupAddress, type LookupOptions } from 'node:dns';
import { isPublic } from './target.ts';

type LookupCallback = (error: Error | null, address: string | LookupAddress[], family?: number) => void;

/**
 * A DNS lookup that never answers with an address inside a network: a vendor's name must not lead to a neighbour of
 * ours.
 */
export function publicLookup(hostname: string, options: LookupOptions, callback: LookupCallback): void {
  dns.lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, []);
    const safe = addresses.filter(({ address }) => isPublic(address));
    const [first] = safe;
    if (first === undefined) return callback(notPublic(hostname), []);
    if (options.all === true) callback(null, safe);
    else callback(null, first.address, first.family);
  });
}

const notPublic = (hostname: string): Error =>
  Object.assign(new Error(`${hostname} resolves to no public address`), { code: 'ERR_ADDRESS_NOT_PUBLIC' });
