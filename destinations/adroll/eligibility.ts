import { absoluteUrl, pageName, skip, textReader, type CdpEvent, type Unsent } from '../../core/api/index.ts';
import type { Config } from './config.ts';
import type { EventName } from './mapping.ts';
import type { Prepared } from './settings.ts';

/** The AdRoll event of this event, or why there is none (ADROLL-20). */
export function eligibilityOf(event: CdpEvent, config: Config, { targetOf, homePages }: Prepared): EventName | Unsent {
  const isPage = event.type === 'page' || event.type === 'screen';
  if (!isPage && event.type !== 'track') return otherType;
  const target = targetOf(event);
  if (target !== undefined) return target === 'skip' ? switchedOff : target;
  if (!isPage) return config.unmappedEvents === 'skip' ? unmapped : config.unmappedEvents;
  if (!config.sendPages) return pagesOff;
  return homePages.has(pageName(event)?.toLowerCase() ?? '') || isFrontPage(event) ? 'homeView' : 'pageView';
}

const pathOf = textReader('properties.path', 'context.page.path');
const urlOf = textReader('properties.url', 'context.page.url');

/** A screen has no path; its URL, if any, is generated. */
const isFrontPage = (event: CdpEvent): boolean =>
  event.type === 'page' && (pathOf(event) ?? absoluteUrl(urlOf(event) ?? '')?.pathname) === '/';

const otherType = skip('unsupported_event', 'AdRoll takes track, page and screen calls', 'type');
const unmapped = skip('unmapped_event', 'No AdRoll event is set for this event name (eventNames)', 'event');
const switchedOff = skip('unmapped_event', 'The settings switch this name off');
const pagesOff = skip(
  'unsupported_event',
  'Page and screen calls are not sent (sendPages is off): the AdRoll pixel counts page views itself',
  'type',
);
