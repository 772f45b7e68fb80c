import { absoluteUrl, compileFields, type CdpEvent, type JsonValue, type Trace } from '../../core/api/index.ts';
import type { Config } from './config.ts';
import { appFields, readApp, type AdRollEvent } from './mapping.ts';

/** Where an event happened: a page, or an app, which may stand in for one. */
export interface Page {
  readonly url: string;
  /** Whether the URL is real; that of an app may be generated. */
  readonly real: boolean;
  /** Undefined on the web (ADROLL-32). */
  readonly app: ReturnType<typeof readApp> | undefined;
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

const readTrackUrl = compileFields<Pick<AdRollEvent, 'page_location'>>([
  { to: 'page_location', from: ['context.page.url', 'properties.url'], as: asUrl },
]);
const readPageUrl = compileFields<Pick<AdRollEvent, 'page_location'>>([
  { to: 'page_location', from: ['properties.url', 'context.page.url'], as: asUrl },
]);

/** `undefined` if there is neither a page nor an app whose URL can be generated. */
export function pageOf(event: CdpEvent, config: Config, trace?: Trace): Page | undefined {
  const url = (event.type === 'page' ? readPageUrl : readTrackUrl)(event, trace).page_location;
  const app = isApp(event, url) ? readApp(event, trace) : undefined;
  if (url !== undefined) return { url, real: true, app };
  if (app === undefined || config.appBaseUrl === undefined) return undefined;
  trace?.from('page_location', 'config.appBaseUrl');
  return { url: appUrl(config.appBaseUrl, app), real: false, app };
}

const mobileSystems: ReadonlySet<string> = new Set([
  'ios',
  'ipados',
  'tvos',
  'watchos',
  'visionos',
  'android',
  'fireos',
]);

/** Browser SDKs fill in app and os as well, so only a device, or a screen call, makes an app. */
function isApp({ type, context }: CdpEvent, url: string | undefined): boolean {
  if (type === 'screen') return true;
  const device = context?.['device'] as { type?: JsonValue; advertisingId?: JsonValue } | null | undefined;
  if (typeof device !== 'object' || device === null) return false;
  if (typeof device.advertisingId === 'string' && device.advertisingId !== '') return true;
  return typeof device.type === 'string' && (url === undefined || mobileSystems.has(device.type.toLowerCase()));
}

/** AdRoll's "fake URL": the base with what is known of the four app fields, in this order (ADROLL-22 to ADROLL-24). */
function appUrl(base: string, app: ReturnType<typeof readApp>): string {
  const query = new URLSearchParams();
  for (const name of appFields) {
    const value = app[name];
    if (value !== undefined) query.append(name, value);
  }
  if (query.size === 0) return base;
  return `${base}${base.includes('?') ? '&' : '?'}${query.toString().replaceAll('+', '%20')}`;
}
