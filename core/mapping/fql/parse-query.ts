import { checkEscapes } from '../quoted-text.ts';
import { SyntaxFault } from '../syntax-issue.ts';
import {
  comparisonSigns,
  type Call,
  type ComparisonSign,
  type Condition,
  type Junction,
  type Literal,
  type LiteralValue,
  type Negation,
  type Operand,
} from './syntax-tree.ts';
import { isKeyword, tokensOf, type Token } from './token.ts';
import { expectedBehind, literalOf, nameOf } from './unexpected-token.ts';

/** Signs that a query may have. A list of a thousand names takes a third of it. */
export const longestQuery = 100_000;

/** Parentheses, lists and functions inside one another: the parser, and whoever walks the tree, needs stack for each. */
const mostLevels = 100;

/**
 * Parses a query. Precedence: path, literal and function; `!`; comparison and `in`; `and`; `or`. Whether the parts fit
 * one another, `checkQuery` says. Throws a SyntaxFault.
 */
export function parseQuery(query: string): Condition {
  if (query.length > longestQuery)
    throw new SyntaxFault(longestQuery, 'the query is too long', `at most ${longestQuery} signs`);
  return new QueryParser(tokensOf(query)).parse();
}

const condition = 'a condition, such as a comparison, a path, a function or "("';
const operand = 'a path, a text in quotes, a number, true, false, null, a list or a function';
const endsEarly = 'the query ends too early';
const literal = 'a text in quotes, a number, true, false, null or a list';

class QueryParser {
  readonly #tokens: readonly Token[];
  #next = 0;
  #level = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parse(): Condition {
    if (this.#tokens.length === 1) throw new SyntaxFault(0, 'the query is empty', condition);
    const query = this.#junction('or');
    if (this.#token.kind === 'end') return query;
    throw this.#isSign(')')
      ? this.#fault('this parenthesis closes nothing', '"(" before it, or none')
      : this.#misplaced();
  }

  #junction(kind: Junction['kind']): Condition {
    const terms: Condition[] = [];
    const { at } = this.#token;
    do terms.push(kind === 'or' ? this.#junction('and') : this.#term());
    while (this.#takeWord(kind));
    return terms.length === 1 ? (terms[0] as Condition) : { kind, at, terms };
  }

  #term(): Condition {
    if (this.#isSign('!')) return this.#negation();
    const { at } = this.#token;
    const first = this.#primary(condition);
    const sign = this.#comparisonSign();
    if (sign === undefined) return first;
    if (!isOperand(first))
      throw this.#fault('a condition in parentheses has no value to compare', '"and", "or" or ")"');
    this.#next += 1;
    const second = this.#operand();
    if (this.#comparisonSign() !== undefined)
      throw this.#fault('a comparison has two sides', '"and" and another comparison');
    return { kind: 'comparison', at, sign, sides: [first, second] };
  }

  #negation(): Negation {
    const { at } = this.#token;
    this.#next += 1;
    const next = this.#token;
    const isNegatable = next.kind === 'path' || (next.kind === 'word' && !isKeyword(next.word)) || this.#isSign('(');
    if (!isNegatable) throw this.#fault('"!" negates no such part', 'a path, a function or "("');
    const term = this.#primary(condition);
    if (this.#comparisonSign() !== undefined)
      throw new SyntaxFault(at, '"!" before a comparison can mean two things', 'parentheses, as in !(a = b)');
    return { kind: 'not', at, term };
  }

  /** An operand where the other side of a comparison, or an input of a function, has to be. */
  #operand(): Operand {
    const { at } = this.#token;
    const part = this.#primary(operand);
    if (isOperand(part)) return part;
    throw new SyntaxFault(at, 'a condition has no value here', operand);
  }

  #primary(expected: string): Condition {
    const token = this.#token;
    if (this.#isSign('(')) return this.#inside(')', () => this.#junction('or'));
    if (token.kind === 'path') {
      this.#next += 1;
      return { kind: 'path', at: token.at, steps: token.steps };
    }
    if (token.kind === 'word' && !isKeyword(token.word)) {
      this.#next += 1;
      if (this.#isSign('(')) return this.#call(token.word, token.at);
      return { kind: 'path', at: token.at, steps: [token.word] };
    }
    return this.#literal(expected);
  }

  #call(name: string, at: number): Call {
    const inputs = this.#inside(')', () =>
      this.#isSign(')')
        ? []
        : this.#listed((index) => (name === 'match' && index === 1 ? this.#pattern() : this.#operand())),
    );
    return { kind: 'call', at, name, inputs };
  }

  /** In a pattern, a backslash escapes what it does not escape in another text. */
  #pattern(): Operand {
    const token = this.#token;
    if (token.kind !== 'text') return this.#operand();
    this.#next += 1;
    return { kind: 'literal', at: token.at, value: token.text.value };
  }

  #literal(expected: string): Literal {
    const { at } = this.#token;
    return { kind: 'literal', at, value: this.#literalValue(expected) };
  }

  #literalValue(expected: string): LiteralValue {
    const token = this.#token;
    if (this.#isSign('['))
      return this.#inside(']', () => (this.#isSign(']') ? [] : this.#listed(() => this.#literalValue(literal))));
    const value = literalOf(token);
    if (value === undefined)
      throw this.#fault(token.kind === 'end' ? endsEarly : `${nameOf(token)} cannot stand here`, expected);
    if (token.kind === 'text') checkEscapes(token.text);
    this.#next += 1;
    return value;
  }

  #listed<T>(read: (index: number) => T): T[] {
    const items: T[] = [];
    do items.push(read(items.length));
    while (this.#takeSign(','));
    return items;
  }

  /** What stands between the sign that is next and the one that closes it. */
  #inside<T>(close: ')' | ']', read: () => T): T {
    const open = this.#token;
    this.#level += 1;
    if (this.#level > mostLevels) throw this.#fault('this is nested too deeply', `at most ${mostLevels} levels`);
    this.#next += 1;
    const content = read();
    if (!this.#takeSign(close)) {
      if (this.#token.kind === 'end')
        throw new SyntaxFault(open.at, 'what begins here has no end', `a closing "${close}"`);
      throw this.#misplaced(close);
    }
    this.#level -= 1;
    return content;
  }

  #comparisonSign(): ComparisonSign | undefined {
    const token = this.#token;
    const written = token.kind === 'sign' ? token.sign : token.kind === 'word' ? token.word : undefined;
    return comparisonSigns.find((sign) => sign === written);
  }

  #takeWord(word: string): boolean {
    const isNext = this.#token.kind === 'word' && this.#token.word === word;
    if (isNext) this.#next += 1;
    return isNext;
  }

  #takeSign(sign: string): boolean {
    const isNext = this.#isSign(sign);
    if (isNext) this.#next += 1;
    return isNext;
  }

  #isSign(sign: string): boolean {
    return this.#token.kind === 'sign' && this.#token.sign === sign;
  }

  get #token(): Token {
    return this.#tokens[this.#next] as Token;
  }

  #misplaced(close?: ')' | ']'): SyntaxFault {
    const expected = expectedBehind(this.#tokens[this.#next - 1], this.#token, close);
    return this.#fault(`${nameOf(this.#token)} cannot follow here`, expected);
  }

  #fault(problem: string, expected: string): SyntaxFault {
    return new SyntaxFault(this.#token.at, problem, expected);
  }
}

export const isOperand = (part: Condition): part is Operand =>
  part.kind === 'path' || part.kind === 'literal' || part.kind === 'call';
