import type { TracedText } from './decoded.ts';

/** ASCII without `+`, backslash and control characters: folding changes only capitals and runs of blanks. */
const simple = /^[ !-*,-[\]-~]*$/;
const isSimple = (text: string): boolean => simple.test(text) && !text.includes('  ');

/** `folded(text).text`, trimmed and without the trace, for a complete text. */
export function foldedWhole(text: string): string {
  if (isSimple(text)) return text.toLowerCase().trim();
  return text
    .replace(special, (found) => {
      const code = found.codePointAt(0) as number;
      return code < 128 ? (ascii[code] as string) : beyondAscii(code);
    })
    .replace(/ {2,}/g, ' ')
    .toLowerCase()
    .trim();
}

// oxlint-disable-next-line no-control-regex -- control characters are blanks
const special = /[\u0000-\u001f+\\\u007f]|[^\u0000-\u007f]/gu;

/**
 * A text as an ASCII-only system returns it: with `?` for each other character, with `?` for each of its bytes, or
 * without them. Only if enough characters remain to recognise it.
 */
export function asciiForms(text: string): readonly string[] {
  if (!beyond.test(text) || (text.match(/[a-z0-9]/gi)?.length ?? 0) < 4) return [];
  return [
    text.replace(beyondEach, '?'),
    text.replace(beyondEach, (character) => '?'.repeat(Buffer.byteLength(character))),
    text.replace(beyondEach, ''),
  ];
}

// oxlint-disable-next-line no-control-regex -- ASCII begins there
const beyond = /[^\u0000-\u007f]/u;
// oxlint-disable-next-line no-control-regex -- as above
const beyondEach = /[^\u0000-\u007f]/gu;

/**
 * The text in the form in which it is compared: lower case, without accents (so NFC equals NFD), backslashes and
 * invisible characters; runs of blanks, control characters and `+` (a blank in forms) become one blank. Traced to the
 * text.
 */
export function folded(text: string): TracedText {
  if (isSimple(text)) return { text: text.toLowerCase(), from: undefined, to: undefined };
  const from: number[] = [];
  const to: number[] = [];
  let result = '';
  let blank = false;
  for (let i = 0; i < text.length;) {
    const code = text.codePointAt(i) as number;
    const size = code > 0xffff ? 2 : 1;
    const plain = code < 128 ? (ascii[code] as string) : beyondAscii(code);
    const end = i + size;
    if (plain === ' ' && blank) {
      to[result.length - 1] = end;
    } else if (plain !== '') {
      for (let unit = 0; unit < plain.length; unit++) {
        from.push(i);
        to.push(end);
      }
      result += plain;
      blank = plain === ' ';
    }
    i = end;
  }
  return { text: result, from, to };
}

const ascii: readonly string[] = Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (code <= 0x20 || code === 0x7f || character === '+') return ' ';
  return character === '\\' ? '' : character.toLowerCase();
});

const cache = new Map<number, string>();
/** Bounds the memory that odd texts of a vendor can take. */
const maxCached = 10_000;

function beyondAscii(code: number): string {
  const cached = cache.get(code);
  if (cached !== undefined) return cached;
  const result = foldCharacter(code);
  if (cache.size < maxCached) cache.set(code, result);
  return result;
}

function foldCharacter(code: number): string {
  if (code >= 0xd800 && code <= 0xdfff) return '\ufffd';
  const character = String.fromCodePoint(code);
  if (/[\p{Cf}\p{Variation_Selector}]/u.test(character)) return '';
  if (/[\s\p{Cc}]/u.test(character)) return ' ';
  const base = character.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  // Lower-casing may add marks, as with the Turkish "İ".
  const small = base.normalize('NFKD').replace(/\p{M}/gu, '').replaceAll('ß', 'ss');
  if (/[‘’ʼ‛]/.test(small)) return "'";
  if (/[“”„‟]/.test(small)) return '"';
  if (/[‐‑‒–—−]/.test(small)) return '-';
  return small.replace(/\s+/g, ' ').replaceAll('\\', '').replaceAll('+', ' ');
}
