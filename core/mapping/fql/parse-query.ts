import { checkEscapes } from '../quoted-text.ts';
import { SyntaxFault } from '../syntax-issue.ts';
import {
  comparisonSigns,
  isOperand,
  type Call,
  type ComparisonSign,
  type Condition,
  type Junction,
  type Literal,
  type LiteralValue,
  type Negation,
  type Operand,
} from './syntax-tree.ts';
import { isKeyword, tokenFrom, type Token } from './token.ts';
import { expectedBehind, literalOf, nameOf, type Ending } from './unexpected-token.ts';

/** Signs that a query may have. A list of a thousand names takes a third of it. */
export const longestQuery = 100_000;

/** Parentheses, lists and functions inside one another: parsing and walking the tree take stack for each. */
const mostLevels = 100;

/**
 * Parses a query. Precedence: path, literal and function; `!`; comparison and `in`; `and`; `or`. Whether the parts fit
 * one another, `checkQuery` says. Throws a SyntaxFault.
 */
export function parseQuery(query: string): Condition {
  if (query.length > longestQuery)
    throw new SyntaxFault(longestQuery, 'the query is too long', `at most ${longestQuery} signs`);
  return new QueryParser(query).parse();
}

const condition = 'a condition, such as a comparison, a path, a function or "("';
const operand = 'a path, a text in quotes, a number, true, false, null, a list or a function';
const literal = 'a text in quotes, a number, true, false, null or a list';

class QueryParser {
  readonly #query: string;
  /** The token that is next, and the one before it. */
  #token: Token;
  #before: Token | undefined = undefined;
  /** The condition that ended last. */
  #last: Condition | undefined = undefined;
  #level = 0;

  constructor(query: string) {
    this.#query = query;
    this.#token = tokenFrom(query, 0);
  }

  parse(): Condition {
    if (this.#isEnd()) throw new SyntaxFault(0, 'the query is empty', condition);
    const query = this.#junction('or');
    if (this.#isEnd()) return query;
    if (this.#isSign(')')) throw this.#fault('this parenthesis closes nothing', '"(" before it, or none');
    throw this.#misplaced('query');
  }

  #junction(kind: Junction['kind']): Condition {
    const terms: Condition[] = [];
    const { at } = this.#token;
    do {
      this.#last = kind === 'or' ? this.#junction('and') : this.#term();
      terms.push(this.#last);
    } while (this.#takeWord(kind));
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
    this.#advance();
    const second = this.#operand();
    if (this.#comparisonSign() !== undefined)
      throw this.#fault('a comparison has two sides', '"and" and another comparison');
    return { kind: 'comparison', at, sign, sides: [first, second] };
  }

  #negation(): Negation {
    const { at } = this.#token;
    this.#advance();
    const next = this.#token;
    const isNegatable = next.kind === 'path' || (next.kind === 'word' && !isKeyword(next.word)) || this.#isSign('(');
    if (!isNegatable) throw this.#fault('this cannot be negated', 'a path, a function or "("');
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
    if (this.#isSign('(')) return this.#inside('group', () => this.#junction('or'));
    if (token.kind === 'path') {
      this.#advance();
      return { kind: 'path', at: token.at, steps: token.steps };
    }
    if (token.kind === 'word' && !isKeyword(token.word)) {
      this.#advance();
      if (this.#isSign('(')) return this.#call(token.word, token.at);
      return { kind: 'path', at: token.at, steps: [token.word] };
    }
    return this.#literal(expected);
  }

  #call(name: string, at: number): Call {
    if (name.toLowerCase() === 'not') throw new SyntaxFault(at, 'this word means nothing here', '"!", as in !(a = b)');
    const readInput = (index: number): Operand => (name === 'match' && index === 1 ? this.#pattern() : this.#operand());
    return { kind: 'call', at, name, inputs: this.#inside('call', () => this.#listed(')', readInput)) };
  }

  /** In a pattern, a backslash escapes what it does not escape in another text. */
  #pattern(): Operand {
    const token = this.#token;
    if (token.kind !== 'text') return this.#operand();
    this.#advance();
    return { kind: 'literal', at: token.at, value: token.text.value };
  }

  #literal(expected: string): Literal {
    const { at } = this.#token;
    return { kind: 'literal', at, value: this.#literalValue(expected) };
  }

  #literalValue(expected: string): LiteralValue {
    const token = this.#token;
    if (this.#isSign('[')) return this.#inside('list', () => this.#listed(']', () => this.#literalValue(literal)));
    const value = literalOf(token);
    if (value === undefined) {
      const problem = this.#isEnd() ? 'the query ends too early' : `${nameOf(token)} cannot stand here`;
      throw this.#fault(problem, expected);
    }
    if (token.kind === 'text') checkEscapes(token.text);
    this.#advance();
    return value;
  }

  /** What stands between commas, up to the sign that closes it; none where that is next. */
  #listed<T>(close: string, read: (index: number) => T): T[] {
    const items: T[] = [];
    if (this.#isSign(close)) return items;
    do items.push(read(items.length));
    while (this.#takeSign(','));
    return items;
  }

  /** What stands between the sign that is next and the one that closes it. */
  #inside<T>(ending: Exclude<Ending, 'query'>, read: () => T): T {
    const open = this.#token;
    const close = ending === 'list' ? ']' : ')';
    this.#level += 1;
    if (this.#level > mostLevels) throw this.#fault('this is nested too deeply', `at most ${mostLevels} levels`);
    this.#advance();
    const content = read();
    if (!this.#takeSign(close)) {
      if (this.#isEnd()) throw new SyntaxFault(open.at, 'what begins here has no end', `a closing "${close}"`);
      throw this.#misplaced(ending);
    }
    this.#level -= 1;
    return content;
  }

  #comparisonSign(): ComparisonSign | undefined {
    const token = this.#token;
    const spelling = token.kind === 'sign' ? token.sign : token.kind === 'word' ? token.word : undefined;
    return comparisonSigns.find((sign) => sign === spelling);
  }

  #takeWord(word: string): boolean {
    const isNext = this.#token.kind === 'word' && this.#token.word === word;
    if (isNext) this.#advance();
    return isNext;
  }

  #takeSign(sign: string): boolean {
    const isNext = this.#isSign(sign);
    if (isNext) this.#advance();
    return isNext;
  }

  #isSign(sign: string): boolean {
    return this.#token.kind === 'sign' && this.#token.sign === sign;
  }

  #isEnd(): boolean {
    return this.#token.kind === 'end';
  }

  #advance(): void {
    this.#before = this.#token;
    this.#token = tokenFrom(this.#query, this.#token.end);
  }

  #misplaced(ending: Ending): SyntaxFault {
    const isOpen = this.#last !== undefined && isOperand(this.#last);
    const expected = expectedBehind(this.#before, this.#token, ending, isOpen);
    return this.#fault(`${nameOf(this.#token)} cannot follow here`, expected);
  }

  #fault(problem: string, expected: string): SyntaxFault {
    return new SyntaxFault(this.#token.at, problem, expected);
  }
}
