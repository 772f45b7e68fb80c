import {
  admit,
  asIp,
  asText,
  eventClock,
  eventTime,
  firstOf,
  isBlank,
  payloadBuilder,
  reader,
  reject,
  type Admission,
  type CdpEvent,
  type Note,
  type TransformContext,
  type Transformed,
} from '../../core/api/index.ts';
import { addCommerce, badCurrency, foreignPrice } from './commerce.ts';
import type { Config } from './config.ts';
import { nameOf } from './eligibility.ts';
import { addIdentifiers, shortCookie, suffices } from './identity.ts';
import type { AdRollEvent } from './mapping.ts';
import { appFields, pageOf } from './page.ts';
import { addExternalData } from './passthrough.ts';
import type { Prepared } from './settings.ts';

export function validate(event: CdpEvent, config: Config, context: TransformContext<Prepared>): Admission {
  const name = nameOf(event, config, context.prepared.names);
  return typeof name === 'string' ? admit : name;
}

/** The required fields first, with one rejection each (ADROLL-16); then the optional ones. */
export function transform(
  event: CdpEvent,
  config: Config,
  context: TransformContext<Prepared>,
): Transformed<AdRollEvent> {
  const name = nameOf(event, config, context.prepared.names);
  if (typeof name !== 'string') return name;
  const page = pageOf(event, config);
  if (page === undefined) return isBlank(pageUrlOf(event)) ? noPage : badPage;
  const ip = ipOf(event);
  if (ip === undefined) return isBlank(statedIpOf(event)) ? noIp : badIp;
  const milliseconds = eventTime(event);
  if (milliseconds !== undefined && milliseconds > latest) return tooLate;

  const out = payloadBuilder<AdRollEvent>(
    context,
    {
      advertisable_eid: config.advertisableEid,
      pixel_eid: config.pixelEid,
      event_name: name,
      page_location: page.url.value,
      ip: ip.value,
      identifiers: {},
    },
    context.trace && {
      ...sources,
      event_name: event.type === 'track' ? 'event' : 'name',
      page_location: page.url.path,
    },
  );
  addIdentifiers(out.part('identifiers'), event, config);
  if (!suffices(out.value.identifiers, config.identifierPolicy)) return noIdentifier;
  if (page.isApp) appFields(event, out);
  if (!out.take('user_agent', userAgentOf(event)) && !page.isApp)
    out.recommend('context.userAgent', "AdRoll wants the browser's user agent with events that begin on the web");
  // Queueing and retries would move the event without it (ADROLL-31).
  if (milliseconds === undefined || milliseconds <= 0)
    out.drop('timestamp', 'The event has no usable time: AdRoll will take its own', 'timestamp');
  else out.set('timestamp', milliseconds / 1000, eventClock(event) ?? 'timestamp');
  addCommerce(out, event, name, config);
  addExternalData(out, event, config);

  const loss = config.strict ? out.notes.find((note) => grave.has(note)) : undefined;
  return loss === undefined ? out.payload() : reject('invalid_value', loss.message, loss.field);
}

const sources = { advertisable_eid: 'config.advertisableEid', pixel_eid: 'config.pixelEid', ip: 'context.ip' };

/** Notes that become a rejection when the connection is strict. */
const grave: ReadonlySet<Note> = new Set([badCurrency, foreignPrice, shortCookie]);

/** The user's own address, never that of a server on the way (ADROLL-25). */
const ipOf = firstOf(['context.ip'], asIp);
const statedIpOf = reader('context.ip');
const userAgentOf = firstOf(['context.userAgent'], asText);
const pageUrlOf = reader('context.page.url');

/** 10^11 seconds: a larger number is milliseconds mistaken for seconds (ADROLL-29). */
const latest = 1e14;

const noPage = reject(
  'missing_field',
  'AdRoll needs the full URL of the page; for app events, set an app base URL (appBaseUrl)',
  'context.page.url',
);
const badPage = reject('invalid_value', 'The URL of the page is not a full http(s) URL', 'context.page.url');
const noIp = reject('missing_field', "AdRoll needs the user's IP address", 'context.ip');
const badIp = reject('invalid_value', "The user's IP address is not one", 'context.ip');
const tooLate = reject('invalid_value', 'The time of the event lies thousands of years ahead', 'timestamp');
const noIdentifier = reject(
  'missing_identifier',
  'The event has none of the identifiers AdRoll requires (identifierPolicy)',
  'context.adroll.firstPartyCookie',
);
