import type { CdpEvent, JsonValue } from '../event.ts';
import { isMissing, isObject, reader, type Cast } from '../fields/mapping.ts';
import { asFlag, asText } from '../fields/casts.ts';

const attNames: ReadonlyMap<string, string> = new Map([
  ['notdetermined', '0'],
  ['restricted', '1'],
  ['denied', '2'],
  ['authorized', '3'],
]);

/** App Tracking Transparency status, as a number or by name: 0 not determined, 1 restricted, 2 denied, 3 authorised. */
export const asAttStatus: Cast<string> = (value) => {
  const status = asText(value) ?? '';
  return /^[0-3]$/.test(status) ? status : attNames.get(status.toLowerCase());
};

const deviceOf = reader('context.device');

/** Whether the person limits ad tracking, by the phone's switch or by iOS's prompt (restricted or denied). */
export function limitsTracking(event: CdpEvent): boolean {
  const device = deviceOf(event);
  if (!isObject(device)) return false;
  return (
    asFlag(device['adTrackingEnabled'] ?? null) === false ||
    isRefusal(device['attTrackingStatus']) ||
    isRefusal(device['trackingStatus'])
  );
}

function isRefusal(written: JsonValue | undefined): boolean {
  const status = isMissing(written) ? undefined : asAttStatus(written);
  return status === '1' || status === '2';
}
