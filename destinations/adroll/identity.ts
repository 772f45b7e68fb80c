import {
  advertisingIdPaths,
  asMd5,
  asSha256,
  clickIdOf,
  fieldTable,
  firstOf,
  isEmail,
  limitsTracking,
  md5,
  normalizeEmail,
  optionReader,
  reject,
  sha256,
  usableId,
  type Cast,
  type CdpEvent,
  type PayloadBuilder,
} from '../../core/api/index.ts';
import type { Config } from './config.ts';
import { manifest } from './manifest.ts';
import type { AdRollEvent, Identifiers } from './mapping.ts';

/** All identifiers by which AdRoll may know the person, not only the first (ADROLL-37). */
export function addIdentifiers(
  payload: PayloadBuilder<AdRollEvent>,
  event: CdpEvent,
  { sendEmail, identifierPolicy, strict }: Config,
): void {
  const out = payload.part('identifiers');
  out.take('adct', clickTokenOf(event));
  if (sendEmail !== 'none') addEmail(out, event, sendEmail);
  const deviceId = deviceIdOf(event);
  if (deviceId !== undefined && !limitsTracking(event)) out.take('device_id', deviceId);
  out.take('first_party_cookie', ownCookieOf(event) ?? cookieOf(event));
  out.take('user_id', userIdOf(event));
  if ((out.value.first_party_cookie?.length ?? 32) < 32)
    out.recommend(cookiePaths[0], shortCookie, 'first_party_cookie', strict);
  if (!suffices[identifierPolicy](out.value)) out.refuse(noIdentifier);
}

/** ADROLL-36. AdRoll expects its rule to change, so it is a setting. */
const suffices: Readonly<Record<Config['identifierPolicy'], (ids: Identifiers) => boolean>> = {
  first_party_cookie: (ids) => ids.first_party_cookie !== undefined,
  first_party_cookie_or_adct: (ids) => (ids.first_party_cookie ?? ids.adct) !== undefined,
  any: (ids) => Object.keys(ids).length > 0,
};
const noIdentifier = reject(
  'missing_identifier',
  'The event has none of the identifiers AdRoll requires (identifierPolicy)',
  'context.adroll.firstPartyCookie',
);

/** The ad click token of the landing page, in its own case (ADROLL-38). */
const clickTokenOf = clickIdOf({ parameter: 'adct', paths: ['context.adroll.adct', 'properties.adct'] });

/** Never the anonymous id (ADROLL-44). */
const userIdOf = firstOf(['userId'], usableId);

/** Nothing if the person limits tracking (ADROLL-42). */
const deviceIdOf = firstOf(advertisingIdPaths, usableId);

/** The value of `__adroll_fpc`, never generated (ADROLL-43). */
const asCookie: Cast<string> = (value) => (typeof value === 'string' ? usableId(value) : undefined);
const ownCookieOf = optionReader(manifest, 'first_party_cookie', asCookie);
const cookiePaths = [
  'context.adroll.firstPartyCookie',
  'properties.first_party_cookie',
  'context.traits.first_party_cookie',
] as const;
const cookieOf = firstOf(cookiePaths, asCookie);
const shortCookie = "The first-party cookie is shorter than the 32 characters of AdRoll's own";

const emailPaths = ['context.traits.email', 'properties.email'] as const;
const digestPaths = {
  sha256: [...emailPaths, 'context.traits.email_sha256', 'properties.email_sha256'],
  md5: [...emailPaths, 'context.traits.email_md5', 'properties.email_md5'],
};
const statedEmailOf = firstOf([...digestPaths.sha256, ...digestPaths.md5]);
const asAddress: Cast<string> = (value) =>
  typeof value === 'string' && isEmail(value.trim()) ? value.trim() : undefined;
const addressOf = firstOf(emailPaths, asAddress);

/** Addresses that arrive hashed, under their own name or in the place of the address (ADROLL-39 to ADROLL-41). */
const digests = fieldTable<Identifiers>([
  { to: 'email_sha256', from: digestPaths.sha256, as: asSha256 },
  { to: 'email_md5', from: digestPaths.md5, as: asMd5 },
]);

function addEmail(out: PayloadBuilder<Identifiers>, event: CdpEvent, form: Exclude<Config['sendEmail'], 'none'>): void {
  const address = addressOf(event);
  if (address !== undefined) {
    const { value, path } = address;
    if (form !== 'hashed') out.set('email', value, path);
    if (form === 'clear') return;
    const normal = normalizeEmail(value);
    out.set('email_sha256', sha256(normal), path);
    out.set('email_md5', md5(normal), path);
    return;
  }
  digests(event, out);
  const { email_sha256, email_md5 } = out.value;
  const stated = statedEmailOf(event);
  if ((email_sha256 ?? email_md5) !== undefined || stated === undefined) return;
  out.drop(stated.path, 'The e-mail is neither an address nor a digest of one', 'email_sha256');
}
