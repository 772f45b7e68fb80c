import {
  admit,
  eventClock,
  eventTime,
  ipAddress,
  isBlankIp,
  payload,
  reader,
  reject,
  textReader,
  type Admission,
  type CdpEvent,
  type TransformContext,
  type Note,
  type Trace,
  type Transformed,
} from '../../core/api/index.ts';
import { isAbsent } from './commerce.ts';
import type { Config } from './config.ts';
import { addExternalData } from './passthrough.ts';
import { identifiersOf, suffices } from './identity.ts';
import type { AdRollEvent } from './mapping.ts';
import { addMoney } from './money.ts';
import { nameOf } from './eligibility.ts';
import { add, firstGrave, noTime, noUserAgent } from './notes.ts';
import { pageOf } from './page.ts';
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
  const { prepared, trace } = context;
  const name = nameOf(event, config, prepared.names);
  if (typeof name !== 'string') return name;
  const page = pageOf(event, config, trace);
  if (page === undefined) return isAbsent(pageUrlOf(event)) ? noPage : badPage;
  const written = ipOf(event);
  const ip = typeof written === 'string' ? ipAddress(written) : undefined;
  if (ip === undefined || isBlankIp(ip)) return isAbsent(written) ? noIp : badIp;
  const milliseconds = eventTime(event);
  if (milliseconds !== undefined && milliseconds > latest) return tooLate;
  const notes: Note[] = [];
  const identifiers = identifiersOf(event, config, notes, trace);
  if (!suffices(identifiers, config.identifierPolicy)) return noIdentifier;

  const made: AdRollEvent = {
    advertisable_eid: config.advertisableEid,
    pixel_eid: config.pixelEid,
    event_name: name,
    page_location: page.url,
    ip,
    identifiers,
  };
  if (page.app !== undefined) Object.assign(made, page.app);
  const userAgent = userAgentOf(event, trace, 'user_agent');
  if (userAgent !== undefined) made.user_agent = userAgent;
  else if (page.app === undefined) add(notes, noUserAgent);
  // Queueing and retries would move the event without it (ADROLL-31).
  if (milliseconds === undefined || milliseconds <= 0) add(notes, noTime);
  else made.timestamp = milliseconds / 1000;
  addMoney(made, event, name, config, notes, trace);
  addExternalData(made, event, config, notes, trace);
  if (trace !== undefined) explain(trace, event, made);

  const loss = config.strict ? firstGrave(notes) : undefined;
  if (loss !== undefined) return reject('invalid_value', loss.message, loss.field);
  return notes.length === 0 ? payload(made) : payload(made, undefined, notes);
}

/** The user's own address, never that of a server on the way (ADROLL-25). */
const ipOf = reader('context.ip');

const userAgentOf = textReader('context.userAgent');
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

/** Traces the fields that no table fills. */
function explain(trace: Trace, event: CdpEvent, made: AdRollEvent): void {
  trace.from('advertisable_eid', 'config.advertisableEid');
  trace.from('pixel_eid', 'config.pixelEid');
  trace.from('event_name', event.type === 'track' ? 'event' : 'name');
  trace.from('ip', 'context.ip');
  const clock = eventClock(event);
  if (made.timestamp !== undefined && clock !== undefined) trace.from('timestamp', clock);
}
