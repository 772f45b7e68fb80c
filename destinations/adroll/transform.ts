import {
  admit,
  asText,
  clientIpAdvice,
  clientIpOf,
  eventClock,
  eventTime,
  fieldTable,
  firstOf,
  payloadBuilder,
  reject,
  type Admission,
  type CdpEvent,
  type PayloadBuilder,
  type TransformContext,
  type Transformed,
} from '../../core/api/index.ts';
import { addCommerce } from './commerce.ts';
import type { Config } from './config.ts';
import { eligibilityOf } from './eligibility.ts';
import { addIdentifiers } from './identity.ts';
import type { AdRollEvent } from './mapping.ts';
import { addPage } from './page.ts';
import { addExternalData } from './passthrough.ts';
import type { Prepared } from './settings.ts';

export function validate(event: CdpEvent, config: Config, { prepared }: TransformContext<Prepared>): Admission {
  const name = eligibilityOf(event, config, prepared);
  return typeof name === 'string' ? admit : name;
}

/** Each required field has a rejection of its own (ADROLL-16). */
export function transform(
  event: CdpEvent,
  config: Config,
  context: TransformContext<Prepared>,
): Transformed<AdRollEvent> {
  const name = eligibilityOf(event, config, context.prepared);
  if (typeof name !== 'string') return name;
  const out = payloadBuilder<AdRollEvent, 'page_location' | 'ip'>(
    context,
    { advertisable_eid: config.advertisableEid, pixel_eid: config.pixelEid, event_name: name, identifiers: {} },
    event.type === 'track' ? trackSources : pageSources,
  );
  const isApp = addPage(out, event, config);
  ip(event, out);
  addTime(out, event);
  addIdentifiers(out, event, config);
  if (!out.take('user_agent', userAgentOf(event)) && !isApp)
    out.recommend('context.userAgent', "AdRoll wants the browser's user agent with events that begin on the web");
  addCommerce(out, event, name, config);
  addExternalData(out, event, config);
  return out.payload();
}

const pageSources = {
  advertisable_eid: 'config.advertisableEid',
  pixel_eid: 'config.pixelEid',
  event_name: 'name',
} as const;
const trackSources = { ...pageSources, event_name: 'event' };

/** The user's own address, never that of a server on the way (ADROLL-25). */
const ip = fieldTable<AdRollEvent>([
  {
    to: 'ip',
    from: 'context.ip',
    read: clientIpOf,
    unadvised: clientIpAdvice,
    required: "AdRoll needs the user's IP address",
    unusable: "The user's IP address is not one",
  },
]);
const userAgentOf = firstOf(['context.userAgent'], asText);

/** 10^11 seconds: a larger number is milliseconds mistaken for seconds (ADROLL-29). */
const latest = 1e14;

/** Queueing and retries would move an event without a time (ADROLL-31). */
function addTime(out: PayloadBuilder<AdRollEvent>, event: CdpEvent): void {
  const milliseconds = eventTime(event) ?? 0;
  if (milliseconds > latest)
    out.refuse(reject('invalid_value', 'The time of the event lies thousands of years ahead', 'timestamp'));
  if (milliseconds > 0) out.set('timestamp', milliseconds / 1000, eventClock(event) ?? 'timestamp');
  else out.drop('timestamp', 'The event has no usable time: AdRoll will take its own', 'timestamp');
}
