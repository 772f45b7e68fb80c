import type { CdpEvent } from './event.ts';
import { asFlag, asText, reader, type Cast } from './mapping.ts';

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

const trackingOf = reader('context.device.adTrackingEnabled');
const attStatusesOf = ['attTrackingStatus', 'trackingStatus'].map((name) => reader(`context.device.${name}`));

/** Whether the person limits ad tracking, by the phone's switch or by iOS's prompt (restricted or denied). */
export function limitsTracking(event: CdpEvent): boolean {
  if (asFlag(trackingOf(event) ?? null) === false) return true;
  return attStatusesOf.some((statusOf) => {
    const status = asAttStatus(statusOf(event) ?? null);
    return status === '1' || status === '2';
  });
}
