import type { JsonValue } from '../event.ts';
import { trimInvisible } from '../fields/trim-invisible.ts';

/** Also as a number that a spreadsheet or a data frame wrote: `0.0`. */
const zeros = /^[0-]+(?:\.0*)?$/;

/** Whether it is a UUID, in any case; the all-zero one that phones return under limited tracking does not count. */
export const isUuid = (value: string): boolean =>
  value.length === 36 && hasUuidShape(value) && !(value[0] === '0' && zeros.test(value));

/** Most events have one or two, and an expression takes three times as long. */
const hasUuidShape = (text: string): boolean =>
  text[8] === '-' &&
  text[13] === '-' &&
  text[18] === '-' &&
  text[23] === '-' &&
  areHexDigits(text, 0, 8) &&
  areHexDigits(text, 9, 13) &&
  areHexDigits(text, 14, 18) &&
  areHexDigits(text, 19, 23) &&
  areHexDigits(text, 24, 36);

function areHexDigits(text: string, from: number, to: number): boolean {
  for (let index = from; index < to; index += 1) if (hexDigits[text.charCodeAt(index)] !== 1) return false;
  return true;
}

/** By code: 1 for a digit, in any case. */
const hexDigits = Uint8Array.from({ length: 128 }, (_, code) => (/[\da-f]/i.test(String.fromCharCode(code)) ? 1 : 0));

/**
 * Text that may be an identifier, such as an order id or a user id: trimmed text, or a whole number that a double holds
 * exactly, as text. `undefined` if `isNoId` says so, or if it is no text and no such number: `true` and `false` are no
 * ids, as text neither, and a number beyond 2^53 has lost its digits. Everything that is an id goes through it; names
 * and free text do not, because there are people called Null: they go through `asText`.
 *
 * @example
 * const userIdOf = firstIdOf(['userId', 'context.traits.id']);
 */
export function usableId(value: JsonValue): string | undefined {
  if (typeof value === 'string') {
    const id = trimInvisible(value);
    return saysNothing(id) || isBoolean(id) ? undefined : id;
  }
  return typeof value === 'number' && value !== 0 && Number.isSafeInteger(value) ? String(value) : undefined;
}

/**
 * Whether a value in the place of an id says that there is none: nothing at all, blank, zeros, or a word that programs
 * write where they have nothing, such as `null`, `(not set)`, `\N`, `#N/A` or `[object Object]`; also within quotes and
 * brackets. In any case, but for `Na` and `Nan`, which are people's names, so perhaps their ids: programs write `NaN`,
 * `nan` or `NA`. Anything else that `usableId` refuses is a mistake of the event, which deserves a note.
 *
 * @example
 * if (!isNoId(properties['cart_id'])) out.drop('properties.cart_id', 'Acme does not take it as a cart id');
 */
export function isNoId(value: JsonValue | undefined): boolean {
  if (typeof value === 'string') return saysNothing(trimInvisible(value));
  if (typeof value === 'object') return value === null || Object.keys(value).length === 0;
  return value === undefined || value === 0 || Number.isNaN(value);
}

/** Of trimmed text. The first two characters and the length tell nearly all ids from such a word. */
function saysNothing(id: string): boolean {
  if (id === '') return true;
  switch (id.charCodeAt(0)) {
    case 0x30: // 0
    case 0x2d: // -
      return zeros.test(id);
    case 0x4e: // N
    case 0x6e: // n
      return afterN.includes(id.charAt(1)) && isWord(id) && id !== 'Na' && id !== 'Nan';
    case 0x55: // U
    case 0x75: // u
      return afterU.includes(id.charAt(1)) && isWord(id);
    case 0x23: // #
      return afterHash.includes(id.charAt(1)) && isWord(id);
    case 0x5c: // \
      return isWord(id);
    case 0x22: // "
    case 0x27: // '
    case 0x28: // (
    case 0x3c: // <
    case 0x5b: // [
    case 0x60: // `
    case 0x7b: // {
      return id.length <= longestEnclosed && enclosesNothing(id);
    default:
      return false;
  }
}

/**
 * What languages, databases, spreadsheets and tag managers write for "no value", in small letters, without what may
 * stand around it. `unknown` and `anonymous` are not among them: people choose such ids.
 */
const wordsForNothing: ReadonlySet<string> = new Set([
  'null',
  'undefined',
  'none',
  'nil',
  'nan',
  'n/a',
  'na',
  'unset',
  'not set',
  'not_set',
  'not-set',
  'no value',
  'no_value',
  'no-value',
  '\\n',
  '#n/a',
  '#null!',
  '#ref!',
  '#name?',
  '#value!',
  '#num!',
  '#div/0!',
]);

/** What stands within brackets alone: JavaScript's words for an object in the place of a text, analytics' for a gap. */
const contentsForNothing: ReadonlySet<string> = new Set([
  ...wordsForNothing,
  '',
  'object object',
  'object null',
  'object undefined',
  'not provided',
  'empty',
]);

const longestWord = Math.max(...[...contentsForNothing].map((word) => word.length));
/** Of zeros in the form of a UUID, with quotes and brackets around them. */
const longestEnclosed = 48;
const afterN = 'uUoOiIaA/';
const afterU = 'nN';
const afterHash = 'nNrRvVdD';

const isWord = (id: string): boolean => id.length <= longestWord && wordsForNothing.has(id.toLowerCase());

/** Of trimmed text: the texts of a boolean. */
function isBoolean(id: string): boolean {
  // The first letter, t or f in any case, tells nearly all ids at once.
  const first = id.charCodeAt(0) | 0x20;
  if ((first !== 0x74 && first !== 0x66) || id.length > 5) return false;
  const word = id.toLowerCase();
  return word === 'true' || word === 'false';
}

const closing: ReadonlyMap<string, string> = new Map(
  ['""', "''", '``', '()', '<>', '[]', '{}'].map(([open = '', close = '']) => [open, close]),
);

function enclosesNothing(text: string): boolean {
  let content = text;
  // Quotes and brackets may stand around one another: ["null"].
  while (content.length > 1 && content.at(-1) === closing.get(content.charAt(0)))
    content = trimInvisible(content.slice(1, -1));
  return content !== text && (contentsForNothing.has(content.toLowerCase()) || zeros.test(content));
}
