import type { CdpEvent } from '../event.ts';
import type { Found } from './first-of.ts';
import { usableId } from '../person/identifier.ts';
import { sha256 } from '../person/digest.ts';
import { jsonTextOf } from '../fields/property-values.ts';

/**
 * The id of the event, for vendors that recognise a duplicate by one: its `messageId`, else the digest of all that it
 * says, so that every attempt at it has the same id. An id of more than `longest` UTF-16 units, or one that is not of
 * `pattern` (of a whole id, from `^` to `$`), is replaced by its digest, of which the vendor gets as many hex digits as
 * it takes: 32 still tell 10^15 events apart; fewer than 16 are a RangeError, and so is a pattern that no digest
 * matches. Where the vendor counts bytes, the pattern has characters of one byte. (`eventIdOf` of `spillway` is what
 * outcomes and signals call the event.)
 *
 * @example
 * // At most 36 bytes: letters, digits and hyphens.
 * out.take('$insert_id', stableIdOf(event, 36, /^[A-Za-z0-9-]+$/));
 */
export function stableIdOf(event: CdpEvent, longest = Infinity, pattern?: RegExp): Found<string> {
  if (!(longest >= fewestDigits)) throw new RangeError(`stableIdOf(): an id of ${longest} characters names no event`);
  const id = usableId(event.messageId ?? null);
  if (id !== undefined) {
    const fits = id.length <= longest && isOfPattern(id, pattern);
    return { value: fits ? id : digestOf(id, longest, pattern), path: 'messageId' };
  }
  // What is nested too deeply for JSON is in these members.
  const { type, userId, anonymousId, timestamp } = event;
  const text = jsonTextOf({ ...event }) ?? jsonTextOf({ type, userId, anonymousId, timestamp });
  return { value: digestOf(text ?? '', longest, pattern), path: 'the whole event' };
}

const fewestDigits = 16;

/** search() and not test(), which finds every other id where the pattern has the flag g. */
const isOfPattern = (id: string, pattern: RegExp | undefined): boolean =>
  pattern === undefined || id.search(pattern) === 0;

/** A digest of any text, no longer than the vendor takes. */
function digestOf(text: string, longest: number, pattern: RegExp | undefined): string {
  const digest = sha256(text).slice(0, longest);
  if (isOfPattern(digest, pattern)) return digest;
  throw new RangeError(`stableIdOf(): ${pattern} takes no digest, of ${digest.length} letters a to f and digits`);
}
