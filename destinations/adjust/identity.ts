import {
  asAttStatus,
  asText,
  clientIpAdvice,
  clientIpv4Of,
  deviceOf,
  fieldTable,
  firstIdOf,
  firstOf,
  isNoId,
  optionReader,
  reader,
  reject,
  skip,
  type CdpEvent,
  type Device,
  type PayloadBuilder,
} from '../../core/api/index.ts';
import type { Config } from './config.ts';
import { manifest } from './manifest.ts';
import { adjustId, deviceFields, deviceIds, openIdField, type AdjustEvent, type Platform } from './mapping.ts';
import type { Prepared } from './settings.ts';

/** The event's device, as Adjust tells them apart; `lanes` is undefined if the event is refused for want of an id. */
interface AddedDevice {
  readonly platform: Platform;
  readonly lanes: readonly string[] | undefined;
}

/** Adds the fields of the event's device, with a note on each value that is left out. */
export function addDevice(
  out: PayloadBuilder<AdjustEvent>,
  event: CdpEvent,
  { requireAdid }: Config,
  { isLeftOut, laneBeginnings }: Prepared,
): AddedDevice {
  const device = deviceOf(event);
  const platform = device.family === 'fire' ? 'android' : device.family;
  if (isLeftOut(platform)) {
    out.refuse(skip('unsupported_event', otherPlatform, device.system?.path ?? 'context.device'));
    return { platform, lanes: undefined };
  }
  const isLimited = addAdvertisingIds(out, event, device);
  deviceFields[device.family](event, out);
  addConsent(out, event, device);
  addAdid(out, event);
  surroundings(event, out);
  const { idfa, adid } = out.value;
  if (device.family === 'ios' && idfa === undefined && adid === undefined)
    out.recommend('context.adjust.adid', 'Without an IDFA, Adjust recognises an iOS device best by its adid', 'adid');

  const lanes = lanesOf(out.value, laneBeginnings);
  if (lanes === undefined) out.refuse(isLimited ? limited : namesDevice(event, device) ? noDevice : noAppEvent);
  if (requireAdid && adid === undefined) out.refuse(noAdid);
  return { platform, lanes };
}

/**
 * The ids that identify a person to advertisers, unless the person limits that. The vendor's id, the Android id and the
 * adid stay. Returns whether an id stays away for it; phones then write zeros, too.
 */
function addAdvertisingIds(out: PayloadBuilder<AdjustEvent>, event: CdpEvent, device: Device): boolean {
  const { family, withheld } = device;
  if (family === 'other') return false;
  // Apple writes its ids in capitals (ADJUST-11), Google and Amazon in small letters (ADJUST-12, ADJUST-13).
  const field = advertisingIdField[family];
  const { advertisingId } = device;
  if (advertisingId !== undefined) {
    // A UUID, which needs no other look at it.
    const { value, path } = advertisingId;
    out.set(field, family === 'ios' ? value.toUpperCase() : value.toLowerCase(), path);
  }
  if (withheld !== undefined && !isNoId(withheld.value)) out.drop(withheld.path, whyWithheld[withheld.reason], field);
  const hasOpenId = family === 'android' && !isNoId(writtenOaidOf(event) ?? null);
  if (hasOpenId && device.limited) out.drop('context.device.oaid', whyWithheld.limited, 'oaid');
  else if (hasOpenId) openIdField(event, out);
  return (
    device.limited &&
    (hasOpenId || withheld?.reason === 'limited' || (withheld !== undefined && isNoId(withheld.value)))
  );
}

const advertisingIdField = { ios: 'idfa', android: 'gps_adid', fire: 'fire_adid' } as const;
const whyWithheld = {
  unusable: 'Left out: no advertising id of this device',
  vendor_id: 'It repeats the IDFV, so it is no IDFA',
  limited: 'Left out: the person limits ad tracking',
};
const writtenOaidOf = reader('context.device.oaid');

/**
 * Adjust wants att_status or tracking_enabled, never both, and Apple's own status says more (ADJUST-76): unless it is
 * "authorised" beside a switch that is off. A refusal that cannot be read is one (F-57).
 */
function addConsent(out: PayloadBuilder<AdjustEvent>, event: CdpEvent, { family, limitedBy }: Device): void {
  if (family === 'other') return;
  const status = family === 'ios' ? attStatusOf(event) : undefined;
  if (status !== undefined && (status.value !== '3' || limitedBy === undefined)) {
    out.take('att_status', status);
    return;
  }
  const tracking = limitedBy ?? trackingOf(event);
  if (tracking !== undefined) out.set('tracking_enabled', limitedBy === undefined ? '1' : '0', tracking.path);
}

const attStatusOf = firstOf(['context.device.attTrackingStatus', 'context.device.trackingStatus'], asAttStatus);
const trackingOf = firstOf(['context.device.adTrackingEnabled']);

/** A lane for each identifier of the event's device: app, name of the identifier, identifier. */
function lanesOf(event: AdjustEvent, beginnings: Prepared['laneBeginnings']): readonly string[] | undefined {
  const lanes: string[] = [];
  for (const name of deviceIds) {
    const id = event[name];
    if (id !== undefined) lanes.push(beginnings[name] + id);
  }
  return lanes.length === 0 ? undefined : lanes;
}

const otherPlatform = 'The settings leave out the events of this platform';
const limited = skip(
  'consent_denied',
  'The person limits ad tracking, and the event has no other identifier',
  'context.device',
);
const noDevice = reject('missing_identifier', 'The event names no device Adjust knows', 'context.device');
const noAppEvent = skip(
  'unsupported_event',
  'The event names no device: Adjust takes events of apps',
  'context.device',
);
const noAdid = reject('missing_identifier', 'The settings require an adid', 'context.adjust.adid');

/** Whether the event says anything of a phone: a web shop's says nothing, and is no event of an app (ADJUST-10). */
const namesDevice = (event: CdpEvent, { isNamed }: Device): boolean => isNamed || adidOf(event) !== undefined;

/** The address (ADJUST-19, ADJUST-20) and the user agent (ADJUST-75). */
const surroundings = fieldTable<AdjustEvent>([
  { to: 'ip_address', read: clientIpv4Of, unusable: 'Adjust takes IPv4 addresses only', unadvised: clientIpAdvice },
  { to: 'user_agent', from: 'context.userAgent', as: asText },
]);

/** From context.adjust or the device, else from the integrations object (ADJUST-17). */
const adidOf = firstIdOf(['context.adjust.adid', 'context.device.adid', optionReader(manifest, 'adid')], adjustId);

function addAdid(out: PayloadBuilder<AdjustEvent>, event: CdpEvent): void {
  const adid = adidOf(event);
  if (adid?.value !== undefined) out.set('adid', adid.value, adid.path);
  else if (adid !== undefined) out.drop(adid.path, 'Left out: not in the form of an adid', 'adid');
}
