import {
  asAbsoluteUrl,
  asText,
  deviceOf,
  fieldTable,
  firstOf,
  isBlank,
  isObject,
  maskEmailsInUrl,
  reader,
  reject,
  type CdpEvent,
  type PayloadBuilder,
} from '../../core/api/index.ts';
import { emailMasks, type Config } from './config.ts';
import type { AdRollEvent } from './mapping.ts';

/** Where the event happened: a page, or an app (ADROLL-32), which may stand in for one. Returns whether an app. */
export function addPage(out: PayloadBuilder<AdRollEvent>, event: CdpEvent, config: Config): boolean {
  const { appBaseUrl, sendEmail } = config;
  const url = (event.type === 'page' ? urlOfPage : urlOfTrack)(event);
  const isApp = isFromApp(event, url !== undefined);
  if (isApp) appFields(event, out);
  // Addresses in it leave as they do elsewhere: hashed, or not at all, unless the settings let them leave in clear.
  if (url !== undefined) out.take('page_location', maskEmailsInUrl(out, 'page_location', url, emailMasks[sendEmail]));
  else if (isApp && appBaseUrl !== undefined)
    out.set('page_location', appUrl(appBaseUrl, out.value), 'config.appBaseUrl');
  else out.refuse(isBlank(pageUrlOf(event)) ? noPage : badPage);
  return isApp;
}

const urlOfTrack = firstOf(['context.page.url', 'properties.url'], asAbsoluteUrl);
const urlOfPage = firstOf(['properties.url', 'context.page.url'], asAbsoluteUrl);
const pageUrlOf = reader('context.page.url');

/** Browser SDKs fill in app and os as well, so only a device, or a screen call, makes an app. */
function isFromApp(event: CdpEvent, hasPage: boolean): boolean {
  if (event.type === 'screen') return true;
  const device = event.context?.['device'];
  if (!isObject(device)) return false;
  const { advertisingId, type } = device;
  if (typeof advertisingId === 'string' && advertisingId !== '') return true;
  return typeof type === 'string' && (!hasPage || deviceOf(event).system?.path === 'context.device.type');
}

const appFields = fieldTable<AdRollEvent>([
  { to: 'device_os', from: 'context.os.name', as: asText },
  { to: 'device_type', from: 'context.device.type', as: asText },
  { to: 'package_app_name', from: 'context.app.namespace', as: asText },
  { to: 'package_app_version', from: 'context.app.version', as: asText },
]);

/** AdRoll's "fake URL": the base with what is known of the four app fields, in this order (ADROLL-22 to ADROLL-24). */
function appUrl(base: string, event: AdRollEvent): string {
  const query = new URLSearchParams();
  for (const name of ['device_os', 'device_type', 'package_app_name', 'package_app_version'] as const) {
    const value = event[name];
    if (value !== undefined) query.append(name, value);
  }
  if (query.size === 0) return base;
  return `${base}${base.includes('?') ? '&' : '?'}${query.toString().replaceAll('+', '%20')}`;
}

const noPage = reject(
  'missing_field',
  'AdRoll needs the full URL of the page; for app events, set an app base URL (appBaseUrl)',
  'context.page.url',
);
const badPage = reject('invalid_value', 'The URL of the page is not a full http(s) URL', 'context.page.url');
