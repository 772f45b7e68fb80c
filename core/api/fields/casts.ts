import type { JsonValue } from '../event.ts';
import { trimInvisible } from './trim-invisible.ts';

/**
 * Trimmed, non-blank text, or a number in its JSON spelling. A boolean is no name and no code, and a whole number
 * beyond 2^53 has lost its digits: both are `undefined`. Of free text and of names, every word counts: there are people
 * called Null and Nan, and a plan may be called "None". What is an id goes through `usableId`.
 */
export function asText(value: JsonValue): string | undefined {
  if (typeof value === 'string') {
    const trimmed = trimInvisible(value);
    return trimmed === '' ? undefined : trimmed;
  }
  return typeof value === 'number' && isExact(value) ? String(value) : undefined;
}

/** Whether a number is finite and, if it is a whole one, still has the digits that its source wrote. */
export const isExact = (value: number): boolean =>
  Number.isSafeInteger(value) || (Number.isFinite(value) && !Number.isInteger(value));

const lostDigits = 'A whole number beyond 2^53 has lost its digits: send it as text';

/** The text of the note on a number that is not exact. */
export const whyInexact = (value: number): string => (Number.isFinite(value) ? lostDigits : 'Not a finite number');

/** Text without space around it, or a whole number that a source wrote instead. */
export function textOf(value: JsonValue): string | undefined {
  if (typeof value === 'string') return trimInvisible(value);
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? String(value) : undefined;
}

/** Also without digits before or behind the point: `.99`, `12.`. */
const plainNumber = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)$/;

/** A finite number has at most 309 digits before the point; a longer text is not gone through. */
const longestAmount = 1_000;

/**
 * A finite number, or a plain string such as "12.50" or ".99". Separators, currency signs and exponents are ambiguous,
 * so they are refused. Minus zero, which does not survive JSON, is zero.
 */
export function asAmount(value: JsonValue): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : undefined;
  if (typeof value !== 'string' || value.length > longestAmount) return undefined;
  const text = trimInvisible(value);
  const amount = plainNumber.test(text) ? Number(text) + 0 : Number.NaN;
  return Number.isFinite(amount) ? amount : undefined;
}

/**
 * A plain decimal string: no exponent, no separators, no plus sign, digits on both sides of a point, no zeros
 * that say nothing before them. Strings keep their own digits otherwise: `+.50` is `0.50`, and `007.50` is `7.50`.
 */
export function asDecimal(value: JsonValue): string | undefined {
  if (typeof value === 'string') {
    const text = trimInvisible(value);
    return plainNumber.test(text) && Number.isFinite(Number(text)) ? withoutGaps(text) : undefined;
  }
  return typeof value === 'number' && Number.isFinite(value) ? plainDecimal(value) : undefined;
}

const beginsWithDigit = /^-?\d/;
const leadingZeros = /^(-?)0+(?=\d)/;

/**
 * Of a plain number: no plus sign, one zero before a point that begins it and none before a digit, no point that ends
 * it. `007.50` is 7.5 to whoever reads it as a number, but JSON has no such spelling.
 */
function withoutGaps(text: string): string {
  const unsigned = text.startsWith('+') ? text.slice(1) : text;
  const begun = beginsWithDigit.test(unsigned) ? unsigned.replace(leadingZeros, '$1') : unsigned.replace('.', '0.');
  return begun.endsWith('.') ? begun.slice(0, -1) : begun;
}

/** A finite number in decimal notation without an exponent: 1e-7 becomes "0.0000001". */
export function plainDecimal(amount: number): string {
  const cents = Math.round(amount * 100);
  // Most amounts are prices, and a whole number is written in a quarter of the time that a fraction takes.
  if (cents >= 0 && cents < 1e9 && cents / 100 === amount) {
    const beyond = cents % 100;
    return `${(cents - beyond) / 100}${fractions[beyond]}`;
  }
  const written = String(amount);
  if (!written.includes('e')) return written;
  if (Number.isInteger(amount)) return BigInt(amount).toString();
  const [digits = '', exponent = ''] = written.split('e');
  return amount.toFixed(Math.min(100, (digits.split('.')[1]?.length ?? 0) - Number(exponent)));
}

/** What stands behind the whole number, by cents: nothing, `.01`, and so on to `.99`. */
const fractions = Array.from({ length: 100 }, (_, cents) => String(cents / 100).slice(1));

/** A whole number of zero or more: "2" is 2, 2.5 is refused. */
export function asCount(value: JsonValue): number | undefined {
  const amount = asAmount(value);
  return amount !== undefined && Number.isSafeInteger(amount) && amount >= 0 ? amount : undefined;
}

/**
 * true/false, also as 1/0, and as text in any case: true/false, 1/0, yes/no, y/n, on/off. Whatever an event may say yes
 * or no with is read by it: switches of `integrations`, ad tracking, traits.
 */
export function asFlag(value: JsonValue): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return value === 1 ? true : value === 0 ? false : undefined;
  return typeof value === 'string' ? (flags.get(value) ?? flags.get(trimInvisible(value).toLowerCase())) : undefined;
}

/** Keyed by event data, hence a Map. */
const flags: ReadonlyMap<string, boolean> = new Map([
  ...['true', '1', 'yes', 'y', 'on'].map((word) => [word, true] as const),
  ...['false', '0', 'no', 'n', 'off'].map((word) => [word, false] as const),
]);

/** Three letters, upper-cased: the shape of ISO 4217. */
export function asCurrency(value: JsonValue): string | undefined {
  if (typeof value !== 'string') return undefined;
  // As nearly all events write it: three looks cost a quarter of the pattern.
  if (value.length === 3 && isCapital(value, 0) && isCapital(value, 1) && isCapital(value, 2)) return value;
  const code = trimInvisible(value);
  return /^[A-Za-z]{3}$/.test(code) ? code.toUpperCase() : undefined;
}

function isCapital(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0x41 && code <= 0x5a;
}
