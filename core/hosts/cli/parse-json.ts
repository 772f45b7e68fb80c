import { parse as parseLossless } from 'lossless-json';
import { endOfString } from '../../json-text.ts';

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

/**
 * The shortest integers beyond the range have 16 digits and begin with a 9: a time in microseconds is none of them. The
 * decimals of 0.30000000000000004 are no such digits.
 */
const longInteger = /(?<![.\d])(?:9\d{15}|\d{17})/;

/** Is there one outside the strings? Long ids there are usual, and the lossless parser takes three times as long. */
export function hasLongInteger(text: string): boolean {
  if (!longInteger.test(text)) return false;
  for (let at = 0; ;) {
    const open = text.indexOf('"', at);
    if (longInteger.test(open === -1 ? text.slice(at) : text.slice(at, open))) return true;
    if (open === -1) return false;
    at = endOfString(text, open);
  }
}

function parseNumber(digits: string): number | string {
  const number = Number(digits);
  return /^-?\d+$/.test(digits) && !Number.isSafeInteger(number) ? digits : number;
}
