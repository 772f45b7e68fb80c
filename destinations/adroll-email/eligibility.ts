import { admit, asFlag, firstOf, reject, skip, type Admission, type CdpEvent } from '../../core/api/index.ts';
import { isOptIn, subscriptionTraits, traitPlaces } from './mapping.ts';
import type { Prepared } from './settings.ts';

/** Whether the event means that a person unsubscribed; if not, why it is not sent. */
export function eligibilityOf(event: CdpEvent, { unsubscribes }: Prepared): Admission {
  if (event.type === 'identify') return eligibilityOfTraits(event);
  if (event.type !== 'track') return otherType;
  if (unsubscribes.has(event)) return admit;
  return isOptIn(event.event) ? optInEvent : otherEvent;
}

const flags = subscriptionTraits.map(({ trait, unsubscribes }) => ({
  unsubscribes,
  flagOf: firstOf(traitPlaces.map((place) => `${place}.${trait}`)),
}));

/** If the traits contradict each other, the person counts as unsubscribed. */
function eligibilityOfTraits(event: CdpEvent): Admission {
  let otherwise: Admission = silentTraits;
  for (const { unsubscribes, flagOf } of flags) {
    const stated = flagOf(event);
    if (stated === undefined) continue;
    const flag = asFlag(stated.value);
    if (flag === unsubscribes) return admit;
    if (flag === undefined) otherwise = reject('invalid_value', 'The trait is neither true nor false', stated.path);
    else if (otherwise.kind !== 'rejected') otherwise = optInTraits;
  }
  return otherwise;
}

const otherType = skip('unsupported_event', 'AdRoll Email takes track and identify calls', 'type');
const otherEvent = skip('unmapped_event', 'The settings do not count this event as an unsubscription', 'event');
const silentTraits = skip('unmapped_event', 'The traits do not say that the person unsubscribed', 'traits');

const noWayBack = 'AdRoll Email has no way to take an unsubscription back';
const optInEvent = skip('unsupported_event', noWayBack, 'event');
const optInTraits = skip('unsupported_event', noWayBack, 'traits');
