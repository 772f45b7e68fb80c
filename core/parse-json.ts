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

/**
 * The shortest integers beyond the range have 16 digits and begin with a 9: a time in microseconds is none of them. The
 * decimals of 0.30000000000000004 are no such digits.
 */
const longInteger = /(?<![.\d])(?:9\d{15}|\d{17})/;

/** Is there one outside the strings? Long ids there are usual, and the lossless parser takes three times as long. */
export function hasLongInteger(text: string): boolean {
  if (!hasDigitsInARow(text) || !longInteger.test(text)) return false;
  for (let at = 0; ;) {
    const open = text.indexOf('"', at);
    if (longInteger.test(open === -1 ? text.slice(at) : text.slice(at, open))) return true;
    if (open === -1) return false;
    at = endOfString(text, open);
  }
}

const fewestDigits = 16;

/**
 * Whether so many digits stand in a row somewhere. Looks at every sixteenth character alone, as no row lies between two
 * of them: less than half of what the regular expression takes.
 */
function hasDigitsInARow(text: string): boolean {
  for (let at = fewestDigits - 1; at < text.length; at += fewestDigits) {
    if (!isDigit(text, at)) continue;
    let first = at;
    while (isDigit(text, first - 1)) first -= 1;
    let end = at + 1;
    while (isDigit(text, end)) end += 1;
    if (end - first >= fewestDigits) return true;
  }
  return false;
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0x30 && code <= 0x39;
}

function parseNumber(digits: string): number | string {
  const number = Number(digits);
  return /^-?\d+$/.test(digits) && !Number.isSafeInteger(number) ? digits : number;
}
