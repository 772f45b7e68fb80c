import { payloadBuilder, type CdpEvent, type JsonObject, type TransformContext, type Transformed } from 'spillway/api';
import type { Config } from './config.ts';
import { whole, type Payload } from './mapping.ts';

export function transform(event: CdpEvent, _config: Config, context: TransformContext): Transformed<Payload> {
  const out = payloadBuilder<Payload>(context, {});
  for (const [name, value] of Object.entries(whole(event as unknown as JsonObject, out, '', '')))
    out.set(name, value, name);
  return out.payload();
}
