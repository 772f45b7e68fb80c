const needsNoEscape = /^[\w.~-]*$/;
// oxlint-disable-next-line no-control-regex -- JSON escapes control characters
const needsJsonEscape = /["\\\u0000-\u001f]/;

/**
 * The value as it stands in an application/x-www-form-urlencoded body: encodeURIComponent, which leaves a usual text as
 * it is, and takes half a surrogate pair for U+FFFD where encodeURIComponent throws.
 *
 * @example
 * escapeForm('a b&c'); // 'a%20b%26c'
 */
export const escapeForm = (value: string): string =>
  needsNoEscape.test(value) ? value : encodeURIComponent(wellFormed(value));

/** Node 20 has the method, the ES2023 types do not. */
const wellFormed = (value: string): string => (value as string & { toWellFormed(): string }).toWellFormed();

/**
 * A JSON object of texts as a value of such a body: `encodeURIComponent(JSON.stringify(texts))`, in less than half the
 * time. Names are remembered, so they must be few: those of settings, or of members of events.
 *
 * @example
 * escapeFormJson({ size: 'XL' }); // '%7B%22size%22%3A%22XL%22%7D'
 */
export function escapeFormJson(texts: Readonly<Record<string, string>>): string {
  let text = '';
  for (const name in texts) {
    text += (text === '' ? '%7B%22' : '%22%2C%22') + nameAndColon(name) + escapedInJson(texts[name] ?? '');
  }
  return text === '' ? '%7B%7D' : `${text}%22%7D`;
}

/** The text between the quotes. */
function escapedInJson(value: string): string {
  const ascii = value.length > mostBytes ? undefined : escapedAscii(value);
  if (ascii !== undefined) return ascii;
  const text = wellFormed(value);
  return encodeURIComponent(needsJsonEscape.test(text) ? JSON.stringify(text).slice(1, -1) : text);
}

/** A longer text is escaped by the engine. */
const mostBytes = 8192;
/** Where a text is escaped: six bytes for each of its characters, as `%5C%22` has for a quote. */
const room = Buffer.allocUnsafeSlow(6 * mostBytes);
/** What to do with a character of ASCII. */
const ways = { asItIs: 0, escape: 1, escapeAfterBackslash: 2, leave: 3 };
const wayOf = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (code < 0x20) return ways.leave;
  if (character === '"' || character === '\\') return ways.escapeAfterBackslash;
  return encodeURIComponent(character) === character ? ways.asItIs : ways.escape;
});
const hexDigits = Buffer.from('0123456789ABCDEF');

/**
 * The same of a text that is all ASCII, written byte by byte: JSON.stringify and encodeURIComponent take eight times as
 * long for a list as JSON text. `undefined` if the text has other characters.
 */
function escapedAscii(text: string): string | undefined {
  let size = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    const way = code < 128 ? wayOf[code] : ways.leave;
    if (way === ways.asItIs) room[size++] = code;
    else if (way === ways.leave) return undefined;
    else {
      if (way === ways.escapeAfterBackslash) size = writeEscape(0x5c, size);
      size = writeEscape(code, size);
    }
  }
  return size === text.length ? text : room.toString('latin1', 0, size);
}

/** Returns where it ends. */
function writeEscape(code: number, at: number): number {
  room[at] = 0x25;
  room[at + 1] = hexDigits[code >> 4] as number;
  room[at + 2] = hexDigits[code & 15] as number;
  return at + 3;
}

/** Texts that a memory holds at most. */
const mostTexts = 1000;
/** Characters of the longest of them. Its escape has nine for each at the most, so a memory takes 6 MB at the most. */
const longestText = 500;

/**
 * The same function of a text, with a memory: for texts that most events have in common, such as user agents. It lives
 * as long as the process, for the connections of all customers, so what the function returns must depend on the
 * text alone; and it is bounded: it is emptied when it holds 1,000 texts. Longer ones than 500 characters stay out.
 *
 * @example
 * const escapedAgent = memoizeText(escapeForm);
 */
export function memoizeText(of: (text: string) => string): (text: string) => string {
  const results = new Map<string, string>();
  return (text) => {
    if (text.length > longestText) return of(text);
    const known = results.get(text);
    if (known !== undefined) return known;
    const result = of(text);
    if (results.size >= mostTexts) results.clear();
    results.set(text, result);
    return result;
  };
}

/** From behind the quote that begins a name to the one that begins its value, in one piece. */
const nameAndColon = memoizeText((name) => `${escapedInJson(name)}%22%3A%22`);
