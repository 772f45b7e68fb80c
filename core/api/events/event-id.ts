import type { CdpEvent } from '../event.ts';
import type { Found } from './first-of.ts';
import { sha256, usableId } from '../person/identity.ts';
import { jsonTextOf } from '../fields/property-values.ts';

/**
 * The id of the event, for vendors that recognise a duplicate by one: its `messageId`, else the digest of all that it
 * says, so that every attempt at it has the same id. An id of more than `longest` UTF-16 units is replaced by its
 * digest. (`eventIdOf` of `spillway` is what outcomes and signals call the event.)
 *
 * @example
 * out.take('event_id', stableIdOf(event, 64));
 */
export function stableIdOf(event: CdpEvent, longest = Infinity): Found<string> {
  const id = usableId(event.messageId ?? null);
  if (id !== undefined) return { value: id.length > longest ? sha256(id) : id, path: 'messageId' };
  // What is nested too deeply for JSON is in these members.
  const { type, userId, anonymousId, timestamp } = event;
  const text = jsonTextOf({ ...event }) ?? jsonTextOf({ type, userId, anonymousId, timestamp });
  return { value: sha256(text ?? ''), path: 'the whole event' };
}
