import {
  eventClock,
  eventTime,
  payloadBuilder,
  reject,
  usableId,
  type CdpEvent,
  type TransformContext,
  type Transformed,
} from '../../../core/api/index.ts';
import { addAmount } from './commerce.ts';
import type { Config } from './config.ts';
import { eligibilityOf } from './eligibility.ts';
import { fields, type LighthouseOrder } from './mapping.ts';
import type { Prepared } from './settings.ts';

export function transform(
  event: CdpEvent,
  config: Config,
  context: TransformContext<Prepared>,
): Transformed<LighthouseOrder> {
  const action = eligibilityOf(event, context.prepared);
  if (typeof action !== 'string') return action;
  const id = usableId(event.messageId ?? '');
  if (id === undefined) return noId;
  const at = eventTime(event);
  if (at === undefined) return noTime;

  const out = payloadBuilder<LighthouseOrder, 'email' | 'at'>(context, { id, action }, sources);
  out.set('at', at, eventClock(event) ?? 'timestamp');
  fields(event, out);
  addAmount(event, config, out);
  const { campaign } = out.value;
  return out.payload({ key: id, ...(campaign === undefined ? {} : { scopes: [`campaign:${campaign}`] }) });
}

/** Where the first fields come from, for preview. */
const sources = { id: 'messageId', action: 'event' };

const noId = reject('missing_field', 'Lighthouse needs an id of the event', 'messageId');
const noTime = reject('invalid_value', 'The event has no usable time', 'timestamp');
