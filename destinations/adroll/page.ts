import {
  absoluteUrl,
  asText,
  deviceOf,
  fieldTable,
  firstOf,
  isBlank,
  isObject,
  reader,
  reject,
  type CdpEvent,
  type JsonValue,
  type PayloadBuilder,
} from '../../core/api/index.ts';
import type { Config } from './config.ts';
import type { AdRollEvent } from './mapping.ts';

/** Where the event happened: a page, or an app (ADROLL-32), which may stand in for one. Returns whether an app. */
export function addPage(out: PayloadBuilder<AdRollEvent>, event: CdpEvent, { appBaseUrl }: Config): boolean {
  const url = (event.type === 'page' ? urlOfPage : urlOfTrack)(event);
  const isApp = isFromApp(event, url !== undefined);
  if (isApp) appFields(event, out);
  if (url !== undefined) out.take('page_location', url);
  else if (isApp && appBaseUrl !== undefined)
    out.set('page_location', appUrl(appBaseUrl, out.value), 'config.appBaseUrl');
  else out.refuse(isBlank(pageUrlOf(event)) ? noPage : badPage);
  return isApp;
}

const plain = /^https?:\/\/[!-~]+$/;
const noHost = /^https?:\/\/[\s/?#]/i;

/** A full URL, unchanged unless it needs escapes; relative paths and bare domains are refused (ADROLL-21). */
function asUrl(value: JsonValue): string | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  // Nearly all are plain ASCII, and checking is four times cheaper than parsing. Beyond ASCII canParse errs on Node 20.
  if (plain.test(text) && !noHost.test(text)) return URL.canParse(text) ? text : undefined;
  return noHost.test(text) ? undefined : absoluteUrl(text)?.href;
}

const urlOfTrack = firstOf(['context.page.url', 'properties.url'], asUrl);
const urlOfPage = firstOf(['properties.url', 'context.page.url'], asUrl);
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
