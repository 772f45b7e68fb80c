import { sourceOf } from './decoded.ts';
import { positionOf, type Hit, type Reading } from './reading.ts';
import type { SecretTexts } from './secret-texts.ts';
import type { TextIndex } from './text-index.ts';
import type { Values } from './values.ts';

/** A prefix of this length is enough to recognise a known text. */
const distinctPrefix = 8;

/** Reports every credential, in any spelling: whole, or truncated to at least its first eight characters. */
export function findSecrets({ layers, inBase64 }: Reading, secrets: SecretTexts, hit: Hit): void {
  if (secrets.isEmpty) return;
  for (const layer of layers)
    secretsIn(layer.plain.text, secrets, (start, end) => hit(...positionOf(layer, start, end)));
  for (const { start, end, texts } of inBase64) {
    const tell = (from: number, to: number): void => void (to - from >= 3 && hit(start, end));
    for (const text of texts) secretsIn(text, secrets, tell);
  }
}

function secretsIn(text: string, { index, short }: SecretTexts, hit: Hit): void {
  for (let place = 0; place < text.length; place++) {
    const there = index.at(text, place);
    if (there !== undefined) {
      const length = there.begun >= distinctPrefix ? there.begun : there.whole;
      if (length > 0) hit(place, place + length);
    }
    if (short.size === 0 || isWord(text, place - 1)) continue;
    for (let length = 1; length <= 2; length++)
      if (!isWord(text, place + length) && short.has(text.slice(place, place + length))) hit(place, place + length);
  }
}

/** Shorter values occur in Base64 by chance. */
const leastInBase64 = 6;

/** How values are searched. */
interface ValueSearch {
  /** The text is truncated: it may end in half a value. */
  readonly cut: boolean;
  /** Only whole values count. */
  readonly whole?: boolean;
}

/** Reports every value of the payloads, except where it is the name of a field. */
export function findValues({ layers, inBase64 }: Reading, values: Values, search: ValueSearch, hit: Hit): void {
  const { index, short, names } = values;
  for (const layer of layers) {
    const { decoded, plain } = layer;
    valuesIn(plain.text, index, search, (start, end) => {
      const [from, to] = sourceOf(plain, start, end);
      if (!isName(decoded.text, from, to, names)) hit(...sourceOf(decoded, from, to));
    });
    if (short.size > 0) shortIn(plain.text, short, (start, end) => hit(...positionOf(layer, start, end)));
  }
  for (const { start, end, texts } of inBase64) {
    const tell = (from: number, to: number): void => void (to - from >= leastInBase64 && hit(start, end));
    for (const text of texts) valuesIn(text, index, { ...search, cut: false }, tell);
  }
}

function valuesIn(text: string, index: TextIndex, { cut, whole: wholeOnly = false }: ValueSearch, hit: Hit): void {
  if (index.empty) return;
  for (let place = 0; place < text.length; place++) {
    const there = index.at(text, place);
    if (there === undefined) continue;
    const { begun, whole } = there;
    const length =
      begun > whole && !wholeOnly ? Math.max(whole, cutAt(text, place, place + begun, cut) - place) : whole;
    if (length > 0) hit(place, place + length);
  }
}

/**
 * Where a partial value ends; `start` if it does not count as one. A word that merely begins like a word of the value
 * does not count; fewer characters than `distinctPrefix` count only at the end of the text, before dots, and between
 * quotes.
 */
function cutAt(text: string, start: number, end: number, cut: boolean): number {
  if (end === text.length && cut) return end;
  if (isWord(text, end)) {
    const before = endOfWordBefore(text, start, end);
    return before - start >= distinctPrefix ? before : start;
  }
  if (end - start >= distinctPrefix || text.startsWith('..', end)) return end;
  if (end === text.length) return isWord(text, start - 1) ? start : end;
  return quotes.has(text.charCodeAt(start - 1)) && quotes.has(text.charCodeAt(end)) ? end : start;
}

/** The end of the last word that lies fully in the range. */
function endOfWordBefore(text: string, start: number, end: number): number {
  let before = end;
  while (before > start && isWord(text, before - 1)) before -= 1;
  while (before > start && !isWord(text, before - 1)) before -= 1;
  return before;
}

const codesOf = (signs: string): readonly number[] => Array.from(signs, (sign) => sign.charCodeAt(0));
const quotes: ReadonlySet<number> = new Set(codesOf(`"'\`“”„«»`));
const openings: ReadonlySet<number> = new Set([...quotes, ...codesOf('=:')]);

/** Reports texts that are too short to be searched everywhere: only whole values, after a quote, `=` or `:`. */
function shortIn(text: string, short: ReadonlySet<string>, hit: Hit): void {
  for (let before = 0; before < text.length; before++) {
    if (!openings.has(text.charCodeAt(before))) continue;
    const place = text.charCodeAt(before + 1) === 0x20 ? before + 2 : before + 1;
    for (let length = 3; length > 0; length--) {
      if (isWord(text, place + length) || !short.has(text.slice(place, place + length))) continue;
      hit(place, place + length);
      break;
    }
  }
}

/** Whether the range lies in a word that is the name of a field. */
function isName(text: string, start: number, end: number, names: ReadonlySet<string>): boolean {
  let first = start;
  let last = end;
  while (first > 0 && nameUnit.test(text[first - 1] as string)) first -= 1;
  while (last < text.length && nameUnit.test(text[last] as string)) last += 1;
  return names.has(text.slice(first, last));
}

const nameUnit = /[\p{L}\p{N}_$-]/u;
const wordUnit = /[\p{L}\p{N}]/u;

/** Whether there is a letter or a digit of the folded text. */
function isWord(text: string, place: number): boolean {
  const code = text.charCodeAt(place);
  if (code < 128) return (code >= 97 && code <= 122) || (code >= 48 && code <= 57);
  return place >= 0 && place < text.length && wordUnit.test(text[place] as string);
}
