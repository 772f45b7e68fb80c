import {
  asIpv4,
  asText,
  deviceOf,
  fieldTable,
  firstOf,
  ipv4Address,
  isBlankId,
  isBlankIp,
  optionReader,
  reject,
  type CdpEvent,
  type PayloadBuilder,
} from '../../core/api/index.ts';
import type { Config } from './config.ts';
import { manifest } from './manifest.ts';
import { adjustId, asTracking, deviceFields, isNoId, type AdjustEvent } from './mapping.ts';

export type Platform = 'ios' | 'android' | 'other';

/** Adds the fields of the event's device, with a note on each value that is left out. Returns the platform. */
export function addDevice(out: PayloadBuilder<AdjustEvent>, event: CdpEvent, { requireAdid }: Config): Platform {
  const { family } = deviceOf(event);
  const device = out.value;
  deviceFields[family](event, out);
  if (device.idfa !== undefined && device.idfa === device.idfv) {
    // A copy of the IDFV is not an IDFA, whatever wrote it there (ADJUST-11).
    delete device.idfa;
    out.drop('context.device.advertisingId', 'It repeats the IDFV, so it is no IDFA', 'idfa');
  }
  // Adjust wants att_status or tracking_enabled, never both, and Apple's own status says more (ADJUST-76).
  if (device.att_status === undefined && family !== 'other') out.take('tracking_enabled', trackingOf(event));
  addAdid(out, event);
  surroundings(event, out);
  if (family === 'ios' && device.idfa === undefined && device.adid === undefined)
    out.recommend('context.adjust.adid', 'Without an IDFA, Adjust recognises an iOS device best by its adid', 'adid');

  if (deviceKey(device) === undefined) out.refuse(noDevice);
  if (requireAdid && device.adid === undefined) out.refuse(noAdid);
  return family === 'fire' ? 'android' : family;
}

/**
 * Tells devices apart (ADJUST-31); `undefined` when no identifier is usable (ADJUST-10). The id that changes least
 * comes first, so that a device keeps its lane when it changes its advertising id.
 */
export const deviceKey = (event: AdjustEvent): string | undefined =>
  event.idfv ?? event.android_id ?? event.idfa ?? event.gps_adid ?? event.fire_adid ?? event.oaid ?? event.adid;

const noDevice = reject('missing_identifier', 'The event names no device Adjust knows', 'context.device');
const noAdid = reject('missing_identifier', 'The settings require an adid', 'context.adjust.adid');

const trackingOf = firstOf(['context.device.adTrackingEnabled'], asTracking);

/** The address (ADJUST-19, ADJUST-20) and the user agent (ADJUST-75). */
const surroundings = fieldTable<AdjustEvent>(
  [
    { to: 'ip_address', from: 'ip', as: asIpv4, unusable: 'Adjust takes IPv4 addresses only' },
    { to: 'user_agent', from: 'userAgent', as: asText },
  ],
  {
    from: 'context',
    isNothing: (ip) => typeof ip !== 'string' || isBlankId(ip) || isBlankIp(ipv4Address(ip) ?? ''),
  },
);

const ownAdidOf = firstOf(['context.adjust.adid']);
const optionOf = optionReader(manifest, 'adid');

/** From context.adjust, else from the integrations object (ADJUST-17). */
function addAdid(out: PayloadBuilder<AdjustEvent>, event: CdpEvent): void {
  const written = ownAdidOf(event) ?? optionOf(event);
  if (written === undefined) return;
  const { value, path } = written;
  const adid = adjustId(value);
  if (adid !== undefined) out.set('adid', adid, path);
  else if (!isNoId(value)) out.drop(path, 'Left out: not in the form of an adid', 'adid');
}
