import type { Cast } from '../fields/mapping.ts';
import { textOf } from '../fields/casts.ts';
import { trimInvisible } from '../fields/trim-invisible.ts';
import { checkMembers } from '../member-check.ts';

/**
 * A phone number as bare digits: with its country code where it is written internationally, as e164() reads it, else
 * as many digits as it has. See phoneDigits().
 */
export const asPhone: Cast<string> = (value) => {
  const number = textOf(value);
  return number === undefined ? undefined : phoneDigits(number);
};

/** How a vendor wants numbers, and how a customer's are written. */
export interface PhoneForm {
  /**
   * The country calling code, such as `49`, of numbers that are written without one; usually a setting. Without it,
   * they are no numbers: nobody guesses the country.
   */
  readonly defaultCountry?: string | undefined;
  /** false: the digits alone, as Meta, Pinterest and Snap compare them. Default: `+` before them. */
  readonly plus?: boolean;
}

/**
 * Builds a cast to E.164: a number that is written internationally, with `+` or `00` (`+49 (0)30 123456`), or one of
 * the default country, without its trunk prefix (`030 123456`). Call it when the connection opens, or at module level.
 * Throws if `defaultCountry` is no country calling code.
 *
 * A number without `+` and `00` that begins with the default country's own code may be either, so it is refused.
 *
 * @example
 * const asGermanE164 = e164({ defaultCountry: '49' });
 * asGermanE164('030 123456'); // '+4930123456'
 * asGermanE164('+1 650 555 1212'); // '+16505551212'
 */
export function e164(form: PhoneForm = {}): Cast<string> {
  checkMembers('e164()', form, { defaultCountry: 'optional', plus: 'optional' });
  const { defaultCountry, plus = true } = form;
  if (defaultCountry !== undefined && (typeof defaultCountry !== 'string' || !/^[1-9]\d{0,2}$/.test(defaultCountry)))
    throw new TypeError('e164(): defaultCountry must be a country calling code such as "49"');
  const before = plus ? '+' : '';
  return (value) => {
    const number = numberOf(textOf(value));
    if (number === undefined) return undefined;
    const digits = isInternational(number) ? internationalDigits(number) : nationalDigits(number, defaultCountry);
    return digits === undefined ? undefined : before + digits;
  };
}

/** A phone number in the form of E.164 with a plus, `+16505551212`, as Google and TikTok want it: see e164(). */
export const asE164: Cast<string> = e164();

/** The same without the plus, as Meta, Pinterest and Snap compare it. */
export const asE164Digits: Cast<string> = e164({ plus: false });

const isInternational = (number: string): boolean => number[0] === '+' || (number[0] === '0' && number[1] === '0');

const internationalPrefix = /^(?:\+\s*(?:00)?|00)[\s.-]*/;
/** `+49 (0)30 123456`, `+44 (020) 7946 0958`: the zero is for those who dial within the country. */
const zeroInBrackets = /^(\d{1,3})[\s)./-]*\(0/;

function internationalDigits(number: string): string | undefined {
  const rest = number.replace(internationalPrefix, '');
  const [, country] = rest.includes('(0') ? (zeroInBrackets.exec(rest) ?? []) : [];
  if (country !== undefined && !countriesWithZero.has(country)) {
    const behind = rest.slice(rest.indexOf('(0') + 2);
    return digitsOf(country + behind);
  }
  const digits = digitsOf(rest);
  if (digits === undefined || digits[0] === '0') return undefined;
  const calling = callingCode(digits);
  const trunk = trunkLength(digits, calling);
  return trunk === 0 ? digits : digitsOf(calling + digits.slice(calling.length + trunk));
}

/** The country calling code that the digits begin with: no code begins with another one. */
function callingCode(digits: string): string {
  if (digits[0] === '1' || digits[0] === '7') return digits.slice(0, 1);
  const two = digits.slice(0, 2);
  return codesOfTwoDigits.has(two) ? two : digits.slice(0, 3);
}

/** How many digits of a trunk prefix follow the country code, as in `44020...`, `380044...` or `36061...`. */
function trunkLength(digits: string, country: string): number {
  const trunk = trunkPrefixes.get(country) ?? '0';
  if (!digits.startsWith(trunk, country.length)) return 0;
  const length = nationalLengths.get(country);
  const isTrunk =
    length === undefined ? countriesWithTrunk.has(country) : digits.length === country.length + trunk.length + length;
  return isTrunk ? trunk.length : 0;
}

function nationalDigits(number: string, country: string | undefined): string | undefined {
  const digits = country === undefined ? undefined : digitsOf(number);
  if (country === undefined || digits === undefined) return undefined;
  const national = withoutTrunkPrefix(digits, country);
  return national === undefined || country.length + national.length > 15 ? undefined : country + national;
}

function withoutTrunkPrefix(digits: string, country: string): string | undefined {
  if (countriesWithZero.has(country)) return digits.startsWith(country) ? undefined : digits;
  const trunk = trunkPrefixes.get(country) ?? '0';
  const length = nationalLengths.get(country);
  if (length !== undefined) {
    if (digits.length === length) return digits.startsWith('0') ? undefined : digits;
    return digits.length === length + trunk.length && digits.startsWith(trunk) ? digits.slice(trunk.length) : undefined;
  }
  if (digits.startsWith(trunk)) {
    const national = digits.slice(trunk.length);
    return national.startsWith('0') ? undefined : national;
  }
  return digits.startsWith('0') || digits.startsWith(country) ? undefined : digits;
}

// All after the numbering plans in libphonenumber's metadata (github.com/google/libphonenumber, 9.0).
/** What is dialled before a number within the country, where it is not the zero of most countries. */
const trunkPrefixes: ReadonlyMap<string, string> = new Map([
  ['1', '1'],
  ['7', '8'],
  ['36', '06'],
  ['375', '80'],
  ['692', '1'],
  ['993', '8'],
]);
/** Where a zero at the beginning belongs to the number: Italy and the Vatican, San Marino, and three in Africa. */
const countriesWithZero: ReadonlySet<string> = new Set(['39', '378', '225', '229', '242']);
/** Every other one but 1 and 7 has three digits. */
const codesOfTwoDigits: ReadonlySet<string> = new Set(
  (
    '20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 ' +
    '90 91 92 93 94 95 98'
  ).split(' '),
);
/** Where a number within the country is dialled with a trunk prefix, and none begins with it: `+44 020` is `+44 20`. */
const countriesWithTrunk: ReadonlySet<string> = new Set(
  (
    '20 27 31 32 33 36 40 41 43 44 46 49 51 53 54 55 57 58 60 61 62 63 64 66 81 82 84 86 90 91 92 93 94 95 98 ' +
    '211 212 213 218 231 232 233 234 243 249 251 252 254 255 256 260 261 262 263 264 265 291 ' +
    '353 355 358 359 370 373 374 377 380 381 382 383 385 386 387 389 421 423 508 590 591 593 594 595 596 598 686 ' +
    '850 855 856 880 886 961 962 963 964 966 967 970 971 972 976 977 994 995 996'
  ).split(' '),
);
/** Where a number may begin with what is the trunk prefix, or the country calling code, its length tells. */
const nationalLengths: ReadonlyMap<string, number> = new Map([
  ['1', 10],
  ['7', 10],
]);

const phoneShape = /^\+?[\d\s().\-/]+$/;

const longestPhone = 64;

const extension = /\s*(?:;?ext\.?|extension|x|#)\s*\d+$/i;

/**
 * A phone number as bare digits, without extension and punctuation; `undefined` with letters, or unless it has 7 to 15
 * digits (E.164). One that is written internationally, with `+` or `00`, has its country code and no trunk zero:
 * `+44 (0)20 7946 0958` is 442079460958. The country of a national number is not guessed.
 */
export function phoneDigits(value: string): string | undefined {
  const number = numberOf(value);
  if (number === undefined) return undefined;
  return isInternational(number) ? internationalDigits(number) : digitsOf(number);
}

/** What is written of a number alone, in signs of ASCII. */
function numberOf(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const text = trimInvisible(value);
  if (text.length > longestPhone) return undefined;
  // Most numbers have no extension, and looking for one costs more than the shape.
  if (!phoneShape.test(text)) return rareNumberOf(text);
  return text[0] === '(' ? text.replace(prefixInBrackets, '$1') : text;
}

const dashes = /[\u2010-\u2015\u2212]/g;
/** `(+44) 20 7946 0958`, `(0044) ...` */
const prefixInBrackets = /^\(\s*(\+|00)/;

function rareNumberOf(text: string): string | undefined {
  const number = text
    .normalize('NFKC')
    .replaceAll(dashes, '-')
    .replaceAll(/\p{Cf}/gu, '')
    .replace(extension, '')
    .replace(prefixInBrackets, '$1');
  return phoneShape.test(number) ? number : undefined;
}

function digitsOf(number: string): string | undefined {
  const digits = number.replace(/\D+/g, '');
  return digits.length >= 7 && digits.length <= 15 ? digits : undefined;
}
