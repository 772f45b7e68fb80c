import {
  admit,
  asCount,
  eventClock,
  stableIdOf,
  eventTime,
  firstOf,
  optionReader,
  payloadBuilder,
  propertiesOf,
  reject,
  trimInvisible,
  usableId,
  wholeObject,
  type Admission,
  type CdpEvent,
  type PayloadBuilder,
  type TransformContext,
  type Transformed,
} from 'spillway/api';
import type { Config } from './config.ts';
import { eligibilityOf } from './eligibility.ts';
import { addDevice, scopesOf } from './identity.ts';
import { manifest } from './manifest.ts';
import { deviceFields, longestText, revenueField, saleFields, type AmplitudeEvent } from './mapping.ts';
import type { Prepared } from './settings.ts';

export function validate(event: CdpEvent, config: Config): Admission {
  const name = eligibilityOf(event, config);
  return typeof name === 'string' ? admit : name;
}

export function transform(
  event: CdpEvent,
  config: Config,
  context: TransformContext<Prepared>,
): Transformed<AmplitudeEvent> {
  const name = eligibilityOf(event, config);
  if (typeof name !== 'string') return name;
  const out = payloadBuilder<AmplitudeEvent, 'insert_id'>(context, { event_type: trimInvisible(name) }, sources);
  context.prepared(event, out);
  if (out.value.user_id === undefined && out.value.device_id === undefined) out.refuse(noId);
  const time = eventTime(event);
  if (time === undefined) out.drop('timestamp', 'The event has no usable time: Amplitude will take its own', 'time');
  out.set('time', time, eventClock(event) ?? 'timestamp');
  out.take('session_id', sessionOf(event));
  deviceFields(event, out);
  addDevice(out, event);
  addProperties(out, event, config);
  out.take('insert_id', stableIdOf(event, longestText));
  return out.payload({ scopes: scopesOf(out.value) });
}

const sources = { event_type: 'event, name or type' };
const noId = reject('missing_identifier', 'Amplitude needs a user id or a device id', 'userId');

const sessionOf = optionReader(manifest, 'session_id', asCount);
const groupOf = firstOf(['groupId', 'context.groupId'], usableId);

/** Amplitude takes 40 levels, of which `$set` may be one. */
const whole = wholeObject({ vendor: manifest.displayName, depth: 39, longest: longestText });

function addProperties(out: PayloadBuilder<AmplitudeEvent>, event: CdpEvent, { groupType }: Config): void {
  const { type } = event;
  const path = type === 'identify' || type === 'group' ? 'traits' : 'properties';
  const to = type === 'identify' ? 'user_properties' : type === 'group' ? 'group_properties' : 'event_properties';
  const properties = whole(propertiesOf(event), out, path, to === 'event_properties' ? to : `${to}.$set`);
  if (Object.keys(properties).length > 0) {
    if (to === 'event_properties') out.set(to, properties, path);
    else out.set(to, { $set: properties }, path);
  }
  const group = type === 'identify' ? undefined : groupOf(event);
  if (groupType !== undefined && group !== undefined) out.set('groups', { [groupType]: group.value }, group.path);
  if (type !== 'track') return;
  revenueField(event, out);
  if (out.value.revenue !== undefined) saleFields(event, out);
}
