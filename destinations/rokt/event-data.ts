import {
  asText,
  eventClock,
  eventTime,
  propertiesOf,
  type CdpEvent,
  type JsonObject,
  type TransformContext,
  type Note,
  type Trace,
} from '../../core/api/index.ts';
import type { Config } from './config.ts';
import { addItems } from './commerce.ts';
import { attributesPlace, orderIdNames, propertyRules, type EventAttributes, type EventData } from './mapping.ts';
import { passProperties } from './passthrough.ts';
import type { Prepared } from './settings.ts';
import { compileRenaming } from './rename.ts';

const rename = compileRenaming(propertyRules, 'properties', attributesPlace);

/** The conversion itself. Message id and time are the event's own, so every retry repeats them (ROKT-40, ROKT-65). */
export function eventDataOf(
  event: CdpEvent,
  conversion: string,
  config: Config,
  { prepared, trace }: TransformContext<Prepared>,
  notes: Note[],
): EventData {
  const properties = propertiesOf(event);
  const attributes: EventAttributes = {};
  rename(properties, attributes, notes, trace);
  attributes.conversiontype = conversion;
  addItems(attributes, properties, notes, trace);
  addConfirmationRef(attributes, event, config, notes);
  passProperties(attributes, properties, prepared.eventAttributes, notes, trace);

  const data: EventData = { event_name: 'conversion', custom_attributes: attributes };
  if (config.customEventType !== undefined) data.custom_event_type = config.customEventType;
  if (typeof event.messageId === 'string' && event.messageId !== '') data.source_message_id = event.messageId;
  const happenedAt = eventTime(event);
  if (happenedAt === undefined || happenedAt <= 0) notes.push(noTime);
  else data.timestamp_unixtime_ms = happenedAt;
  if (trace !== undefined) explain(data, event, properties, trace);
  return data;
}

/** Rokt's deduplication key: stable for a conversion, never generated (ROKT-34). */
function addConfirmationRef(
  attributes: EventAttributes,
  { messageId }: CdpEvent,
  { confirmationRef }: Config,
  notes: Note[],
): void {
  const ownId = confirmationRef === 'order_id_or_message_id' && typeof messageId === 'string' ? messageId : '';
  const reference = attributes.transactionid ?? ownId;
  if (reference === '') {
    notes.push(noReference);
    return;
  }
  attributes.confirmationref = reference;
}

/** Traces the fields that no table fills. */
function explain(data: EventData, event: CdpEvent, properties: JsonObject, trace: Trace): void {
  const place = 'events[0].data';
  trace.from('events[0].event_type', 'constant');
  trace.from(`${place}.event_name`, 'constant');
  trace.from(`${attributesPlace}.conversiontype`, 'event');
  const { confirmationref } = data.custom_attributes;
  if (confirmationref !== undefined) {
    const orderId = orderIdNames.find((name) => asText(properties[name] ?? '') !== undefined);
    trace.from(`${attributesPlace}.confirmationref`, orderId === undefined ? 'messageId' : `properties.${orderId}`);
  }
  if (data.custom_event_type !== undefined) trace.from(`${place}.custom_event_type`, 'config.customEventType');
  if (data.source_message_id !== undefined) trace.from(`${place}.source_message_id`, 'messageId');
  const clock = eventClock(event);
  if (data.timestamp_unixtime_ms !== undefined && clock !== undefined) {
    trace.from(`${place}.timestamp_unixtime_ms`, clock);
  }
}

const noReference: Note = {
  code: 'recommended_missing',
  field: `${attributesPlace}.confirmationref`,
  message: 'Without an order id Rokt cannot tell a repeated conversion from a new one',
};
const noTime: Note = {
  code: 'dropped',
  field: 'events[0].data.timestamp_unixtime_ms',
  message: 'The event has no usable time, so Rokt takes the time of arrival',
};
