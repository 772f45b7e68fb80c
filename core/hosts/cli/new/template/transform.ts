import {
  eventTime,
  payload,
  reject,
  skip,
  type CdpEvent,
  type TransformContext,
  type Transformed,
} from '../../../../api/index.ts';
import type { Config } from './config.ts';
import { fieldsOf, type VendorEvent } from './mapping.ts';

/** Turns one event into one payload, or into the reason why there is none. */
export function transform(event: CdpEvent, config: Config, context: TransformContext): Transformed<VendorEvent> {
  if (event.type !== 'track' || !config.events.includes(event.event)) return unmapped;
  const time = eventTime(event);
  if (time === undefined) return noTime;
  const { email, ...rest } = fieldsOf(event, context.trace);
  if (email === undefined) return noEmail;
  return payload({ name: event.event, at: time, email, ...rest });
}

const unmapped = skip('unmapped_event', 'The events of this connection do not name this one', 'event');
const noTime = reject('invalid_value', 'The event has no usable time', 'timestamp');
const noEmail = reject('missing_identifier', 'Template Vendor needs an e-mail address', 'context.traits.email');
