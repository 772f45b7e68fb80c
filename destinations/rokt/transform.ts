import {
  admit,
  builderAt,
  eventClock,
  eventTime,
  isObject,
  payloadBuilder,
  propertiesOf,
  type Admission,
  type CdpEvent,
  type PayloadBuilder,
  type TransformContext,
  type Transformed,
} from '../../core/api/index.ts';
import { addItems, addOrder, addReference } from './commerce.ts';
import type { Config } from './config.ts';
import { eligibilityOf } from './eligibility.ts';
import { addClickId, addDevice, addIdentities, addPerson } from './identity.ts';
import { messageIdOf, type EventData, type RoktBatch, type RoktEvent } from './mapping.ts';
import { noteSize } from './passthrough.ts';
import type { Prepared } from './settings.ts';

export function validate(event: CdpEvent, _config: Config, { prepared }: TransformContext<Prepared>): Admission {
  const conversion = eligibilityOf(event, prepared);
  return typeof conversion === 'string' ? admit : conversion;
}

/** One conversion of one person as one batch (ROKT-11). */
export function transform(
  event: CdpEvent,
  config: Config,
  context: TransformContext<Prepared>,
): Transformed<RoktBatch> {
  const conversion = eligibilityOf(event, context.prepared);
  if (typeof conversion !== 'string') return conversion;
  const entry: RoktEvent = { event_type: 'custom_event', data: { event_name: 'conversion', custom_attributes: {} } };
  const out = payloadBuilder<RoktBatch>(
    context,
    { environment: config.environment, user_identities: {}, events: [entry] },
    batchSources,
  );
  addIdentities(out, event, config);
  // For preview alone: nothing else is set beside the data.
  builderAt(out, entry, 'events[0]', eventSources);
  const data = builderAt(out, entry.data, 'events[0].data', dataSources);
  addConversion(data, event, conversion, config, context.prepared);
  const user = out.part('user_attributes');
  addPerson(event, user);
  const traits = event.context?.['traits'];
  if (isObject(traits)) context.prepared.passTraits(traits, user, 'context.traits');
  if (config.advertisingIds) addDevice(out, event);
  if (config.clickId) addClickId(out, event);
  noteSize(out.value, data, user.value, config);
  return out.payload();
}

const batchSources = { environment: 'config.environment' } as const;
const eventSources = { event_type: 'constant' } as const;
const dataSources = { event_name: 'constant' } as const;

/** The conversion itself. Message id and time are the event's own, so every retry repeats them (ROKT-40, ROKT-65). */
function addConversion(
  data: PayloadBuilder<EventData>,
  event: CdpEvent,
  conversion: string,
  config: Config,
  { passProperties }: Prepared,
): void {
  const attributes = data.part('custom_attributes');
  addOrder(event, attributes);
  if (!Array.isArray(config.conversions) || attributes.value.conversiontype === undefined)
    attributes.set('conversiontype', conversion, 'event');
  addItems(attributes, event);
  addReference(attributes, event, config);
  passProperties(propertiesOf(event), attributes, 'properties');

  data.set('custom_event_type', config.customEventType, 'config.customEventType');
  data.take('source_message_id', messageIdOf(event));
  const happenedAt = eventTime(event) ?? 0;
  if (happenedAt > 0) data.set('timestamp_unixtime_ms', happenedAt, eventClock(event) ?? 'timestamp');
  else
    data.drop('timestamp', 'The event has no usable time, so Rokt takes the time of arrival', 'timestamp_unixtime_ms');
}
