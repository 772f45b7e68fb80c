import type { JsonValue } from '../event.ts';
import { isDigestOfNothing, isMd5, isSha256, md5, sha256 } from './digest.ts';
import type { Cast, Path } from '../fields/mapping.ts';
import { textOf } from '../fields/casts.ts';
import { trimInvisible } from '../fields/trim-invisible.ts';
import { isNoId } from './identifier.ts';

// The normal forms are those by which advertising vendors compare digests of a person's data:
// - Meta, customer information parameters (developers.facebook.com/docs/marketing-api/conversions-api/parameters)
// - Pinterest, ConversionEventsUserData (developers.pinterest.com/docs/api/v5)
// - Snap, user data parameters (developers.snap.com/api/marketing-api/Conversions-API/Parameters)
// - Google Ads, OfflineUserAddressInfo and enhanced conversions (developers.google.com/google-ads/api)
// - TikTok, Events API 2.0 (business-api.tiktok.com/portal/docs)
// Where they differ, there are two casts, or the comment says so.

const places = (names: readonly string[], parents: readonly string[]): readonly Path[] =>
  parents.flatMap((parent) => names.map((name) => `${parent}.${name}`));

/** RudderStack's SDKs put traits into the context of every call, Segment's beside the type of an identify call. */
const traitParents = ['context.traits', 'traits'];
const anywhere = [...traitParents, 'properties'];
/** Segment and RudderStack write an address as an object; some sources write its parts among the traits. */
const addressParents = traitParents.flatMap((parent) => [`${parent}.address`, parent]);

/**
 * Where Segment's and RudderStack's specs, and common sources beside them, put what they know of a person, best first.
 * Among `properties` are only those parts that are a person's there too: an order has a state, and a shirt a gender.
 *
 * @example
 * interface UserData {
 *   em?: readonly string[];
 *   ct?: readonly string[];
 * }
 * const userData = fieldTable<UserData>([
 *   { to: 'em', from: personPaths.email, as: listOf(hashed(asEmail)) },
 *   { to: 'ct', from: personPaths.city, as: listOf(hashed(asCity)) },
 * ]);
 */
export const personPaths = {
  email: places(['email'], anywhere),
  phone: places(['phone', 'mobile', 'phoneNumber', 'phone_number'], anywhere),
  firstName: places(['firstName', 'first_name', 'firstname'], anywhere),
  lastName: places(['lastName', 'last_name', 'lastname'], anywhere),
  birthday: places(['birthday', 'dateOfBirth', 'date_of_birth', 'dob'], traitParents),
  gender: places(['gender'], traitParents),
  city: places(['city'], addressParents),
  state: places(['state', 'region'], addressParents),
  postalCode: places(['postalCode', 'postal_code', 'postalcode', 'zip', 'zipCode', 'zip_code'], addressParents),
  country: places(['country', 'countryCode', 'country_code'], addressParents),
  /** The id that the customer gives the person: never the anonymous id. */
  externalId: ['userId'] as readonly Path[],
  ip: ['context.ip'] as readonly Path[],
  userAgent: ['context.userAgent'] as readonly Path[],
} as const;

const namesToo = /^(?:nan?|nil)$/i;
const marks = /[\p{P}\p{S}\p{Cc}\p{Cs}\u200B]/gu;

/**
 * A first or last name: small letters of any script, without punctuation, one space where the name has any (Meta,
 * Google). Letters keep their accents, composed (NFC): the vendors ask for UTF-8 and do not say which form. Nan,
 * Na and Nil are names of people, the other words for nothing are none: of "null" the digest is that of nobody.
 */
export const asName: Cast<string> = (value) => {
  if (typeof value !== 'string' || (isNoId(value) && !namesToo.test(trimInvisible(value)))) return undefined;
  const spaced = value.toLowerCase().replaceAll(/\s+/g, ' ').replaceAll(marks, '');
  const name = trimInvisible(spaced.replaceAll(/ {2,}/g, ' ')).normalize('NFC');
  return /\p{L}/u.test(name) ? name : undefined;
};

/** A city: small letters and digits, without punctuation and spaces: `saintdenis` (Meta, Pinterest, Snap). */
export const asCity: Cast<string> = (value) => {
  const city = asName(value)?.replaceAll(' ', '').normalize('NFC');
  return city === '' ? undefined : city;
};

/**
 * A state: as a city. Meta and Pinterest want the two letters of a state of the USA, which are taken out of ISO 3166-2
 * (`US-CA` is `ca`); a name of a state remains a name.
 */
export const asState: Cast<string> = (value) =>
  typeof value === 'string' ? asCity(trimInvisible(value).replace(/^us-(?=[a-z]{2}$)/i, '')) : undefined;

/**
 * A postal code: small letters and digits, without spaces and hyphens; five digits of nine in the USA (Meta). Meta
 * wants a British one up to its sector, Pinterest nothing but digits: that takes the country, so it stays with the
 * folder.
 */
export const asPostalCode: Cast<string> = (value) => {
  const code =
    textOf(value)
      ?.replace(/^(\d{5})[\s-]\d{4}$/, '$1')
      .replaceAll(/[\s-]/g, '')
      .toLowerCase() ?? '';
  return /^[\da-z]{3,12}$/.test(code) ? code : undefined;
};

/** A country by ISO 3166-1 alpha-2, in small letters. UK is read as GB; names and three letters are not guessed at. */
export const asCountry: Cast<string> = (value) => {
  const code = typeof value === 'string' ? trimInvisible(value).toLowerCase() : '';
  if (code === 'uk') return 'gb';
  return /^[a-z]{2}$/.test(code) ? code : undefined;
};

const dateShape = /^(\d{4})([-/.]?)(\d\d)\2(\d\d)(?:[T ].*)?$/;

/**
 * A birthday as YYYYMMDD (Meta, Pinterest): of a date that begins with its year, from 1900 on. Of a time, the date that
 * is written counts, in whatever zone. Dates with the year at their end are ambiguous, so they are refused.
 */
export const asBirthday: Cast<string> = (value) => {
  const [, year = '', , month = '', day = ''] = dateShape.exec(textOf(value) ?? '') ?? [];
  if (year < '1900' || year > '2099') return undefined;
  // Of a day that the month does not have, the month is another.
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  return date.getUTCMonth() + 1 === Number(month) ? `${year}${month}${day}` : undefined;
};

const genders: ReadonlyMap<string, 'f' | 'm' | 'n'> = new Map([
  ['f', 'f'],
  ['female', 'f'],
  ['m', 'm'],
  ['male', 'm'],
  ['n', 'n'],
  ['nonbinary', 'n'],
]);

/** A gender of the three that Pinterest knows: `n` is non-binary. */
export const asGenderFmn: Cast<'f' | 'm' | 'n'> = (value) =>
  typeof value === 'string'
    ? genders.get(
        trimInvisible(value)
          .toLowerCase()
          .replaceAll(/[\s_-]/g, ''),
      )
    : undefined;

/** A gender of the two that Meta knows. */
export const asGender: Cast<'f' | 'm'> = (value) => {
  const gender = asGenderFmn(value);
  return gender === 'n' ? undefined : gender;
};
/** A SHA-256 digest that an event brings along, in small letters; not that of nothing: see isDigestOfNothing(). */
export const asSha256: Cast<string> = (value) => digestOf(value, isSha256);

/** An MD5 digest that an event brings along, in small letters; not that of nothing: see isDigestOfNothing(). */
export const asMd5: Cast<string> = (value) => digestOf(value, isMd5);

const algorithms = {
  sha256: { digest: sha256, asDigest: asSha256 },
  md5: { digest: md5, asDigest: asMd5 },
} as const;

/**
 * Makes the digest of what a cast yields, as hex in small letters. A digest that the event brings is kept: customers
 * hash what they do not want to pass on, and the digest of a digest matches nobody. The digest of nothing is nothing.
 *
 * @example
 * const asHashedEmail = hashed(asEmail);
 * asHashedEmail(' Ann@Example.com '); // the digest of ann@example.com
 */
export function hashed(cast: Cast<string>, algorithm: keyof typeof algorithms = 'sha256'): Cast<string> {
  const { digest, asDigest } = algorithms[algorithm];
  return (value) => {
    const brought = asDigest(value);
    if (brought !== undefined) return brought;
    const normal = cast(value);
    return normal === undefined || isDigestOfNothing(normal) ? undefined : digest(normal);
  };
}

/**
 * For vendors that take a list: the cast of each entry of a list, or of the one value, each once. `undefined` if
 * nothing casts, so that a field table tries its next path.
 *
 * @example
 * listOf(asEmail)(['Ann@Example.com', 'ann@example.com', 7]); // ['ann@example.com']
 */
export function listOf<T extends string | number>(cast: Cast<T>): Cast<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value)) {
      const only = cast(value);
      return only === undefined ? undefined : [only];
    }
    const all = new Set<T>();
    for (const entry of value as readonly JsonValue[]) {
      const one = cast(entry);
      if (one !== undefined) all.add(one);
    }
    return all.size === 0 ? undefined : [...all];
  };
}

function digestOf(value: JsonValue, isDigest: (text: string) => boolean): string | undefined {
  const text = typeof value === 'string' ? trimInvisible(value) : '';
  return isDigest(text) && !isDigestOfNothing(text) ? text.toLowerCase() : undefined;
}
