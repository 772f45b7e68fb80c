import type { Cast } from '../fields/mapping.ts';
import { textOf } from '../fields/casts.ts';
import { checkMembers } from '../member-check.ts';

/** A phone number as bare digits, as many as it is written with: see phoneDigits(). */
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
    const text = textOf(value);
    if (text === undefined) return undefined;
    const isInternational = text[0] === '+' || (text[0] === '0' && text[1] === '0');
    const digits = isInternational ? internationalDigits(text) : nationalDigits(text, defaultCountry);
    return digits === undefined ? undefined : before + digits;
  };
}

/** A phone number in the form of E.164 with a plus, `+16505551212`, as Google and TikTok want it: see e164(). */
export const asE164: Cast<string> = e164();

/** The same without the plus, as Meta, Pinterest and Snap compare it. */
export const asE164Digits: Cast<string> = e164({ plus: false });

const internationalPrefix = /^(?:\+(?:00)?|00)\s*/;
/** `+49 (0)30 123456`: the zero is for those who dial within the country. Those of Italy dial it always. */
const trunkZero = /^(\+\s*\d{1,3})[\s.-]*\(0\)/;

function internationalDigits(text: string): string | undefined {
  const number = text.replace(internationalPrefix, '+');
  const digits = phoneDigits(number.includes('(0)') ? number.replace(trunkZero, withoutTrunkZero) : number);
  return digits === undefined || digits.startsWith('0') ? undefined : digits;
}

const withoutTrunkZero = (text: string, country: string): string =>
  countriesWithZero.has(country.replaceAll(/\D/g, '')) ? text : country;

function nationalDigits(text: string, country: string | undefined): string | undefined {
  const digits = country === undefined ? undefined : phoneDigits(text);
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
 * digits (E.164). The country of a national number is not guessed.
 */
export function phoneDigits(value: string): string | undefined {
  const text = value.trim();
  if (text.length > longestPhone) return undefined;
  // Most numbers have no extension, and looking for one costs more than the shape.
  const number = phoneShape.test(text) ? text : withoutExtension(text);
  if (number === undefined) return undefined;
  const digits = number.replace(/\D+/g, '');
  return digits.length >= 7 && digits.length <= 15 ? digits : undefined;
}

function withoutExtension(text: string): string | undefined {
  const number = text.replace(extension, '');
  return phoneShape.test(number) ? number : undefined;
}
