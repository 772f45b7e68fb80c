import {
  absoluteUrl,
  asText,
  deviceOf,
  fieldTable,
  firstOf,
  isObject,
  type CdpEvent,
  type FieldRow,
  type Found,
  type JsonValue,
} from '../../core/api/index.ts';
import type { Config } from './config.ts';
import type { AdRollEvent } from './mapping.ts';

/** Where an event happened: a page, or an app, which may stand in for one. */
export interface Page {
  /** That of an app may be generated. */
  readonly url: Found<string>;
  /** ADROLL-32. */
  readonly isApp: boolean;
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

/** `undefined` if there is neither a page nor an app whose URL can be generated. */
export function pageOf(event: CdpEvent, { appBaseUrl }: Config): Page | undefined {
  const url = (event.type === 'page' ? urlOfPage : urlOfTrack)(event);
  const isApp = isFromApp(event, url !== undefined);
  if (url !== undefined) return { url, isApp };
  return isApp && appBaseUrl !== undefined
    ? { url: { value: appUrl(appBaseUrl, event), path: 'config.appBaseUrl' }, isApp }
    : undefined;
}

/** Browser SDKs fill in app and os as well, so only a device, or a screen call, makes an app. */
function isFromApp(event: CdpEvent, hasPage: boolean): boolean {
  if (event.type === 'screen') return true;
  const device = event.context?.['device'];
  if (!isObject(device)) return false;
  const { advertisingId, type } = device;
  if (typeof advertisingId === 'string' && advertisingId !== '') return true;
  return typeof type === 'string' && (!hasPage || deviceOf(event).system?.path === 'context.device.type');
}

/** The four fields of an app, in the order its URL has them (ADROLL-23). */
const appRows = [
  { to: 'device_os', from: 'context.os.name', as: asText },
  { to: 'device_type', from: 'context.device.type', as: asText },
  { to: 'package_app_name', from: 'context.app.namespace', as: asText },
  { to: 'package_app_version', from: 'context.app.version', as: asText },
] as const satisfies readonly FieldRow<AdRollEvent>[];
export const appFields = fieldTable<AdRollEvent>(appRows);
const appValues = appRows.map(({ to, from, as }) => ({ to, valueOf: firstOf([from], as) }));

/** AdRoll's "fake URL": the base with what is known of the four app fields, in this order (ADROLL-22 to ADROLL-24). */
function appUrl(base: string, event: CdpEvent): string {
  const query = new URLSearchParams();
  for (const { to, valueOf } of appValues) {
    const found = valueOf(event);
    if (found !== undefined) query.append(to, found.value);
  }
  if (query.size === 0) return base;
  return `${base}${base.includes('?') ? '&' : '?'}${query.toString().replaceAll('+', '%20')}`;
}
