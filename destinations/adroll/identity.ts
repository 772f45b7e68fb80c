import {
  asEmailAsWritten,
  asMd5,
  asSha256,
  clickIdOf,
  deviceOf,
  fieldTable,
  firstIdOf,
  firstOf,
  maskEmails,
  md5,
  normalizeEmail,
  optionReader,
  reject,
  sha256,
  usableId,
  type CdpEvent,
  type Found,
  type PayloadBuilder,
} from '../../core/api/index.ts';
import { emailMasks, type Config } from './config.ts';
import { manifest } from './manifest.ts';
import type { AdRollEvent, Identifiers } from './mapping.ts';

/** All identifiers by which AdRoll may know the person, not only the first (ADROLL-37). */
export function addIdentifiers(payload: PayloadBuilder<AdRollEvent>, event: CdpEvent, config: Config): void {
  const { sendEmail, identifierPolicy, strict } = config;
  const out = payload.part('identifiers');
  const mask = emailMasks[sendEmail];
  out.take('adct', maskEmails(out, 'adct', clickTokenOf(event), mask));
  if (sendEmail !== 'none') addEmail(out, event, sendEmail);
  addDevice(out, event);
  const cookie = maskEmails(out, 'first_party_cookie', cookieOf(event), mask);
  if (!out.take('first_party_cookie', cookie)) out.take('first_party_cookie', generatedCookie(event, config));
  out.take('user_id', maskEmails(out, 'user_id', userIdOf(event), mask));
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
  'The event has none of the identifiers AdRoll requires (identifierPolicy); generateCookie makes one of its anonymous id',
  'context.adroll.firstPartyCookie',
);

/** The ad click token of the landing page, in its own case (ADROLL-38). */
const clickTokenOf = clickIdOf({ parameter: 'adct', paths: ['context.adroll.adct', 'properties.adct'] });

/** Never the anonymous id (ADROLL-44). */
const userIdOf = firstIdOf(['userId']);

/** A real advertising id, and nothing if the person limits tracking (ADROLL-42). */
function addDevice(out: PayloadBuilder<Identifiers>, event: CdpEvent): void {
  const { advertisingId, withheld } = deviceOf(event);
  if (withheld === undefined) out.take('device_id', advertisingId);
  else out.drop(withheld.path, 'Limited tracking, or no advertising id', 'device_id');
}

const cookiePaths = [
  'context.adroll.firstPartyCookie',
  'properties.first_party_cookie',
  'context.traits.first_party_cookie',
] as const;
/** The value of `__adroll_fpc`, unchanged (ADROLL-43). */
const cookieOf = firstIdOf([optionReader(manifest, 'first_party_cookie'), ...cookiePaths]);
const shortCookie = "The first-party cookie is shorter than the 32 characters of AdRoll's own";

/**
 * A cookie of our own, where the settings want one: AdRoll takes one from its pixel "or generated" (ADROLL-43). It is
 * the same for all events of an anonymous id, forever: neither its recipe nor its time, 2025-01-01, ever changes.
 */
function generatedCookie(event: CdpEvent, config: Config): Found<string> | undefined {
  const id = config.generateCookie ? anonymousIdOf(event) : undefined;
  return id && { ...id, value: `${sha256(`${config.advertisableEid}:${id.value}`).slice(0, 32)}-1735689600000` };
}
const anonymousIdOf = firstOf(['anonymousId'], usableId);

const emailPaths = ['context.traits.email', 'properties.email'] as const;
const digestPaths = {
  sha256: [...emailPaths, 'context.traits.email_sha256', 'properties.email_sha256'],
  md5: [...emailPaths, 'context.traits.email_md5', 'properties.email_md5'],
};
const statedEmailOf = firstOf([...digestPaths.sha256, ...digestPaths.md5]);
const addressOf = firstOf(emailPaths, asEmailAsWritten);

/** Addresses that arrive hashed, under their own name or in the place of the address (ADROLL-39 to ADROLL-41). */
const digests = fieldTable<Identifiers>([
  { to: 'email_sha256', from: digestPaths.sha256, as: asSha256 },
  { to: 'email_md5', from: digestPaths.md5, as: asMd5 },
]);

function addEmail(out: PayloadBuilder<Identifiers>, event: CdpEvent, form: Exclude<Config['sendEmail'], 'none'>): void {
  const address = addressOf(event);
  if (address !== undefined) {
    if (form !== 'hashed') out.take('email', address);
    if (form === 'clear') return;
    const normal = normalizeEmail(address.value);
    out.set('email_sha256', sha256(normal), address.path);
    out.set('email_md5', md5(normal), address.path);
    return;
  }
  digests(event, out);
  const stated = (out.value.email_sha256 ?? out.value.email_md5) === undefined ? statedEmailOf(event) : undefined;
  if (stated) out.drop(stated.path, 'The e-mail is neither an address nor a digest of one', 'email_sha256');
}
