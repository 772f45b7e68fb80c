import { cutText, isBlank, pageName, reject, skip, trimInvisible, type CdpEvent, type Unsent } from 'spillway/api';
import type { Config } from './config.ts';
import { longestText, reservedName } from './mapping.ts';

/** The `event_type`, or why the event is not sent. */
export function eligibilityOf(event: CdpEvent, { sendPages, groupType }: Config): string | Unsent {
  if (event.type === 'identify') return '$identify';
  if (event.type === 'group')
    return groupType === undefined ? groupsOff : isBlank(event.groupId) ? noGroup : '$groupidentify';
  if (event.type === 'track')
    return reservedName.test(trimInvisible(event.event)) || event.event.length > longestText ? badName : event.event;
  if (!sendPages) return pagesOff;
  const kind = event.type === 'page' ? 'Page' : 'Screen';
  const name = pageName(event);
  return name === undefined ? `Loaded a ${kind}` : `Viewed ${cutText(name, 1_000)} ${kind}`;
}

const badName = reject('invalid_value', 'Amplitude keeps this name for itself, or it is too long', 'event');
const pagesOff = skip('unsupported_event', 'Page and screen calls are not sent (sendPages is off)', 'type');
const groupsOff = skip('unsupported_event', 'Group calls are not sent without a group type (groupType)', 'type');
const noGroup = reject('missing_field', 'The group has no id', 'groupId');
