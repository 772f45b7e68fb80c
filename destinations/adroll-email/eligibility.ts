import {
  admit,
  asFlag,
  reader,
  reject,
  skip,
  type Admission,
  type CdpEvent,
  type JsonValue,
} from '../../core/api/index.ts';
import { isOptIn, subscriptionTraits, traitPlaces } from './mapping.ts';

/** Whether the event means that a person unsubscribed; if not, why it is not sent. */
export function meaningOf(event: CdpEvent, unsubscribeEvents: ReadonlySet<string>): Admission {
  if (event.type === 'identify') return meaningOfTraits(event);
  if (event.type !== 'track') return otherType;
  if (unsubscribeEvents.has(event.event)) return admit;
  return isOptIn(event.event) ? optInEvent : otherEvent;
}

const flags = subscriptionTraits.map(({ trait, unsubscribes }) => ({
  unsubscribes,
  places: traitPlaces.map((place) => ({ path: `${place}.${trait}`, read: reader(`${place}.${trait}`) })),
}));

/** If the traits contradict each other, the person counts as unsubscribed. */
function meaningOfTraits(event: CdpEvent): Admission {
  let otherwise: Admission = silentTraits;
  for (const { unsubscribes, places } of flags) {
    const place = places.find(({ read }) => !isBlank(read(event)));
    if (place === undefined) continue;
    const flag = asFlag(place.read(event) ?? null);
    if (flag === unsubscribes) return admit;
    if (flag === undefined) otherwise = reject('invalid_value', 'The trait is neither true nor false', place.path);
    else if (otherwise.kind !== 'rejected') otherwise = optInTraits;
  }
  return otherwise;
}

export const isBlank = (value: JsonValue | undefined): boolean =>
  value === undefined || value === null || (typeof value === 'string' && value.trim() === '');

const otherType = skip('unsupported_event', 'AdRoll Email takes track and identify calls', 'type');
const otherEvent = skip('unmapped_event', 'The settings do not count this event as an unsubscription', 'event');
const silentTraits = skip('unmapped_event', 'The traits do not say that the person unsubscribed', 'traits');

const noWayBack = 'AdRoll Email has no way to take an unsubscription back';
const optInEvent = skip('unsupported_event', noWayBack, 'event');
const optInTraits = skip('unsupported_event', noWayBack, 'traits');
