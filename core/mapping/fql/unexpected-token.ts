import { isKeyword, type Token } from './token.ts';

/** A token in words. Names and texts of the customer are not repeated: the position shows which one it is. */
export function nameOf(token: Token): string {
  if (token.kind === 'end') return 'the end of the query';
  if (token.kind === 'sign') return `"${token.sign}"`;
  if (token.kind === 'word' && isKeyword(token.word)) return `"${token.word}"`;
  return token.kind === 'word' ? 'a path' : `a ${token.kind}`;
}

/** What other languages call `and`, `or`, `in` and `!`. */
const otherWords: ReadonlyMap<string, string> = new Map([
  ['not', '"!", as in !(a = b)'],
  ['is', '"="'],
  ['eq', '"="'],
  ['equals', '"="'],
  ['ne', '"!="'],
  ['gt', '">"'],
  ['gte', '">="'],
  ['lt', '"<"'],
  ['lte', '"<="'],
  ['like', 'match(path, pattern)'],
  ['matches', 'match(path, pattern)'],
  ['contains', 'contains(path, text)'],
]);

/** What a part belongs to: the whole query, parentheses around conditions, the inputs of a function, or a list. */
export type Ending = 'query' | 'group' | 'call' | 'list';

const endings: Readonly<Record<Ending, string>> = {
  query: '"and", "or" or the end of the query',
  group: '"and", "or" or ")"',
  call: '"," or ")"',
  list: '"," or "]"',
};

/** What should stand in place of `token`, behind `before`. `isOpen`: a comparison may go on. */
export function expectedBehind(before: Token | undefined, token: Token, ending: Ending, isOpen: boolean): string {
  const spelling = otherSpelling(token) ?? (before === undefined ? undefined : otherSpelling(before));
  if (spelling !== undefined) return spelling;
  if (ending === 'call' || ending === 'list') return endings[ending];
  const ways = isOpen ? `a comparison, ${endings[ending]}` : endings[ending];
  const isName = token.kind === 'path' || (token.kind === 'word' && !isKeyword(token.word));
  return isName ? `${ways}; a text of several words needs quotes` : ways;
}

function otherSpelling(token: Token): string | undefined {
  if (token.kind !== 'word') return undefined;
  const lower = token.word.toLowerCase();
  if (isKeyword(lower)) return lower === token.word ? undefined : `"${lower}", in lower case`;
  return otherWords.get(lower);
}

/** The value of a token that is a literal as it stands; `undefined` if it is none. */
export function literalOf(token: Token): string | number | boolean | null | undefined {
  if (token.kind === 'number') return token.value;
  if (token.kind === 'text') return token.text.value;
  if (token.kind !== 'word') return undefined;
  return token.word === 'true' ? true : token.word === 'false' ? false : token.word === 'null' ? null : undefined;
}
