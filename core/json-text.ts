/** JSON is parsed at any depth, but whoever writes or checks it needs stack for each level. */
export const mostJsonLevels = 1_000;

/** The index behind the quotation mark that ends the string opened at `open`; the text's length where none does. */
export function endOfString(text: string, open: number): number {
  let close = text.indexOf('"', open + 1);
  while (close >= 0 && isEscaped(text, close)) close = text.indexOf('"', close + 1);
  return close < 0 ? text.length : close + 1;
}

/** Behind an odd number of backslashes. */
function isEscaped(text: string, at: number): boolean {
  let before = at;
  while (text[before - 1] === '\\') before -= 1;
  return (at - before) % 2 === 1;
}
