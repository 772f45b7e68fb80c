import type { CdpEvent, JsonObject, JsonValue } from '../event.ts';
import { plainName } from '../events/event-table.ts';
import type { Found } from '../events/first-of.ts';
import { isUuid } from './identifier.ts';
import { isBlank, isObject } from '../fields/mapping.ts';
import { asText } from '../fields/casts.ts';
import { limitsTracking } from './tracking.ts';

export type DeviceFamily = 'ios' | 'android' | 'fire' | 'other';

interface System {
  readonly family: DeviceFamily;
  readonly name: string;
}

/** Keyed by event data, hence a Map: an object would also answer to "constructor". */
const systems: ReadonlyMap<string, System> = new Map(
  (
    [
      ['ios', ['iOS', 'iPhone OS', 'iPadOS', 'tvOS', 'watchOS', 'visionOS']],
      ['android', ['Android', 'Android TV']],
      ['fire', ['Fire OS', 'Fire']],
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
 * Reads the device: `context.device`, with `context.os` where the device has no type. Its parts are read when they are
 * asked for.
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
  declare private readonly event: CdpEvent;
  declare private readonly device: JsonObject;
  declare private readonly known: System | undefined;
  declare private readonly isOfType: boolean;
  declare private ids: AdvertisingIds | undefined;

  constructor(event: CdpEvent) {
    const context = isObject(event.context) ? event.context : nothing;
    const device = isObject(context['device']) ? context['device'] : nothing;
    const byType = systemNamed(device['type']);
    const known = byType ?? systemNamed(isObject(context['os']) ? context['os']['name'] : undefined);
    const family = known === undefined ? 'other' : known.family;
    this.family = family === 'android' && isAmazon(device['manufacturer']) ? 'fire' : family;
    this.event = event;
    this.device = device;
    this.known = known;
    this.isOfType = byType !== undefined;
    this.ids = undefined;
  }

  get system(): Found<string> | undefined {
    if (this.known === undefined) return undefined;
    return { value: this.known.name, path: this.isOfType ? 'context.device.type' : 'context.os.name' };
  }

  get advertisingId(): Found<string> | undefined {
    return this.advertisingIds().usable;
  }

  get withheld(): WithheldId | undefined {
    return this.advertisingIds().withheld;
  }

  get limited(): boolean {
    return limitsTracking(this.event);
  }

  get vendorId(): Found<string> | undefined {
    return this.family === 'ios' ? (idAt(this.device, 'idfv') ?? idAt(this.device, 'id')) : undefined;
  }

  private advertisingIds(): AdvertisingIds {
    return (this.ids ??= this.judgeIds());
  }

  private judgeIds(): AdvertisingIds {
    const { device } = this;
    const source = idAt(device, 'advertisingId') ?? idAt(device, 'idfa');
    if (source === undefined) return { usable: undefined, withheld: unusableId(device) };
    const { value, path } = source;
    const isVendorId =
      isSame(value, asText(device['idfv'] ?? null)) ||
      // The vendor id is validated only if the two are the same, which they hardly ever are.
      (isSame(value, asText(device['id'] ?? null)) && isSame(value, this.vendorId?.value));
    if (isVendorId) return { usable: undefined, withheld: { value, path, reason: 'vendor_id' } };
    if (this.limited) return { usable: undefined, withheld: { value, path, reason: 'limited' } };
    return { usable: source, withheld: undefined };
  }
}

/** One of them at most. */
interface AdvertisingIds {
  readonly usable: Found<string> | undefined;
  readonly withheld: WithheldId | undefined;
}

const nothing: JsonObject = Object.freeze({});

const systemNamed = (name: JsonValue | undefined): System | undefined =>
  typeof name === 'string' ? (systems.get(name) ?? systems.get(plainName(name))) : undefined;

const isAmazon = (maker: JsonValue | undefined): boolean =>
  typeof maker === 'string' && (maker === 'Amazon' || maker.trim().toLowerCase() === 'amazon');

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

const isSame = (id: string, other: string | undefined): boolean =>
  other !== undefined && id.length === other.length && (id === other || id.toLowerCase() === other.toLowerCase());
