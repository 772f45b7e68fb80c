import {
  isBlankId,
  isEmail,
  limitsTracking,
  md5,
  normalizeEmail,
  optionReader,
  reader,
  sha256,
  textReader,
  type CdpEvent,
  type JsonValue,
  type Note,
  type Trace,
} from '../../core/api/index.ts';
import type { Config } from './config.ts';
import { manifest } from './manifest.ts';
import { readDigests, type Identifiers } from './mapping.ts';
import { add, badEmail, shortCookie } from './notes.ts';

/** All identifiers by which AdRoll may know the person, not only the first (ADROLL-37). */
export function identifiersOf(
  event: CdpEvent,
  { sendEmail }: Config,
  notes: Note[],
  trace: Trace | undefined,
): Identifiers {
  const ids: Identifiers = {};
  const adct = clickTokenOf(event, trace);
  if (adct !== undefined) ids.adct = adct;
  if (sendEmail !== 'none') addEmail(ids, event, sendEmail, notes, trace);
  const device = deviceIdOf(event, trace);
  if (device !== undefined) ids.device_id = device;
  const cookie = cookieOf(event, trace);
  if (cookie !== undefined) {
    ids.first_party_cookie = cookie;
    if (cookie.length < 32) add(notes, shortCookie);
  }
  const user = userIdOf(event, trace, 'identifiers.user_id');
  if (user !== undefined) ids.user_id = user;
  return ids;
}

/** ADROLL-36. AdRoll expects its rule to change, so it is a setting. */
export function suffices(ids: Identifiers, policy: Config['identifierPolicy']): boolean {
  switch (policy) {
    case 'first_party_cookie':
      return ids.first_party_cookie !== undefined;
    case 'first_party_cookie_or_adct':
      return ids.first_party_cookie !== undefined || ids.adct !== undefined;
    case 'any':
      return Object.keys(ids).length > 0;
  }
}

/** Never the anonymous id (ADROLL-44). */
const userIdOf = textReader('userId');

/** A canonical URL may lack the query that the browser had. */
const landingPages = ['context.page.url', 'properties.url', 'context.page.search'].map((path) => ({
  path,
  urlOf: textReader(path),
}));
const mappedToken = textReader('context.adroll.adct', 'properties.adct');

/** The ad click token of the landing page, in its own case (ADROLL-38). */
function clickTokenOf(event: CdpEvent, trace: Trace | undefined): string | undefined {
  for (const { path, urlOf } of landingPages) {
    const token = tokenIn(urlOf(event) ?? '');
    if (token === undefined) continue;
    trace?.from('identifiers.adct', path);
    return token;
  }
  return mappedToken(event, trace, 'identifiers.adct');
}

/** Most URLs have none: a search is cheaper than parsing. */
function tokenIn(url: string): string | undefined {
  if (!url.includes('adct=')) return undefined;
  const [query] = url.slice(url.indexOf('?') + 1).split('#', 1);
  return new URLSearchParams(query).get('adct')?.trim() || undefined;
}

const addresses = ['context.traits.email', 'properties.email'].map((path) => ({ path, read: reader(path) }));

function addEmail(
  ids: Identifiers,
  event: CdpEvent,
  form: Exclude<Config['sendEmail'], 'none'>,
  notes: Note[],
  trace: Trace | undefined,
): void {
  for (const { path, read } of addresses) {
    const address = asAddress(read(event));
    if (address !== undefined) return addAddress(ids, address, form, path, trace);
  }
  const digests = readDigests(event, trace && under('identifiers', trace));
  Object.assign(ids, digests);
  const nothing = digests.email_sha256 === undefined && digests.email_md5 === undefined;
  if (nothing && addresses.some(({ read }) => !isBlank(read(event)))) add(notes, badEmail);
}

function addAddress(
  ids: Identifiers,
  address: string,
  form: Exclude<Config['sendEmail'], 'none'>,
  path: string,
  trace: Trace | undefined,
): void {
  if (form !== 'hashed') {
    ids.email = address;
    trace?.from('identifiers.email', path);
  }
  if (form === 'clear') return;
  const normal = normalizeEmail(address);
  ids.email_sha256 = sha256(normal);
  ids.email_md5 = md5(normal);
  trace?.from('identifiers.email_sha256', path);
  trace?.from('identifiers.email_md5', path);
}

function asAddress(value: JsonValue | undefined): string | undefined {
  const text = typeof value === 'string' ? value.trim() : '';
  return isEmail(text) ? text : undefined;
}

const isBlank = (value: JsonValue | undefined): boolean =>
  value === undefined || value === null || (typeof value === 'string' && value.trim() === '');

/** A table that fills a part of the payload names its fields from there. */
const under = (part: string, trace: Trace): Trace => ({
  from: (field, source) => trace.from(`${part}.${field}`, source),
  note: (note) => trace.note(note),
});

const advertisingIds = ['context.device.advertisingId', 'context.device.idfa'].map((path) => ({
  path,
  idOf: textReader(path),
}));

/** Nothing if the person limits tracking (ADROLL-42). */
function deviceIdOf(event: CdpEvent, trace: Trace | undefined): string | undefined {
  for (const { path, idOf } of advertisingIds) {
    const id = idOf(event);
    if (id === undefined || isBlankId(id)) continue;
    if (limitsTracking(event)) return undefined;
    trace?.from('identifiers.device_id', path);
    return id;
  }
  return undefined;
}

const cookiePaths = [
  'context.adroll.firstPartyCookie',
  'properties.first_party_cookie',
  'context.traits.first_party_cookie',
] as const;
const ownCookieOf = optionReader(manifest, 'first_party_cookie');
const cookies = cookiePaths.map((path) => ({ path, read: reader(path) }));

/** The value of `__adroll_fpc`, unchanged, never generated (ADROLL-43). */
function cookieOf(event: CdpEvent, trace: Trace | undefined): string | undefined {
  const own = ownCookieOf(event);
  if (isCookie(own?.value)) {
    trace?.from('identifiers.first_party_cookie', own.path);
    return own.value;
  }
  for (const { path, read } of cookies) {
    const cookie = read(event);
    if (!isCookie(cookie)) continue;
    trace?.from('identifiers.first_party_cookie', path);
    return cookie;
  }
  return undefined;
}

const isCookie = (value: JsonValue | undefined): value is string => typeof value === 'string' && value.trim() !== '';
