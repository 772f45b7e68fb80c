import {
  asIpv4,
  asText,
  deviceOf,
  fieldTable,
  firstOf,
  ipv4Address,
  isBlank,
  isBlankIp,
  isNoId,
  optionReader,
  reader,
  reject,
  skip,
  type CdpEvent,
  type DeviceFamily,
  type Found,
  type PayloadBuilder,
} from '../../core/api/index.ts';
import type { Config } from './config.ts';
import { manifest } from './manifest.ts';
import { adjustId, asTracking, deviceFields, type AdjustEvent } from './mapping.ts';

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

  if (!hasDeviceId(device)) out.refuse(namesDevice(event, family) ? noDevice : noAppEvent);
  if (requireAdid && device.adid === undefined) out.refuse(noAdid);
  return family === 'fire' ? 'android' : family;
}

/**
 * The identifiers, those that change least first. A device is a lane by the first one that its event has, so that it
 * keeps its lane when it changes its advertising id (ADJUST-31). Events that name different first ones are two lanes.
 */
const deviceIds = ['adid', 'idfv', 'android_id', 'oaid', 'idfa', 'gps_adid', 'fire_adid'] as const;

/** The lane of the event's device: app, name of the identifier, identifier. */
export function laneOf(event: AdjustEvent): string | undefined {
  for (const name of deviceIds) {
    const id = event[name];
    if (id !== undefined) return `${event.app_token}:${name}:${id}`;
  }
  return undefined;
}

const hasDeviceId = (event: AdjustEvent): boolean => deviceIds.some((name) => event[name] !== undefined);

const noDevice = reject('missing_identifier', 'The event names no device Adjust knows', 'context.device');
const noAppEvent = skip(
  'unsupported_event',
  'The event names no device: Adjust takes events of apps',
  'context.device',
);
const noAdid = reject('missing_identifier', 'The settings require an adid', 'context.adjust.adid');

const writtenDeviceOf = reader('context.device');

/** Whether the event says anything of a phone: a web shop's says nothing, and is no event of an app (ADJUST-10). */
function namesDevice(event: CdpEvent, family: DeviceFamily): boolean {
  if (family !== 'other') return true;
  const device = writtenDeviceOf(event);
  const isNamed =
    typeof device === 'object' && device !== null
      ? Object.values(device).some((part) => !isBlank(part))
      : !isBlank(device);
  if (isNamed) return true;
  const adid = adidOf(event);
  return adid !== undefined && !isNoId(adid.value);
}

const trackingOf = firstOf(['context.device.adTrackingEnabled'], asTracking);

/** The address (ADJUST-19, ADJUST-20) and the user agent (ADJUST-75). */
const surroundings = fieldTable<AdjustEvent>(
  [
    { to: 'ip_address', from: 'ip', as: asIpv4, unusable: 'Adjust takes IPv4 addresses only' },
    { to: 'user_agent', from: 'userAgent', as: asText },
  ],
  {
    from: 'context',
    isNothing: (ip) => typeof ip !== 'string' || isNoId(ip) || isBlankIp(ipv4Address(ip) ?? ''),
  },
);

const ownAdidOf = firstOf(['context.adjust.adid']);
const optionOf = optionReader(manifest, 'adid');

const adidOf = (event: CdpEvent): Found | undefined => ownAdidOf(event) ?? optionOf(event);

/** From context.adjust, else from the integrations object (ADJUST-17). */
function addAdid(out: PayloadBuilder<AdjustEvent>, event: CdpEvent): void {
  const written = adidOf(event);
  if (written === undefined) return;
  const { value, path } = written;
  const adid = adjustId(value);
  if (adid !== undefined) out.set('adid', adid, path);
  else if (!isNoId(value)) out.drop(path, 'Left out: not in the form of an adid', 'adid');
}
