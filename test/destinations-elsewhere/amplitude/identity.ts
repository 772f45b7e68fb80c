import { deviceOf, sha256, textReader, type CdpEvent, type PayloadBuilder } from 'spillway/api';
import type { AmplitudeEvent } from './mapping.ts';

/** What kind of device it is, and its ids of Apple and Google, for attribution. */
export function addDevice(out: PayloadBuilder<AmplitudeEvent>, event: CdpEvent): void {
  const { family, system, advertisingId, vendorId, withheld } = deviceOf(event);
  const { device_id: id = '' } = out.value;
  if (family === 'ios') {
    out.set('platform', 'iOS', system?.path ?? '');
    out.take('idfa', advertisingId);
    out.take('idfv', vendorId);
  } else if (family === 'android') {
    out.set('platform', 'Android', system?.path ?? '');
    out.take('adid', advertisingId);
    if (/^[\da-f]{16}$/i.test(id)) out.set('android_id', id, 'context.device.id');
  } else if (channelOf(event) === 'web') out.set('platform', 'Web', 'channel');
  if (withheld?.reason === 'unusable') out.drop(withheld.path, 'The advertising id is no UUID, or all zeros');
}
const channelOf = textReader('channel');

/** Amplitude throttles by user and by device. Scopes show in signals, so they are digests. */
export const scopesOf = ({ user_id, device_id }: AmplitudeEvent): readonly string[] =>
  Object.entries({ user_id, device_id }).flatMap(([name, id]) =>
    id === undefined ? [] : `${name}:${sha256(id).slice(0, 16)}`,
  );
