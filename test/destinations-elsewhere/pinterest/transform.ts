import { deviceOf, payloadBuilder, type CdpEvent, type Device, type TransformContext } from 'spillway/api';
import type { Config } from './config.ts';
import { addUserData } from './identity.ts';
import { contentsOf, customFields, eventFields, type ActionSource, type PinterestEvent } from './mapping.ts';
import type { Prepared } from './settings.ts';

export function transform(event: CdpEvent, config: Config, context: TransformContext<Prepared>) {
  const name = context.prepared.choose(event);
  if (typeof name !== 'string') return name;
  const device = deviceOf(event);
  const out = payloadBuilder<PinterestEvent, 'event_time' | 'event_id'>(
    context,
    { event_name: name, action_source: actionSourceOf(event, config, device), user_data: {} },
    { event_name: 'event', action_source: 'context.device' },
  );
  eventFields(event, out);
  const { limitedBy } = device;
  if (limitedBy !== undefined) out.set('opt_out', true, limitedBy.path);
  addUserData(out, event, device);
  const custom = out.part('custom_data');
  customFields(event, custom);
  const ids = contentsOf(event, custom, 'contents', { single: true }).flatMap(({ id }) => id ?? []);
  if (ids.length > 0) custom.set('content_ids', ids, 'properties.products[].product_id');
  if (custom.value.opt_out_type === undefined) custom.set('opt_out_type', config.optOutType, 'config.optOutType');
  return out.payload();
}

/** An app is known by its device, or makes screen calls: browser SDKs fill in app and os as well. */
function actionSourceOf(event: CdpEvent, { actionSource }: Config, { family, system }: Device): ActionSource {
  if (actionSource !== 'auto') return actionSource;
  if (event.type !== 'screen' && !isOfDevice(system?.path)) return 'web';
  return family === 'ios' ? 'app_ios' : family === 'other' ? 'web' : 'app_android';
}

const isOfDevice = (path = ''): boolean => path.startsWith('context.device.');
