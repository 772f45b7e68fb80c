import type { Traced } from './decoded.ts';

/** ASCII without `+`, backslash and control characters: only its capitals change, and runs of blanks. */
const simple = /^[ !-*,-[\]-~]*$/;
const isSimple = (text: string): boolean => simple.test(text) && !text.includes('  ');

/** `folded(text).text` for a text that is whole: without blanks around it, and without the trace. */
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
 * A text as it comes back from where only ASCII is known: with `?` for each other character, with `?` for each of its bytes, and
 * without them. Only where enough is left to tell it by.
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
 * The text as it is compared: in small letters, without accents (NFC and NFD are one), runs of blanks, control characters and `+`
 * (a blank in forms) as one blank, without backslashes and invisible characters. Traced to the text.
 */
export function folded(text: string): Traced {
  if (isSimple(text)) return { text: text.toLowerCase(), from: undefined, to: undefined };
  const from: number[] = [];
  const to: number[] = [];
  let made = '';
  let blank = false;
  for (let i = 0; i < text.length;) {
    const code = text.codePointAt(i) as number;
    const size = code > 0xffff ? 2 : 1;
    const plain = code < 128 ? (ascii[code] as string) : beyondAscii(code);
    const end = i + size;
    if (plain === ' ' && blank) {
      to[made.length - 1] = end;
    } else if (plain !== '') {
      for (let unit = 0; unit < plain.length; unit++) {
        from.push(i);
        to.push(end);
      }
      made += plain;
      blank = plain === ' ';
    }
    i = end;
  }
  return { text: made, from, to };
}

const ascii: readonly string[] = Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (code <= 0x20 || code === 0x7f || character === '+') return ' ';
  return character === '\\' ? '' : character.toLowerCase();
});

const known = new Map<number, string>();
/** So that a vendor's odd texts do not fill the memory. */
const mostKnown = 10_000;

function beyondAscii(code: number): string {
  const there = known.get(code);
  if (there !== undefined) return there;
  const made = plainly(code);
  if (known.size < mostKnown) known.set(code, made);
  return made;
}

function plainly(code: number): string {
  if (code >= 0xd800 && code <= 0xdfff) return '\ufffd';
  const character = String.fromCodePoint(code);
  if (/[\p{Cf}\p{Variation_Selector}]/u.test(character)) return '';
  if (/[\s\p{Cc}]/u.test(character)) return ' ';
  const base = character.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  // Small letters may bring marks of their own: the Turkish "İ".
  const small = base.normalize('NFKD').replace(/\p{M}/gu, '').replaceAll('ß', 'ss');
  if (/[‘’ʼ‛]/.test(small)) return "'";
  if (/[“”„‟]/.test(small)) return '"';
  if (/[‐‑‒–—−]/.test(small)) return '-';
  return small.replace(/\s+/g, ' ').replaceAll('\\', '').replaceAll('+', ' ');
}
