import {
  asText,
  ipv4Address,
  isBlankId,
  isBlankIp,
  isObject,
  optionReader,
  type CdpEvent,
  type JsonObject,
  type JsonValue,
  type Note,
  type Trace,
} from '../../core/api/index.ts';
import { manifest } from './manifest.ts';
import { adjustId, asTracking, families, type DeviceRow, type MutableAdjustEvent } from './mapping.ts';

type Family = keyof typeof families;
export type Platform = 'ios' | 'android' | 'other';

/** Keyed by event data, hence a Map: an object would also answer to "constructor". */
const familyNames = new Map<string, Family>([
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

const platforms: Readonly<Record<Family, Platform>> = {
  ios: 'ios',
  android: 'android',
  fire: 'android',
  other: 'other',
};

/** Writes the fields of the event's device, with a note for each value that is left out. Returns the platform. */
export function describeDevice(event: CdpEvent, into: MutableAdjustEvent, notes: Note[], trace?: Trace): Platform {
  const context = member(event, 'context');
  const device = member(context, 'device');
  const family = familyOf(device, context);
  for (const row of families[family]) take(row, device, into, notes, trace);
  dropFalseIdfa(into, notes);
  if (into.att_status === undefined && family !== 'other') takeTracking(device, into, trace);
  takeAdid(context, event, into, notes, trace);
  takeSurroundings(context, into, notes, trace);
  if (family === 'ios' && into.idfa === undefined && into.adid === undefined) notes.push(adidMissing);
  return platforms[family];
}

/**
 * Tells devices apart (ADJUST-31); `undefined` when no identifier is usable (ADJUST-10). The id that changes least
 * comes first, so that a device keeps its lane when it changes its advertising id.
 */
export const deviceKey = (made: MutableAdjustEvent): string | undefined =>
  made.idfv ?? made.android_id ?? made.idfa ?? made.gps_adid ?? made.fire_adid ?? made.oaid ?? made.adid;

const nothing: JsonObject = Object.freeze({});

function member(parent: object, name: string): JsonObject {
  const found = (parent as Readonly<Record<string, unknown>>)[name];
  return isObject(found) ? found : nothing;
}

function familyOf(device: JsonObject, context: JsonObject): Family {
  const family = familyNamed(device['type']) ?? familyNamed(member(context, 'os')['name']) ?? 'other';
  return family === 'android' && isAmazon(device['manufacturer']) ? 'fire' : family;
}

const familyNamed = (name: JsonValue | undefined): Family | undefined =>
  typeof name === 'string'
    ? (familyNames.get(name) ?? familyNames.get(name.toLowerCase().replaceAll(/[\s_-]/g, '')))
    : undefined;

const isAmazon = (maker: JsonValue | undefined): boolean =>
  typeof maker === 'string' && maker.trim().toLowerCase() === 'amazon';

function take(
  { to, from, as }: DeviceRow,
  device: JsonObject,
  into: MutableAdjustEvent,
  notes: Note[],
  trace?: Trace,
): void {
  for (const name of from) {
    const value = device[name];
    if (value === undefined || value === null) continue;
    const taken = as(value);
    if (taken !== undefined) {
      into[to] = taken;
      trace?.from(to, `context.device.${name}`);
      return;
    }
    noteUnusable(value, `context.device.${name}`, `Left out: not in the form Adjust asks of ${to}`, notes);
  }
}

/** Phones write all zeros for a missing id; any other value that does not fit gets a note. */
function noteUnusable(value: JsonValue, field: string, message: string, notes: Note[]): void {
  const written = asText(value);
  if (written !== undefined && !isBlankId(written)) notes.push({ code: 'dropped', field, message });
}

/** A copy of the IDFV is not an IDFA, whatever wrote it there (ADJUST-11). */
function dropFalseIdfa(into: MutableAdjustEvent, notes: Note[]): void {
  if (into.idfa === undefined || into.idfa !== into.idfv) return;
  delete into.idfa;
  const message = 'It repeats the IDFV, so it is no IDFA';
  notes.push({ code: 'dropped', field: 'context.device.advertisingId', message });
}

/** Adjust wants att_status or tracking_enabled, never both, and Apple's own status says more (ADJUST-76). */
function takeTracking(device: JsonObject, into: MutableAdjustEvent, trace?: Trace): void {
  const tracking = asTracking(device['adTrackingEnabled'] ?? null);
  if (tracking === undefined) return;
  into.tracking_enabled = tracking;
  trace?.from('tracking_enabled', 'context.device.adTrackingEnabled');
}

const optionOf = optionReader(manifest, 'adid');
const isStated = (value: JsonValue | undefined): value is JsonValue => value !== undefined && value !== null;

/** From context.adjust, else from the integrations object (ADJUST-17). */
function takeAdid(context: JsonObject, event: CdpEvent, into: MutableAdjustEvent, notes: Note[], trace?: Trace): void {
  const own = member(context, 'adjust')['adid'];
  const found = isStated(own) ? { path: 'context.adjust.adid', value: own } : optionOf(event);
  if (found === undefined) return;
  const { path, value } = found;
  const adid = adjustId(value);
  if (adid === undefined) return noteUnusable(value, path, 'Left out: not in the form of an adid', notes);
  into.adid = adid;
  trace?.from('adid', path);
}

/** The address (ADJUST-19, ADJUST-20) and the user agent (ADJUST-75). */
function takeSurroundings({ ip, userAgent }: JsonObject, into: MutableAdjustEvent, notes: Note[], trace?: Trace): void {
  if (typeof ip === 'string') {
    const address = ipv4Address(ip);
    if (address === undefined) noteUnusable(ip, 'context.ip', 'Adjust takes IPv4 addresses only', notes);
    else if (!isBlankIp(address)) {
      into.ip_address = address;
      trace?.from('ip_address', 'context.ip');
    }
  }
  const agent = asText(userAgent ?? null);
  if (agent === undefined) return;
  into.user_agent = agent;
  trace?.from('user_agent', 'context.userAgent');
}

const adidMissing: Note = {
  code: 'recommended_missing',
  field: 'context.adjust.adid',
  message: 'Without an IDFA, Adjust recognises an iOS device best by its adid',
};
