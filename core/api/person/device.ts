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

/** A member of `context.device`, and its path in the event. */
interface Source {
  readonly name: string;
  readonly path: Path;
}
const sourceOf = (name: string): Source => ({ name, path: `context.device.${name}` });

const idfv = sourceOf('idfv');
const oaid = sourceOf('oaid');
const androidId = sourceOf('android_id');
const anyId = sourceOf('id');

/** The ids whose names say which family has them. Those that several families have are not among them. */
const ownIds: readonly (readonly [family: Exclude<DeviceFamily, 'other'>, sources: readonly Source[]])[] = [
  ['ios', [sourceOf('idfa'), idfv]],
  ['fire', [sourceOf('fire_adid')]],
  ['android', [sourceOf('gps_adid'), oaid, androidId]],
];

/**
 * Where an event may hold the advertising id, best first. SDKs write the first; an app may set the
 * others itself, each on devices of its own family.
 */
const advertisingIds: Readonly<Record<DeviceFamily, readonly Source[]>> = {
  ios: ['advertisingId', 'idfa'].map(sourceOf),
  android: ['advertisingId', 'gps_adid'].map(sourceOf),
  fire: ['advertisingId', 'fire_adid'].map(sourceOf),
  other: ['advertisingId', 'idfa', 'gps_adid', 'fire_adid'].map(sourceOf),
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
  /** Of the two, one at most is set once they are judged, which happens when the first is asked for. */
  declare private areJudged: boolean;
  declare private usableId: Found<string> | undefined;
  declare private withheldId: WithheldId | undefined;
  /** `null` if nothing limits tracking; `undefined` until somebody asks, which most do more than once. */
  declare private limit: Found | null | undefined;

  constructor(event: CdpEvent) {
    const context = isObject(event.context) ? event.context : nothing;
    const device = isObject(context['device']) ? context['device'] : nothing;
    const byType = systemNamed(device['type']);
    const system = byType ?? systemNamed(isObject(context['os']) ? context['os']['name'] : undefined);
    this.device = device;
    this.areJudged = false;
    this.usableId = undefined;
    this.withheldId = undefined;
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
    if (!this.areJudged) this.judgeIds();
    return this.usableId;
  }

  get withheld(): WithheldId | undefined {
    if (!this.areJudged) this.judgeIds();
    return this.withheldId;
  }

  get limited(): boolean {
    return this.limitedBy !== undefined;
  }

  get limitedBy(): Found | undefined {
    if (this.limit === undefined) this.limit = trackingLimitIn(this.device) ?? null;
    return this.limit ?? undefined;
  }

  get vendorId(): Found<string> | undefined {
    return this.family === 'ios' ? (uuidAt(this.device, idfv) ?? uuidAt(this.device, anyId)) : undefined;
  }

  get openId(): Found<string> | undefined {
    const id = this.family === 'android' ? idAt(this.device, oaid) : undefined;
    return id === undefined || this.limited ? undefined : id;
  }

  get androidId(): Found<string> | undefined {
    if (this.family !== 'android' && this.family !== 'fire') return undefined;
    return idAt(this.device, androidId) ?? idAt(this.device, anyId);
  }

  private judgeIds(): void {
    this.areJudged = true;
    const { device } = this;
    const sources = advertisingIds[this.family];
    let repeated: Found<string> | undefined;
    for (let index = 0; index < sources.length; index += 1) {
      const id = uuidAt(device, sources[index] as Source);
      if (id === undefined) continue;
      if (!this.isVendorId(id.value)) {
        if (this.limited) this.withheldId = { value: id.value, path: id.path, reason: 'limited' };
        else this.usableId = id;
        return;
      }
      repeated ??= id;
    }
    this.withheldId =
      repeated === undefined ? unusableId(device) : { value: repeated.value, path: repeated.path, reason: 'vendor_id' };
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
  for (const [family, sources] of ownIds) {
    const source = sources.find((one) => idAt(device, one) !== undefined);
    if (source === undefined) continue;
    if (own?.family === 'ios') return undefined;
    own ??= { family, path: source.path };
  }
  return own;
}

const isAmazon = (maker: JsonValue | undefined): boolean =>
  typeof maker === 'string' && (maker === 'Amazon' || trimInvisible(maker).toLowerCase() === 'amazon');

function idAt(device: JsonObject, { name, path }: Source): Found<string> | undefined {
  const raw = device[name];
  const value = raw === undefined ? undefined : usableId(raw);
  return value === undefined ? undefined : { value, path };
}

function uuidAt(device: JsonObject, { name, path }: Source): Found<string> | undefined {
  const raw = device[name];
  if (typeof raw !== 'string') return undefined;
  const value = trimInvisible(raw);
  return isUuid(value) ? { value, path } : undefined;
}

/** The first advertising id that the event writes, none of which is one of the device. */
function unusableId(device: JsonObject): WithheldId | undefined {
  for (const { name, path } of advertisingIds.other) {
    const value = device[name];
    if (!isBlank(value)) return { value, path, reason: 'unusable' };
  }
  return undefined;
}

const isSame = (id: string, other: string | undefined): boolean =>
  other !== undefined &&
  id.length === other.length &&
  // Two ids of a device hardly ever begin alike, and spelling both anew costs more than all the rest.
  (id.charCodeAt(0) | 0x20) === (other.charCodeAt(0) | 0x20) &&
  id.toLowerCase() === other.toLowerCase();
