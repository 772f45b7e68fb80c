import type { CdpEvent, JsonObject, JsonValue } from './event.ts';
import type { Found } from './first-of.ts';
import { isUuid } from './identity.ts';
import { asText, isBlank, isObject } from './mapping.ts';
import { limitsTracking } from './tracking.ts';

export type DeviceFamily = 'ios' | 'android' | 'fire' | 'other';

/** Keyed by event data, hence a Map: an object would also answer to "constructor". */
const families: ReadonlyMap<string, DeviceFamily> = new Map([
  ['ios', 'ios'],
  ['iphoneos', 'ios'],
  ['ipados', 'ios'],
  ['tvos', 'ios'],
  ['watchos', 'ios'],
  ['visionos', 'ios'],
  ['android', 'android'],
  ['androidtv', 'android'],
  ['fireos', 'fire'],
  ['fire', 'fire'],
]);

/** Where an event may hold the advertising id, best first. SDKs write the first; an app may set the second itself. */
export const advertisingIdPaths = ['context.device.advertisingId', 'context.device.idfa'] as const;

/**
 * An advertising id that is not to be used as one. `unusable`: no UUID, or all zeros, as phones report under limited
 * tracking. `vendor_id`: it repeats the IDFV, so it is no IDFA, whatever wrote it there. `limited`: nothing is wrong
 * with it, but the person limits ad tracking. The first of these that is true is the reason.
 */
export type WithheldId =
  (Found & { readonly reason: 'unusable' }) | (Found<string> & { readonly reason: 'vendor_id' | 'limited' });

/** The device that an event came from. */
export interface Device {
  readonly family: DeviceFamily;
  /**
   * The word that tells the family, in small letters without space, hyphen and underscore, such as `ipados`: of
   * `device.type`, else of `os.name`. The family `other` has none.
   */
  readonly system: Found<string> | undefined;
  /** The IDFA of Apple, or the advertising id of Google or Amazon, as the event spells it. */
  readonly advertisingId: Found<string> | undefined;
  /** Set when the event has an advertising id, but none that may be used: for a note, and for vendors that may. */
  readonly withheld: WithheldId | undefined;
  /** Whether the person limits ad tracking, whatever else is wrong with the advertising id: see limitsTracking(). */
  readonly limited: boolean;
  /** The IDFV, as the event spells it: a UUID, of a device of Apple only. */
  readonly vendorId: Found<string> | undefined;
}

/**
 * Reads the device: `context.device`, with `context.os` where the device has no type.
 *
 * @example
 * const device = deviceOf(event);
 * if (device.family === 'ios') out.take('idfa', device.advertisingId);
 * if (device.withheld !== undefined) out.drop(device.withheld.path, 'The person limits ad tracking, or it is no id');
 */
export function deviceOf(event: CdpEvent): Device {
  const context = isObject(event.context) ? event.context : nothing;
  const device = isObject(context['device']) ? context['device'] : nothing;
  const os = isObject(context['os']) ? context['os'] : nothing;
  const system = systemNamed(device['type'], 'context.device.type') ?? systemNamed(os['name'], 'context.os.name');
  const named = families.get(system?.value ?? '') ?? 'other';
  const family = named === 'android' && isAmazon(device['manufacturer']) ? 'fire' : named;
  const vendorId = family === 'ios' ? (idAt(device, 'idfv') ?? idAt(device, 'id')) : undefined;

  const advertisingId = idAt(device, 'advertisingId') ?? idAt(device, 'idfa');
  const limited = limitsTracking(event);
  const withheld =
    advertisingId === undefined ? unusableId(device) : whyWithheld(advertisingId, vendorId, device, limited);
  return {
    family,
    system,
    advertisingId: withheld === undefined ? advertisingId : undefined,
    withheld,
    limited,
    vendorId,
  };
}

const nothing: JsonObject = Object.freeze({});

function systemNamed(name: JsonValue | undefined, path: string): Found<string> | undefined {
  if (typeof name !== 'string') return undefined;
  const value = families.has(name) ? name : name.toLowerCase().replaceAll(/[\s_-]/g, '');
  return families.has(value) ? { value, path } : undefined;
}

const isAmazon = (maker: JsonValue | undefined): boolean =>
  typeof maker === 'string' && maker.trim().toLowerCase() === 'amazon';

function idAt(device: JsonObject, name: string): Found<string> | undefined {
  const value = asText(device[name] ?? null);
  return value !== undefined && isUuid(value) ? { value, path: `context.device.${name}` } : undefined;
}

/** The first advertising id that the event writes, none of which is one. */
function unusableId(device: JsonObject): WithheldId | undefined {
  for (const name of ['advertisingId', 'idfa']) {
    const value = device[name];
    if (!isBlank(value)) return { value, path: `context.device.${name}`, reason: 'unusable' };
  }
  return undefined;
}

function whyWithheld(
  { value, path }: Found<string>,
  vendorId: Found<string> | undefined,
  device: JsonObject,
  limited: boolean,
): WithheldId | undefined {
  const isVendorId = isSame(value, vendorId?.value) || isSame(value, asText(device['idfv'] ?? null));
  if (isVendorId) return { value, path, reason: 'vendor_id' };
  return limited ? { value, path, reason: 'limited' } : undefined;
}

const isSame = (id: string, other: string | undefined): boolean => id.toLowerCase() === other?.toLowerCase();
