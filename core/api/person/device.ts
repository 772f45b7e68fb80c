import type { CdpEvent, JsonObject, JsonValue } from '../event.ts';
import { plainName } from '../events/event-table.ts';
import type { Found } from '../events/first-of.ts';
import { isUuid, usableId } from './identifier.ts';
import { isBlank, isObject, type Path } from '../fields/mapping.ts';
import { asText } from '../fields/casts.ts';
import { trimInvisible } from '../fields/trim-invisible.ts';
import { trackingLimitIn } from './tracking.ts';

export type DeviceFamily = 'ios' | 'android' | 'fire' | 'other';

interface System {
  readonly family: DeviceFamily;
  readonly name: string;
}

/** Keyed by event data, hence a Map: an object would also answer to "constructor". */
const systems: ReadonlyMap<string, System> = new Map(
  (
    [
      ['ios', ['iOS', 'iPhone OS', 'iPadOS', 'tvOS', 'watchOS', 'visionOS', 'iPhone', 'iPad', 'iPod']],
      ['ios', ['Apple TV', 'Apple Watch']],
      ['android', ['Android', 'Android TV']],
      ['fire', ['Fire OS', 'Fire', 'Fire TV', 'Kindle Fire']],
    ] as const
  ).flatMap(([family, spellings]) =>
    spellings.flatMap((spelling): [string, System][] => {
      const system = { family, name: plainName(spelling) };
      // Nearly all events have one of these two spellings, and need no normal form.
      return [
        [spelling, system],
        [system.name, system],
      ];
    }),
  ),
);

/** The ids whose names say which family has them. Those that several families have are not among them. */
const ownIds: readonly (readonly [family: Exclude<DeviceFamily, 'other'>, names: readonly string[]])[] = [
  ['ios', ['idfa', 'idfv']],
  ['fire', ['fire_adid']],
  ['android', ['gps_adid', 'oaid', 'android_id']],
];

/**
 * The names under which an event may hold the advertising id, best first. SDKs write the first; an app may set the
 * others itself, each on devices of its own family.
 */
const advertisingIdNames: Readonly<Record<DeviceFamily, readonly string[]>> = {
  ios: ['advertisingId', 'idfa'],
  android: ['advertisingId', 'gps_adid'],
  fire: ['advertisingId', 'fire_adid'],
  other: ['advertisingId', 'idfa', 'gps_adid', 'fire_adid'],
};

/**
 * An advertising id that is not to be used as one. `unusable`: no UUID, or all zeros, as phones report under limited
 * tracking, or the id of another family than the device's. `vendor_id`: it repeats the IDFV, so it is no IDFA, whatever
 * wrote it there. `limited`: nothing is wrong with it, but the person limits ad tracking. The first of these that is
 * true is the reason. None of them may leave.
 */
export type WithheldId =
  (Found & { readonly reason: 'unusable' }) | (Found<string> & { readonly reason: 'vendor_id' | 'limited' });

/** The device that an event came from. */
export interface Device {
  readonly family: DeviceFamily;
  /**
   * Whether the event says anything about a device: `context.device` has a member that is not blank, or a system tells
   * the family.
   */
  readonly isNamed: boolean;
  /**
   * The word that tells the family, in small letters without space, hyphen, underscore and version, such as `ipados`:
   * of `device.type`, else of `os.name`. Where neither is known, the family itself, with the path of an id that only
   * this family has. The family `other` has none.
   */
  readonly system: Found<string> | undefined;
  /** The IDFA of Apple, or the advertising id of Google or Amazon, as the event spells it. */
  readonly advertisingId: Found<string> | undefined;
  /** Set when the event has an advertising id, but none that may be used: for a note. */
  readonly withheld: WithheldId | undefined;
  /**
   * Whether the person limits ad tracking, whatever else is wrong with the advertising id: by a switch of the phone
   * that is not plainly on, or by iOS's prompt, unless it was answered with yes or not shown.
   */
  readonly limited: boolean;
  /** What the event says that limits it, and where. */
  readonly limitedBy: Found | undefined;
  /** The IDFV, as the event spells it: a UUID, of a device of Apple only. */
  readonly vendorId: Found<string> | undefined;
  /** `oaid`, the open advertising id, of Android only, as the event spells it; never under limited tracking. */
  readonly openId: Found<string> | undefined;
  /** `android_id`, else the id of a device of Google or Amazon, as the event spells it: often no real ANDROID_ID. */
  readonly androidId: Found<string> | undefined;
}

/**
 * Reads the device: `context.device`, with `context.os` where the device has no type that is known. Its parts are read
 * when they are asked for.
 *
 * @example
 * const device = deviceOf(event);
 * if (device.family === 'ios') out.take('idfa', device.advertisingId);
 * if (device.withheld !== undefined) out.drop(device.withheld.path, 'The person limits ad tracking, or it is no id');
 */
export const deviceOf = (event: CdpEvent): Device => new EventDevice(event);

class EventDevice implements Device {
  // Declared only: one is made per event, and a field definition costs more than an assignment.
  declare readonly family: DeviceFamily;
  declare private readonly device: JsonObject;
  declare private readonly word: string | undefined;
  declare private readonly wordPath: string;
  declare private ids: AdvertisingIds | undefined;
  /** `null` if nothing limits tracking; `undefined` until somebody asks, which most do more than once. */
  declare private limit: Found | null | undefined;

  constructor(event: CdpEvent) {
    const context = isObject(event.context) ? event.context : nothing;
    const device = isObject(context['device']) ? context['device'] : nothing;
    const byType = systemNamed(device['type']);
    const system = byType ?? systemNamed(isObject(context['os']) ? context['os']['name'] : undefined);
    this.device = device;
    this.ids = undefined;
    this.limit = undefined;
    const own = system === undefined && device !== nothing ? ownIdIn(device) : undefined;
    const { family } = system ?? own ?? other;
    this.family = family === 'android' && isAmazon(device['manufacturer']) ? 'fire' : family;
    this.word = system?.name ?? own?.family;
    this.wordPath = own?.path ?? (byType === undefined ? 'context.os.name' : 'context.device.type');
  }

  get isNamed(): boolean {
    return this.family !== 'other' || Object.values(this.device).some((part) => !isBlank(part));
  }

  get system(): Found<string> | undefined {
    return this.word === undefined ? undefined : { value: this.word, path: this.wordPath };
  }

  get advertisingId(): Found<string> | undefined {
    return this.advertisingIds().usable;
  }

  get withheld(): WithheldId | undefined {
    return this.advertisingIds().withheld;
  }

  get limited(): boolean {
    return this.limitedBy !== undefined;
  }

  get limitedBy(): Found | undefined {
    if (this.limit === undefined) this.limit = trackingLimitIn(this.device) ?? null;
    return this.limit ?? undefined;
  }

  get vendorId(): Found<string> | undefined {
    return this.family === 'ios' ? (uuidAt(this.device, 'idfv') ?? uuidAt(this.device, 'id')) : undefined;
  }

  get openId(): Found<string> | undefined {
    const id = this.family === 'android' ? idAt(this.device, 'oaid') : undefined;
    return id === undefined || this.limited ? undefined : id;
  }

  get androidId(): Found<string> | undefined {
    if (this.family !== 'android' && this.family !== 'fire') return undefined;
    return idAt(this.device, 'android_id') ?? idAt(this.device, 'id');
  }

  private advertisingIds(): AdvertisingIds {
    return (this.ids ??= this.judgeIds());
  }

  private judgeIds(): AdvertisingIds {
    const { device } = this;
    const names = advertisingIdNames[this.family];
    let duplicate: Found<string> | undefined;
    for (let index = 0; index < names.length; index += 1) {
      const id = uuidAt(device, names[index] as string);
      if (id === undefined) continue;
      if (!this.isVendorId(id.value)) {
        if (this.limited) return { usable: undefined, withheld: { ...id, reason: 'limited' } };
        return { usable: id, withheld: undefined };
      }
      duplicate ??= id;
    }
    if (duplicate === undefined) return { usable: undefined, withheld: unusableId(device) };
    return { usable: undefined, withheld: { ...duplicate, reason: 'vendor_id' } };
  }

  private isVendorId(id: string): boolean {
    const { device } = this;
    return (
      isSame(id, asText(device['idfv'] ?? null)) ||
      // The vendor id is validated only if the two are the same, which they hardly ever are.
      (isSame(id, asText(device['id'] ?? null)) && isSame(id, this.vendorId?.value))
    );
  }
}

/** One of them at most. */
interface AdvertisingIds {
  readonly usable: Found<string> | undefined;
  readonly withheld: WithheldId | undefined;
}

const nothing: JsonObject = Object.freeze({});
const other = { family: 'other' } as const;

const systemNamed = (name: JsonValue | undefined): System | undefined =>
  typeof name === 'string'
    ? (systems.get(name) ?? systems.get(plainName(name)) ?? versioned(trimInvisible(name)))
    : undefined;

/** By the letters it begins with: `Android 14`, `iOS 17.5`, `iPhone15,3`, `Fire HD 10`. */
function versioned(name: string): System | undefined {
  const word = /^[a-z]+/i.exec(name)?.[0];
  return word === undefined ? undefined : systems.get(word.toLowerCase());
}

interface OwnId {
  readonly family: DeviceFamily;
  readonly path: Path;
}

/** An id that its family alone has. None where two contradict each other; a Fire device runs Android. */
function ownIdIn(device: JsonObject): OwnId | undefined {
  let own: OwnId | undefined;
  for (const [family, names] of ownIds) {
    const name = names.find((one) => idAt(device, one) !== undefined);
    if (name === undefined) continue;
    if (own?.family === 'ios') return undefined;
    own ??= { family, path: `context.device.${name}` };
  }
  return own;
}

const isAmazon = (maker: JsonValue | undefined): boolean =>
  typeof maker === 'string' && (maker === 'Amazon' || trimInvisible(maker).toLowerCase() === 'amazon');

function idAt(device: JsonObject, name: string): Found<string> | undefined {
  const raw = device[name];
  const value = raw === undefined ? undefined : usableId(raw);
  return value === undefined ? undefined : { value, path: `context.device.${name}` };
}

function uuidAt(device: JsonObject, name: string): Found<string> | undefined {
  const raw = device[name];
  if (typeof raw !== 'string') return undefined;
  const value = trimInvisible(raw);
  return isUuid(value) ? { value, path: `context.device.${name}` } : undefined;
}

/** The first advertising id that the event writes, none of which is one of the device. */
function unusableId(device: JsonObject): WithheldId | undefined {
  for (const name of advertisingIdNames.other) {
    const value = device[name];
    if (!isBlank(value)) return { value, path: `context.device.${name}`, reason: 'unusable' };
  }
  return undefined;
}

const isSame = (id: string, other: string | undefined): boolean =>
  other !== undefined &&
  id.length === other.length &&
  // Two ids of a device hardly ever begin alike, and spelling both anew costs more than all the rest.
  (id.charCodeAt(0) | 0x20) === (other.charCodeAt(0) | 0x20) &&
  id.toLowerCase() === other.toLowerCase();
