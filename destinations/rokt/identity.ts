import {
  asEmail,
  asIp,
  asSha256,
  asText,
  clientIpAdvice,
  clientIpOf,
  deviceOf,
  fieldTable,
  firstIdOf,
  firstOf,
  reject,
  sha256,
  type CdpEvent,
  type DeviceFamily,
  type PayloadBuilder,
} from '../../core/api/index.ts';
import type { Config } from './config.ts';
import {
  asMobile,
  longest,
  rokt,
  unusable,
  type DeviceInfo,
  type KnownUserAttributes,
  type RoktBatch,
} from './mapping.ts';

const emailPaths = ['context.traits.email', 'properties.email'] as const;
const addressOf = firstOf(emailPaths, asEmail);
const digestOf = firstOf(emailPaths, asSha256);

/**
 * The person's e-mail address, its hash, or both, as the setting says (ROKT-13 to ROKT-16). If the CDP has only a hash,
 * that is passed on. Without any of the wanted forms the event is refused.
 */
export function addIdentities(batch: PayloadBuilder<RoktBatch>, event: CdpEvent, { identity }: Config): void {
  const out = batch.part('user_identities');
  const address = addressOf(event);
  if (address === undefined) {
    if (identity === 'raw' || !out.take('other', digestOf(event))) batch.refuse(unidentified[identity]);
    return;
  }
  if (identity !== 'hashed') out.take('email', address);
  if (identity !== 'raw') out.set('other', sha256(address.value), address.path);
}

const noAddress = reject('missing_identifier', 'Rokt needs the e-mail address, and the event has none', emailPaths[0]);
const noForm = reject('missing_identifier', 'Rokt needs the e-mail address or its SHA-256', emailPaths[0]);
const unidentified = { raw: noAddress, hashed: noForm, both: noForm } as const;

/** What is known of the person (ROKT-17 to ROKT-21). */
export const addPerson = fieldTable<KnownUserAttributes>(
  [
    { to: 'firstname', from: ['traits.firstName', 'traits.first_name', 'traits.firstname'], as: asText, longest },
    { to: 'lastname', from: ['traits.lastName', 'traits.last_name', 'traits.lastname'], as: asText, longest },
    { to: 'mobile', from: ['traits.phone', 'traits.mobile'], as: asMobile },
    // Under Rokt's own name, where the host saw no address.
    { to: 'ipaddress', from: 'traits.ipaddress', as: asIp },
    { to: 'ipaddress', read: clientIpOf, unadvised: clientIpAdvice },
  ],
  { from: 'context', unusable },
);

/** The advertising id, when it is a UUID: anything else would cost the whole batch (ROKT-42). */
export function addDevice(batch: PayloadBuilder<RoktBatch>, event: CdpEvent): void {
  const device = deviceOf(event);
  const field = advertisingIdFields[device.family];
  if (field === undefined) return;
  const { advertisingId, withheld } = device;
  const out = batch.part('device_info');
  if (withheld === undefined) out.take(field, advertisingId);
  else if (device.limited) out.drop(withheld.path, 'Tracking is limited on the phone', field);
  else out.drop(withheld.path, withheld.reason === 'vendor_id' ? notAdvertising : notAUuid, field);
}

const advertisingIdFields: Readonly<Partial<Record<DeviceFamily, keyof DeviceInfo>>> = {
  ios: 'ios_advertising_id',
  android: 'android_advertising_id',
};
const notAdvertising = "It repeats the vendor's id of the phone, which is no advertising id";
const notAUuid = 'Not a UUID, or all zeros: mParticle would refuse the conversion for it';

const clickIdOf = firstIdOf(['properties.rtid', 'properties.rclid', 'context.traits.rtid', 'context.traits.rclid']);

/** The click that led here, in its own case, at Rokt's place among mParticle's integrations (ROKT-41). */
export function addClickId(batch: PayloadBuilder<RoktBatch>, event: CdpEvent): void {
  const clickId = clickIdOf(event);
  if (clickId === undefined) return;
  const out = batch.part('integration_attributes').part(rokt);
  if (clickId.value === undefined || clickId.value.length <= longest.length)
    out.take('passbackconversiontrackingid', clickId);
  else out.drop(clickId.path, longest.message, 'passbackconversiontrackingid');
}
