import {
  admit,
  eventClock,
  payloadBuilder,
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
import { addDevice } from './identity.ts';
import { emptyForm, type AdjustEvent } from './mapping.ts';
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
  const out = payloadBuilder<AdjustEvent>(context, emptyForm(appToken, target.token, environment), sources);
  if (target.isLifecycle) out.addNote(countedTwice);
  // First, because a web shop's event is no matter for anybody, however late it is.
  const { platform, lanes } = addDevice(out, event, config, prepared);
  const occurredAt = addTime(out, event, config, context);
  // Most events that come to nothing have no device.
  if (out.isRefused) return out.payload();
  addRevenue(out, event, config);
  prepared.callbackParams?.(event, out.part('callback_params'));
  prepared.partnerParams?.(event, out.part('partner_params'));

  // A lane per identifier of the device, whatever the token, keeps both of Adjust's orders: by event token (ADJUST-31)
  // and across revenue tokens (ADJUST-34).
  return out.payload({ lanes, occurredAt, scopes: target.scopes[platform] });
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

/** When it happened, in epoch ms. Adjust silently replaces an invalid time by its own (ADJUST-30). */
function addTime(
  out: PayloadBuilder<AdjustEvent>,
  event: CdpEvent,
  { timeParameter, timeUnit }: Config,
  context: TransformContext<Prepared>,
): number {
  const time = context.prepared.timeOf(event, context);
  if (typeof time !== 'number') {
    out.refuse(time);
    return 0;
  }
  const clock = eventClock(event) ?? 'timestamp';
  if (timeParameter === 'created_at') out.set('created_at', new Date(time).toISOString().replace('Z', '+0000'), clock);
  else out.set('created_at_unix', String(timeUnit === 'seconds' ? Math.floor(time / 1000) : time), clock);
  return time;
}
