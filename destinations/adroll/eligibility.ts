import { absoluteUrl, skip, textReader, type Admission, type CdpEvent } from '../../core/api/index.ts';
import type { Config } from './config.ts';
import { defaultNames, type EventName } from './mapping.ts';

type Skipped = Extract<Admission, { kind: 'skipped' }>;
type Target = EventName | 'skip';

/** Names come from events, hence Maps: an object would also answer to "constructor". */
export interface Names {
  readonly tracks: ReadonlyMap<string, Target>;
  readonly pages: ReadonlyMap<string, Target>;
  readonly homes: ReadonlySet<string>;
}

export const namesOf = ({ eventNames, pageNames, homePageNames }: Config): Names => ({
  tracks: new Map<string, Target>([...Object.entries(defaultNames), ...Object.entries(eventNames)]),
  pages: new Map(Object.entries(pageNames)),
  homes: new Set(homePageNames.map((name) => name.toLowerCase())),
});

const otherType = skip('unsupported_event', 'AdRoll takes track, page and screen calls', 'type');
const unmapped = skip('unmapped_event', 'No AdRoll event is set for this event name', 'event');
const switchedOff = skip('unmapped_event', 'The settings switch this name off');
const pagesOff = skip(
  'unsupported_event',
  'Page and screen calls are not sent (sendPages is off): the AdRoll pixel counts page views itself',
  'type',
);

/** The AdRoll event of this event, or why there is none (ADROLL-20). */
export function nameOf(event: CdpEvent, config: Config, names: Names): EventName | Skipped {
  if (event.type === 'track') {
    const target = names.tracks.get(event.event) ?? config.unmappedEvents;
    if (target !== 'skip') return target;
    return names.tracks.has(event.event) ? switchedOff : unmapped;
  }
  if (event.type !== 'page' && event.type !== 'screen') return otherType;
  const name = pageNameOf(event);
  const target = name === undefined ? undefined : names.pages.get(name);
  if (target !== undefined) return target === 'skip' ? switchedOff : target;
  if (!config.sendPages) return pagesOff;
  return names.homes.has(name?.toLowerCase() ?? '') || isFrontPage(event) ? 'homeView' : 'pageView';
}

const pageNameOf = textReader('name', 'properties.name');
const pathOf = textReader('properties.path', 'context.page.path');
const urlOf = textReader('properties.url', 'context.page.url');

/** A screen has no path; its URL, if any, is generated. */
function isFrontPage(event: CdpEvent): boolean {
  return event.type === 'page' && (pathOf(event) ?? absoluteUrl(urlOf(event) ?? '')?.pathname) === '/';
}
