import { asEmail, firstOf, payloadBuilder, reject, skip, trimInvisible } from '../../../../core/api/index.ts';
import type { CdpEvent, TransformContext, Transformed } from '../../../../core/api/index.ts';
import type { Config } from './config.ts';
import { fields, type Sale } from './mapping.ts';

const emailOf = firstOf(['context.traits.email', 'properties.email'], asEmail);

export function transform(event: CdpEvent, config: Config, context: TransformContext): Transformed<Sale> {
  if (event.type !== 'track' || !config.events.includes(trimInvisible(event.event)))
    return skip('unmapped_event', 'This event is no sale', 'event');
  const email = emailOf(event);
  if (email === undefined) return reject('missing_identifier', 'Kites needs an e-mail address', 'context.traits.email');
  const out = payloadBuilder<Sale>(context, { email: email.value }, { email: email.path });
  fields(event, out);
  return out.payload({ key: email.value });
}
