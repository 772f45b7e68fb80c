import type { CdpEvent } from './event.ts';
import { asFlag, asText, reader, type Cast } from './mapping.ts';

const attNames: ReadonlyMap<string, string> = new Map([
  ['notdetermined', '0'],
  ['restricted', '1'],
  ['denied', '2'],
  ['authorized', '3'],
]);

/** App Tracking Transparency as iOS numbers it: 0 not determined, 1 restricted, 2 denied, 3 authorised. Also by its name. */
export const asAttStatus: Cast<string> = (value) => {
  const status = asText(value) ?? '';
  return /^[0-3]$/.test(status) ? status : attNames.get(status.toLowerCase());
};

const trackingOf = reader('context.device.adTrackingEnabled');
const attStatusesOf = ['attTrackingStatus', 'trackingStatus'].map((name) => reader(`context.device.${name}`));

/** Did the person limit ad tracking on the phone: by its own switch, or where iOS asked (restricted or denied)? */
export function limitsTracking(event: CdpEvent): boolean {
  if (asFlag(trackingOf(event) ?? null) === false) return true;
  return attStatusesOf.some((statusOf) => {
    const status = asAttStatus(statusOf(event) ?? null);
    return status === '1' || status === '2';
  });
}
