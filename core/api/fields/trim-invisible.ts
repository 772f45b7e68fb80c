/** White space, and what Unicode calls format characters: U+200B to U+200F, U+2060, U+FEFF, U+00AD and the like. */
const invisible = /[\s\p{Cf}]/u;

/**
 * The text without what nobody sees at its ends: white space, and the zero-width characters that come along when a
 * value is copied out of a web page or a spreadsheet.
 *
 * @example
 * trimInvisible('\u200B ann@example.com\uFEFF'); // 'ann@example.com'
 */
export function trimInvisible(text: string): string {
  const last = text.length - 1;
  // Nearly every text begins and ends with a sign of ASCII, which tells at once.
  if (last >= 0 && isPlainSign(text.charCodeAt(0)) && isPlainSign(text.charCodeAt(last))) return text;
  return trimmedEnds(text);
}

function trimmedEnds(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isInvisible(text, from)) from += 1;
  while (from < to && isInvisible(text, to - 1)) to -= 1;
  return text.slice(from, to);
}

const isPlainSign = (code: number): boolean => code > 0x20 && code < 0x7f;

const isInvisible = (text: string, index: number): boolean =>
  !isPlainSign(text.charCodeAt(index)) && invisible.test(text[index] as string);
