import type { CdpEvent } from '../event.ts';
import type { Found } from './first-of.ts';
import { sha256, usableId } from '../person/identity.ts';
import { jsonTextOf } from '../fields/property-values.ts';

/**
 * The id of the event, for vendors that recognise a duplicate by one: its `messageId`, else the digest of all that it
 * says, so that every attempt at it has the same id. An id of more than `longest` UTF-16 units is replaced by its
 * digest, of which the vendor gets as many hex digits as it takes: 32 still tell 10^15 events apart; fewer than 16 are
 * a RangeError. (`eventIdOf` of `spillway` is what outcomes and signals call the event.)
 *
 * @example
 * out.take('event_id', stableIdOf(event, 36));
 */
export function stableIdOf(event: CdpEvent, longest = Infinity): Found<string> {
  if (!(longest >= fewestDigits)) throw new RangeError(`stableIdOf(): an id of ${longest} characters names no event`);
  const id = usableId(event.messageId ?? null);
  if (id !== undefined) return { value: id.length > longest ? digestOf(id, longest) : id, path: 'messageId' };
  // What is nested too deeply for JSON is in these members.
  const { type, userId, anonymousId, timestamp } = event;
  const text = jsonTextOf({ ...event }) ?? jsonTextOf({ type, userId, anonymousId, timestamp });
  return { value: digestOf(text ?? '', longest), path: 'the whole event' };
}

const fewestDigits = 16;

/** A digest of any text, no longer than the vendor takes. */
const digestOf = (text: string, longest: number): string => sha256(text).slice(0, longest);
