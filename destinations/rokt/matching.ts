import {
  isUuid,
  limitsTracking,
  reader,
  textReader,
  type CdpEvent,
  type JsonValue,
  type Note,
  type Trace,
} from '../../core/api/index.ts';
import { longestValue } from './lengths.ts';
import { rokt, type DeviceInfo, type RoktBatch } from './mapping.ts';

const clickIdOf = textReader('properties.rtid', 'properties.rclid', 'context.traits.rtid', 'context.traits.rclid');
const clickIdPlace = `integration_attributes.${rokt}.passbackconversiontrackingid`;

/** The click that led here, in its own case, at Rokt's place among mParticle's integrations (ROKT-41). */
export function clickIdMember(
  event: CdpEvent,
  notes: Note[],
  trace: Trace | undefined,
): NonNullable<RoktBatch['integration_attributes']> | undefined {
  const clickId = clickIdOf(event, trace, clickIdPlace);
  if (clickId === undefined) return undefined;
  if (clickId.length <= longestValue) return { [rokt]: { passbackconversiontrackingid: clickId } };
  notes.push({ code: 'dropped', field: clickIdPlace, message: `Rokt takes ${longestValue} characters at most` });
  return undefined;
}

const deviceType = reader('context.device.type');
const advertisingIds = ['context.device.advertisingId', 'context.device.idfa'].map((path) => ({
  path,
  read: reader(path),
}));
const isStated = (id: JsonValue | undefined): boolean => id !== undefined && id !== null && id !== '';

/** The advertising id, when it is a UUID: anything else would cost the whole batch (ROKT-42). */
export function deviceInfoOf(event: CdpEvent, notes: Note[], trace: Trace | undefined): DeviceInfo | undefined {
  const source = advertisingIds.find(({ read }) => isStated(read(event)));
  if (source === undefined) return undefined;
  const id = source.read(event);
  const field = memberFor(deviceType(event));
  if (field === undefined) return undefined;
  const refusal = limitsTracking(event) ? 'Tracking is limited on the phone' : notAUuid(id);
  if (refusal !== undefined) {
    notes.push({ code: 'dropped', field: `device_info.${field}`, message: refusal });
    return undefined;
  }
  trace?.from(`device_info.${field}`, source.path);
  return { [field]: id as string };
}

const notAUuid = (id: unknown): string | undefined =>
  typeof id === 'string' && isUuid(id)
    ? undefined
    : 'Not a UUID, or all zeros: mParticle would refuse the conversion for it';

function memberFor(type: unknown): keyof DeviceInfo | undefined {
  const platform = typeof type === 'string' ? type.toLowerCase() : undefined;
  if (platform === 'ios') return 'ios_advertising_id';
  return platform === 'android' ? 'android_advertising_id' : undefined;
}
