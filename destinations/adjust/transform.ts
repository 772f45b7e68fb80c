import {
  admit,
  eventClock,
  eventTime,
  payloadBuilder,
  propertiesOf,
  reject,
  type Admission,
  type CdpEvent,
  type Note,
  type PayloadBuilder,
  type TransformContext,
  type Transformed,
} from '../../core/api/index.ts';
import { addRevenue } from './commerce.ts';
import type { Config } from './config.ts';
import { eligibilityOf } from './eligibility.ts';
import { addDevice, deviceKey } from './identity.ts';
import type { AdjustEvent } from './mapping.ts';
import type { Prepared } from './settings.ts';

export function validate(event: CdpEvent, config: Config, { prepared }: TransformContext<Prepared>): Admission {
  const target = eligibilityOf(event, config, prepared);
  return 'kind' in target ? target : admit;
}

export function transform(
  event: CdpEvent,
  config: Config,
  context: TransformContext<Prepared>,
): Transformed<AdjustEvent> {
  const { prepared } = context;
  const target = eligibilityOf(event, config, prepared);
  if ('kind' in target) return target;
  const { appToken, environment } = config;
  const out = payloadBuilder<AdjustEvent, 'created_at_unix'>(
    context,
    { s2s: '1', app_token: appToken, event_token: target.token, environment },
    sources,
  );
  if (target.isLifecycle) out.addNote(countedTwice);
  const occurredAt = addTime(out, event, config, context);
  const platform = addDevice(out, event, config);
  // Most events that come to nothing have no device.
  if (out.isRefused) return out.payload();
  addRevenue(out, event, config);
  const properties = propertiesOf(event);
  prepared.callbackParams(properties, out.part('callback_params'), 'properties');
  prepared.partnerParams(properties, out.part('partner_params'), 'properties');

  // One lane per device keeps both of Adjust's orders: by event token (ADJUST-31) and across revenue tokens
  // (ADJUST-34).
  const lane = `${appToken}:${platform}:${deviceKey(out.value)}`;
  return out.payload({ lane, occurredAt, scopes: target.scopes[platform] });
}

const sources = {
  s2s: 'always 1',
  app_token: 'config.appToken',
  event_token: 'config.eventTokens',
  environment: 'config.environment',
};
const countedTwice: Note = Object.freeze({
  code: 'unadvised',
  field: 'event',
  message: 'The Adjust SDK records this as well, and Adjust counts both',
});

/** created_at_unix has 10 digits in seconds and 13 in milliseconds, so only 2001 to 2286 fit (ADJUST-27). */
const firstTime = 1_000_000_000_000;
const lastTime = 9_999_999_999_999;
const stale = reject('stale_event', 'The event is older than Adjust takes', 'timestamp');
const noTime = reject('invalid_value', 'The event has no time with a zone that Adjust could read', 'timestamp');

/** When it happened, in epoch ms. Adjust silently replaces an invalid time by its own (ADJUST-30). */
function addTime(
  out: PayloadBuilder<AdjustEvent>,
  event: CdpEvent,
  { timeUnit }: Config,
  { now, prepared }: TransformContext<Prepared>,
): number {
  const time = eventTime(event) ?? Number.NaN;
  if (now - time > prepared.maxAgeMs) out.refuse(stale);
  else if (!(time >= firstTime && time <= lastTime)) out.refuse(noTime);
  else {
    const digits = String(timeUnit === 'seconds' ? Math.floor(time / 1000) : time);
    out.set('created_at_unix', digits, eventClock(event) ?? 'timestamp');
  }
  return time;
}
