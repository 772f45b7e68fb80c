import { plainDecimal } from '../../api/fields/casts.ts';
import { printPath } from '../event-path.ts';
import { printQuoted } from '../quoted-text.ts';
import { isBareWord, isOfEvent } from './bare-word.ts';
import type { Comparison, Condition, LiteralValue, Operand } from './syntax-tree.ts';

/** The text of a query, or of a part of one. `parseQuery` makes the same tree of it. */
export function printQuery(part: Condition): string {
  switch (part.kind) {
    case 'and':
    case 'or':
      return part.terms
        .map((term) => (needsParentheses(term, part.kind) ? grouped(term) : printQuery(term)))
        .join(` ${part.kind} `);
    case 'not':
      return `!${part.term.kind === 'path' || part.term.kind === 'call' ? printQuery(part.term) : grouped(part.term)}`;
    case 'comparison':
      return printComparison(part);
    case 'path':
      return printPath(part.steps);
    case 'call':
      return `${part.name}(${part.inputs.map(printInput).join(', ')})`;
    case 'literal':
      return printLiteral(part.value);
  }
}

function printComparison({ sign, sides: [first, second] }: Comparison): string {
  const start = isOfEvent(second) ? printAsPath(first) : printQuery(first);
  return `${start} ${sign} ${printAsPath(second)}`;
}

const printInput = (input: Operand, index: number): string => (index === 1 ? printAsPath(input) : printQuery(input));

/** A single word says that it is a path where it would look like a text without quotes. */
function printAsPath(operand: Operand): string {
  const text = printQuery(operand);
  return isBareWord(operand) && !text.startsWith('$') ? `$.${text}` : text;
}

const grouped = (part: Condition): string => `(${printQuery(part)})`;

/** `and` binds more tightly than `or`; two junctions of one kind are apart only by parentheses. */
const needsParentheses = (term: Condition, kind: 'and' | 'or'): boolean =>
  term.kind === 'or' || (term.kind === 'and' && kind === 'and');

function printLiteral(value: LiteralValue): string {
  if (typeof value === 'string') return printQuoted(value);
  if (typeof value === 'number') return plainDecimal(value);
  return typeof value === 'object' && value !== null ? `[${value.map(printLiteral).join(', ')}]` : String(value);
}
