import { parse as parseLossless } from 'lossless-json';
import { endOfString } from './json-text.ts';

/**
 * As JSON.parse, but an integer beyond ±(2^53 - 1) becomes the text of its digits: as a number it would be another one.
 * Throws a SyntaxError where JSON.parse does.
 */
export function parseJson(text: string): unknown {
  const parsed = JSON.parse(text) as unknown;
  if (!hasLongInteger(text)) return parsed;
  try {
    return parseLossless(text, undefined, { parseNumber, onDuplicateKey: ({ newValue }) => newValue });
  } catch (error) {
    // It is JSON, so it is nested more deeply than this parser goes; the runtime takes none of that.
    if (error instanceof RangeError) return parsed;
    throw error;
  }
}

const fewestDigits = 16;

/**
 * Is there an integer beyond the range outside the strings? Long ids in strings are usual, and the lossless parser
 * takes three times as long. Looks at every sixteenth character alone, as no row of sixteen digits lies between two of
 * them; and finds out where strings begin and end only where such a row might be a number.
 */
export function hasLongInteger(text: string): boolean {
  /** Outside of strings. Everything before it is known. */
  let outside = 0;
  let end: number;
  for (let at = fewestDigits - 1; at < text.length; at = end + fewestDigits - 1) {
    end = at + 1;
    if (!isDigit(text, at)) continue;
    let first = at;
    while (isDigit(text, first - 1)) first -= 1;
    while (isDigit(text, end)) end += 1;
    if (!mayBeLong(text, first, end)) continue;
    while (outside < first) {
      const open = text.indexOf('"', outside);
      if (open === -1 || open > first) return true;
      outside = endOfString(text, open);
    }
    if (outside === first) return true;
  }
  return false;
}

/**
 * The shortest integers beyond the range have 16 digits and begin with a 9: a time in microseconds is none of them. The
 * decimals of 0.30000000000000004 are no such digits.
 */
const mayBeLong = (text: string, first: number, end: number): boolean =>
  (end - first > fewestDigits || (end - first === fewestDigits && text[first] === '9')) &&
  before.has(text[first - 1]) &&
  behind.has(text[end]);

/** What stands around a number in JSON, where it is an integer; of a text in a string, hardly ever. */
const before: ReadonlySet<string | undefined> = new Set([undefined, ' ', '\n', '\r', '\t', ':', ',', '[', '-']);
const behind: ReadonlySet<string | undefined> = new Set([undefined, ' ', '\n', '\r', '\t', ',', ']', '}']);

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0x30 && code <= 0x39;
}

function parseNumber(digits: string): number | string {
  const number = Number(digits);
  return /^-?\d+$/.test(digits) && !Number.isSafeInteger(number) ? digits : number;
}
