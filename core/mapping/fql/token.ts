import { beginsPath, scanPath, type PathSteps } from '../event-path.ts';
import { readQuoted, type QuotedText } from '../quoted-text.ts';
import { SyntaxFault } from '../syntax-issue.ts';

interface Extent {
  readonly at: number;
  /** The index behind it. */
  readonly end: number;
}

export type Token = Extent &
  (
    | { readonly kind: 'path'; readonly steps: PathSteps }
    /** A name that stands alone and as it is: a path, the name of a function, or one of `keywords`. */
    | { readonly kind: 'word'; readonly word: string }
    | { readonly kind: 'text'; readonly text: QuotedText }
    | { readonly kind: 'number'; readonly value: number }
    | { readonly kind: 'sign'; readonly sign: string }
    | { readonly kind: 'end' }
  );

/** Words that are no path where they begin one. Behind a dot every word is a name. */
const keywords = ['and', 'or', 'in', 'true', 'false', 'null'] as const;
export type Keyword = (typeof keywords)[number];

export const isKeyword = (word: string): word is Keyword => (keywords as readonly string[]).includes(word);

/** Such as the zero-width space that comes along with text from web pages. */
const invisible = /[\p{Cc}\p{Cf}]/u;

const whiteSpace = /\s*/y;
const sign = /!=|>=|<=|[=!<>()[\],]/y;
/** In `type in['track']` the bracket begins a list. */
const wordBeforeList = /(?:and|or|in|true|false|null)(?=\[)/y;
const number = /-?\d+(?:\.\d+)?/y;

/** What other languages write, and what stands for it here. */
const otherSpellings: readonly (readonly [theirs: RegExp, ours: string])[] = [
  [/===?/y, '"="'],
  [/!==/y, '"!="'],
  [/<>/y, '"!="'],
  [/=>/y, '">="'],
  [/=</y, '"<="'],
  [/&&?/y, '"and"'],
  [/\|\|?/y, '"or"'],
  [/\.\d/y, 'a 0 before the point'],
  [/\./y, 'a name before the dot'],
  [/-/y, 'a digit behind it'],
  [/\+/y, 'a number as it is, without "+"'],
  [/[‘’“”`´]/y, 'a straight quote, \' or "'],
];

/** The first token of a query from `at` on. Throws a SyntaxFault for what is none. */
export function tokenFrom(query: string, at: number): Token {
  const start = endOf(whiteSpace, query, at);
  return start < query.length ? tokenAt(query, start) : { kind: 'end', at: query.length, end: query.length };
}

function tokenAt(query: string, at: number): Token {
  const first = query[at] as string;
  if (first === "'" || first === '"') {
    const text = readQuoted(query, at);
    return { kind: 'text', at, end: text.end, text };
  }
  const behindNumber = endOf(number, query, at);
  if (behindNumber > at) return numberAt(query, at, behindNumber);
  for (const [theirs, ours] of otherSpellings)
    if (endOf(theirs, query, at) > at) throw new SyntaxFault(at, 'this sign means nothing here', ours);
  const behindSign = endOf(sign, query, at);
  if (behindSign > at) return { kind: 'sign', at, end: behindSign, sign: query.slice(at, behindSign) };
  if (beginsPath(query, at)) return pathAt(query, at);
  if (invisible.test(first)) {
    const code = first.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
    throw new SyntaxFault(at, `an invisible sign, U+${code}, stands here`, 'nothing in its place');
  }
  throw new SyntaxFault(at, 'this sign means nothing here', 'a backslash before it in a path, or quotes around a text');
}

function pathAt(query: string, at: number): Token {
  const behindWord = endOf(wordBeforeList, query, at);
  if (behindWord > at) return { kind: 'word', at, end: behindWord, word: query.slice(at, behindWord) };
  const { steps, end } = scanPath(query, at);
  const raw = query.slice(at, end);
  return steps.length === 1 && steps[0] === raw
    ? { kind: 'word', at, end, word: raw }
    : { kind: 'path', at, end, steps };
}

function numberAt(query: string, at: number, end: number): Token {
  const digits = query.slice(at, end);
  const next = query[end];
  if (next === '.' || beginsPath(query, end))
    throw new SyntaxFault(
      at,
      'this is no plain number',
      'digits, as 10 or -1.5, quotes around a text, or $. before a name',
    );
  if (/^-?0\d/.test(digits))
    throw new SyntaxFault(at, 'a number begins with no needless 0', 'the number without it, or quotes around a text');
  const value = Number(digits) + 0;
  if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value)))
    throw new SyntaxFault(at, 'a whole number beyond 2^53 loses digits', 'a text, on both sides');
  return { kind: 'number', at, end, value };
}

function endOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}
