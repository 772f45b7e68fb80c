import {
  admit,
  eventClock,
  eventTime,
  payload,
  propertiesOf,
  reject,
  skip,
  type Admission,
  type CdpEvent,
  type TransformContext,
  type Note,
  type Trace,
  type Transformed,
} from '../../core/api/index.ts';
import type { Config } from './config.ts';
import { describeDevice, deviceKey } from './identity.ts';
import type { AdjustEvent, MutableAdjustEvent } from './mapping.ts';
import type { Prepared, Target } from './settings.ts';
import { saleOf } from './commerce.ts';

export function validate(event: CdpEvent, config: Config, context: TransformContext<Prepared>): Admission {
  const target = targetOf(event, config, context);
  return 'kind' in target ? target : admit;
}

/** Does the customer want this event in Adjust, and does Adjust want it from a server? */
function targetOf(event: CdpEvent, config: Config, { prepared }: TransformContext<Prepared>) {
  if (event.type !== 'track') return skip('unsupported_event', 'Adjust takes track events only', 'type');
  const target = prepared.targets.get(event.event);
  if (target === undefined) {
    const refuse = config.unmappedEvents === 'skip' ? skip : reject;
    return refuse('unmapped_event', 'No Adjust event token is set for this event', 'event');
  }
  return target.lifecycle && !config.allowLifecycleEvents
    ? skip('unsupported_event', 'The Adjust SDK records installs, opens and sessions by itself', 'event')
    : target;
}

export function transform(
  event: CdpEvent,
  config: Config,
  context: TransformContext<Prepared>,
): Transformed<AdjustEvent> {
  const target = targetOf(event, config, context);
  if ('kind' in target) return target;
  const happenedAt = timeOf(event, context);
  if (typeof happenedAt !== 'number') return happenedAt;

  const { trace, prepared } = context;
  const notes: Note[] = target.lifecycle ? [countedTwice] : [];
  const made: MutableAdjustEvent = {
    s2s: '1',
    app_token: config.appToken,
    event_token: target.token,
    environment: config.environment,
    created_at_unix: String(config.timeUnit === 'seconds' ? Math.floor(happenedAt / 1000) : happenedAt),
  };
  const platform = describeDevice(event, made, notes, trace);
  const device = deviceKey(made);
  if (device === undefined)
    return reject('missing_identifier', 'The event names no device Adjust knows', 'context.device');
  if (config.requireAdid && made.adid === undefined) {
    return reject('missing_identifier', 'The settings require an adid', 'context.adjust.adid');
  }

  const properties = propertiesOf(event);
  const sale = saleOf(properties, config, notes, trace);
  if (sale.kind === 'rejected') return sale;
  if (sale.kind === 'sale') {
    made.revenue = sale.revenue;
    made.currency = sale.currency;
  }
  const callback = prepared.callbackParams(properties, notes, trace);
  if (callback !== undefined) made.callback_params = callback;
  const partner = prepared.partnerParams(properties, notes, trace);
  if (partner !== undefined) made.partner_params = partner;
  if (trace !== undefined) explain(trace, event, target);

  // One lane per device keeps both of Adjust's orders: by event token (ADJUST-31) and across revenue tokens
  // (ADJUST-34).
  const lane = `${config.appToken}:${platform}:${device}`;
  return payload(made, { lane, occurredAt: happenedAt, scopes: target.scopes[platform] }, notes);
}

/**
 * created_at_unix has 10 digits in seconds and 13 in milliseconds, so only these years fit (ADJUST-27): 2001 to 2286.
 */
const firstTime = 1_000_000_000_000;
const lastTime = 9_999_999_999_999;

/** When it happened, in epoch ms. Adjust silently replaces an invalid time by its own (ADJUST-30). */
function timeOf(event: CdpEvent, { now, prepared }: TransformContext<Prepared>) {
  const happenedAt = eventTime(event);
  if (happenedAt !== undefined && now - happenedAt > prepared.maxAgeMs) {
    return reject('stale_event', 'The event is older than Adjust takes', 'timestamp');
  }
  return happenedAt === undefined || happenedAt < firstTime || happenedAt > lastTime
    ? reject('invalid_value', 'The event has no time with a zone that Adjust could read', 'timestamp')
    : happenedAt;
}

const countedTwice: Note = {
  code: 'unadvised',
  field: 'event',
  message: 'The Adjust SDK records this as well, and Adjust counts both',
};

/** Traces the fields that no table fills. */
function explain(trace: Trace, event: CdpEvent, { token }: Target): void {
  trace.from('s2s', 'always 1');
  trace.from('app_token', 'config.appToken');
  trace.from('event_token', `config.eventTokens (${token})`);
  trace.from('environment', 'config.environment');
  trace.from('created_at_unix', eventClock(event) ?? 'timestamp');
}
