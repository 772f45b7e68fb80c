import { sourceOf } from './decoded.ts';
import { placeOf, type Hit, type Reading } from './reading.ts';
import type { SecretTexts } from './secret-texts.ts';
import type { TextIndex } from './text-index.ts';
import type { Values } from './values.ts';

/** So much of the beginning of a known text, alone, gives it away. */
const tellingPrefix = 8;

/** Every place where credentials stand, in whatever spelling: whole, or their first eight characters and what follows of them. */
export function findSecrets({ layers, inBase64 }: Reading, secrets: SecretTexts, hit: Hit): void {
  if (secrets.none) return;
  for (const layer of layers) secretsIn(layer.plain.text, secrets, (start, end) => hit(...placeOf(layer, start, end)));
  for (const { start, end, said } of inBase64) {
    const tell = (from: number, to: number): void => void (to - from >= 3 && hit(start, end));
    for (const text of said) secretsIn(text, secrets, tell);
  }
}

function secretsIn(text: string, { index, short }: SecretTexts, hit: Hit): void {
  for (let place = 0; place < text.length; place++) {
    const there = index.at(text, place);
    if (there !== undefined) {
      const length = there.begun >= tellingPrefix ? there.begun : there.whole;
      if (length > 0) hit(place, place + length);
    }
    if (short.size === 0 || isWord(text, place - 1)) continue;
    for (let length = 1; length <= 2; length++)
      if (!isWord(text, place + length) && short.has(text.slice(place, place + length))) hit(place, place + length);
  }
}

/** Base64 decodes to anything: shorter values stand in it by chance. */
const leastInBase64 = 6;

/** How values are looked for. */
interface ValueSearch {
  /** The text went on: its end may be half a value. */
  readonly cut: boolean;
  /** Only whole ones. */
  readonly whole?: boolean;
}

/** Every place where values of payloads stand, but for names of fields. */
export function findValues({ layers, inBase64 }: Reading, values: Values, search: ValueSearch, hit: Hit): void {
  const { index, short, names } = values;
  for (const layer of layers) {
    const { decoded, plain } = layer;
    valuesIn(plain.text, index, search, (start, end) => {
      const [from, to] = sourceOf(plain, start, end);
      if (!isName(decoded.text, from, to, names)) hit(...sourceOf(decoded, from, to));
    });
    if (short.size > 0) shortIn(plain.text, short, (start, end) => hit(...placeOf(layer, start, end)));
  }
  for (const { start, end, said } of inBase64) {
    const tell = (from: number, to: number): void => void (to - from >= leastInBase64 && hit(start, end));
    for (const text of said) valuesIn(text, index, { ...search, cut: false }, tell);
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
 * Where a value that stands there in part was cut; `start` where it was not. A word that only begins like one of its words is none of
 * it; fewer characters than give it away count at the end of the text, before dots, and between quotes.
 */
function cutAt(text: string, start: number, end: number, cut: boolean): number {
  if (end === text.length && cut) return end;
  if (isWord(text, end)) {
    const before = endOfWordBefore(text, start, end);
    return before - start >= tellingPrefix ? before : start;
  }
  if (end - start >= tellingPrefix || text.startsWith('..', end)) return end;
  if (end === text.length) return isWord(text, start - 1) ? start : end;
  return quotes.has(text.charCodeAt(start - 1)) && quotes.has(text.charCodeAt(end)) ? end : start;
}

/** The end of the last word that is all in the part. */
function endOfWordBefore(text: string, start: number, end: number): number {
  let before = end;
  while (before > start && isWord(text, before - 1)) before -= 1;
  while (before > start && !isWord(text, before - 1)) before -= 1;
  return before;
}

const codesOf = (signs: string): readonly number[] => Array.from(signs, (sign) => sign.charCodeAt(0));
const quotes: ReadonlySet<number> = new Set(codesOf(`"'\`“”„«»`));
const openings: ReadonlySet<number> = new Set([...quotes, ...codesOf('=:')]);

/** Texts too short to be looked for everywhere: whole values alone, after a quote, `=` or `:`. */
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

/** Whether the part lies in a word that is the name of a field. */
function isName(text: string, start: number, end: number, names: ReadonlySet<string>): boolean {
  let first = start;
  let last = end;
  while (first > 0 && nameUnit.test(text[first - 1] as string)) first -= 1;
  while (last < text.length && nameUnit.test(text[last] as string)) last += 1;
  return names.has(text.slice(first, last));
}

const nameUnit = /[\p{L}\p{N}_$-]/u;
const wordUnit = /[\p{L}\p{N}]/u;

/** A letter or a digit of a folded text. */
function isWord(text: string, place: number): boolean {
  const code = text.charCodeAt(place);
  if (code < 128) return (code >= 97 && code <= 122) || (code >= 48 && code <= 57);
  return place >= 0 && place < text.length && wordUnit.test(text[place] as string);
}
