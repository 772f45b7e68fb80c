import { SyntaxFault } from './syntax-issue.ts';

/** A text in quotes, as a query and the brackets of a path have it. */
export interface QuotedText {
  readonly value: string;
  /** Behind the closing quote. */
  readonly end: number;
  /** The first backslash before something else than a quote or a backslash; it stays in the value. */
  readonly oddEscape: number | undefined;
}

/**
 * Reads the text whose opening quote, `'` or `"`, stands at `at`. A backslash escapes a quote or a backslash. Before
 * anything else it stays, for the pattern of `match()`, where it means something. Elsewhere `checkEscapes` refuses it.
 */
export function readQuoted(text: string, at: number): QuotedText {
  const quote = text[at] as string;
  let value = '';
  let from = at + 1;
  let oddEscape: number | undefined;
  for (let index = from; index < text.length; index += 1) {
    const sign = text[index];
    if (sign === quote) return { value: value + text.slice(from, index), end: index + 1, oddEscape };
    if (sign !== '\\') continue;
    if (isEscapable(text[index + 1])) {
      value += text.slice(from, index);
      from = index + 1;
      index += 1;
    } else oddEscape ??= index;
  }
  throw new SyntaxFault(at, 'the text that begins here has no end', `a closing ${quote}`);
}

const isEscapable = (sign: string | undefined): boolean => sign === "'" || sign === '"' || sign === '\\';

/** Throws for an escape that means nothing: it was probably meant as another sign, such as a line break. */
export function checkEscapes({ oddEscape }: QuotedText): void {
  if (oddEscape !== undefined)
    throw new SyntaxFault(oddEscape, 'a backslash before this sign means nothing', '\\\', \\" or \\\\');
}

/** The index in the source of the sign at `index` of the value, for a text that opens at `at`. */
export function indexInQuotes(text: string, at: number, index: number): number {
  let position = at + 1;
  for (let passed = 0; passed < index; passed += 1)
    position += text[position] === '\\' && isEscapable(text[position + 1]) ? 2 : 1;
  return position;
}

/** The text in single quotes, which `readQuoted` reads as the same text. */
export const printQuoted = (value: string): string => `'${value.replaceAll(/['\\]/g, '\\$&')}'`;
