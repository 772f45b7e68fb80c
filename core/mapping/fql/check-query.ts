import { suggestion } from '../../api/suggestion.ts';
import { indexInQuotes } from '../quoted-text.ts';
import { SyntaxFault } from '../syntax-issue.ts';
import { isBareWord, isOfEvent } from './bare-word.ts';
import { globMatcher } from './glob-matcher.ts';
import { queryFunctions } from './query-functions.ts';
import { isOperand, type Call, type Comparison, type Condition, type Operand } from './syntax-tree.ts';
import { isKeyword } from './token.ts';
import { typeOf, valueTypes, type ValueType } from './value-type.ts';

/**
 * What in a query can never be true, or has no meaning: an unknown function, inputs that are missing or too many, a
 * pattern that is none, a text or a number in the place of a condition, a comparison with what cannot be compared. Each
 * is most likely a slip, and a filter that means something else than it says sends data that it must not.
 */
export function checkQuery(query: string, tree: Condition): readonly SyntaxFault[] {
  const faults: SyntaxFault[] = [];
  checkCondition(query, tree, faults);
  const beyond = walksIn(tree)[mostWalks];
  if (beyond !== undefined)
    faults.push(
      new SyntaxFault(
        beyond.at,
        'the query has too many parts that go through a whole text or list',
        `at most ${mostWalks} functions, comparisons of two paths, and lists of the event`,
      ),
    );
  return faults.slice(0, mostFaults);
}

/** More of them nobody reads, and a hostile query has thousands. */
const mostFaults = 20;

/** Each may go through the longest text or list that an event has, and a pattern keeps tables for its signs. */
const mostWalks = 200;

function checkCondition(query: string, part: Condition, faults: SyntaxFault[]): void {
  if (faults.length >= mostFaults) return;
  if (isOperand(part)) {
    checkOperand(query, part, faults);
    checkTruth(part, faults);
  } else if (part.kind === 'comparison') checkComparison(query, part, faults);
  else if (part.kind === 'not') checkCondition(query, part.term, faults);
  else for (const term of part.terms) checkCondition(query, term, faults);
}

/** The type that an operand has whenever it is not null; `undefined` if that depends on the event. */
function typeOfOperand(operand: Operand): ValueType | undefined {
  if (operand.kind === 'literal') return typeOf(operand.value);
  return operand.kind === 'call' ? queryFunctions.get(operand.name)?.gives : undefined;
}

/** The parts that take the longer, the longer a text or a list of the event is. */
function walksIn(part: Condition): readonly (Comparison | Call)[] {
  switch (part.kind) {
    case 'and':
    case 'or':
      return part.terms.flatMap(walksIn);
    case 'not':
      return walksIn(part.term);
    case 'comparison': {
      const inSides = part.sides.flatMap(walksIn);
      return isWalk(part) ? [part, ...inSides] : inSides;
    }
    case 'call':
      return [part, ...part.inputs.flatMap(walksIn)];
    case 'path':
    case 'literal':
      return [];
  }
}

function isWalk({ sign, sides: [first, second] }: Comparison): boolean {
  if (sign === 'in') return second.kind !== 'literal';
  return (sign === '=' || sign === '!=') && first.kind !== 'literal' && second.kind !== 'literal';
}

function checkTruth(operand: Operand, faults: SyntaxFault[]): void {
  const type = typeOfOperand(operand);
  if (type !== undefined && type !== 'bool' && type !== 'null')
    faults.push(
      new SyntaxFault(operand.at, `a ${type === 'string' ? 'text' : type} is no condition`, 'a comparison of it'),
    );
}

function checkComparison(query: string, { sign, sides }: Comparison, faults: SyntaxFault[]): void {
  for (const side of sides) checkOperand(query, side, faults);
  const [first, second] = sides;
  if ((sign === '=' || sign === '!=' || sign === 'in') && isOfEvent(second)) checkBareWord(query, first, faults);
  if (sign === '=' || sign === '!=') {
    if (first.kind !== 'literal') checkBareWord(query, second, faults);
    checkTypeName(first, second, faults);
    checkTypeName(second, first, faults);
  } else if (sign === 'in') {
    const type = typeOfOperand(second);
    if (type !== undefined && type !== 'list')
      faults.push(new SyntaxFault(second.at, '"in" looks into lists alone', 'a list, or contains(text, part)'));
    checkTypeName(first, second, faults);
  } else
    for (const side of sides) {
      const type = typeOfOperand(side);
      if (type !== undefined && type !== 'number')
        faults.push(new SyntaxFault(side.at, `"${sign}" compares numbers alone`, 'a number, as 10, or number(path)'));
    }
}

function checkBareWord(query: string, operand: Operand | undefined, faults: SyntaxFault[]): void {
  if (operand === undefined || !isBareWord(operand) || query[operand.at] === '$') return;
  const word = operand.steps[0].toLowerCase();
  const spelling = isKeyword(word) ? `"${word}" in lower case` : 'quotes around a text';
  const expected = `${spelling}, or $. before the name of a field at the top of the event`;
  faults.push(new SyntaxFault(operand.at, 'this word is no field of events', expected));
}

/** `typeof(x) = 'boolean'` is never true, and its negation always. */
function checkTypeName(call: Operand, names: Operand, faults: SyntaxFault[]): void {
  if (call.kind !== 'call' || call.name !== 'typeof' || names.kind !== 'literal') return;
  const values: readonly unknown[] = Array.isArray(names.value) ? names.value : [names.value];
  if (values.some((value) => !(valueTypes as readonly unknown[]).includes(value)))
    faults.push(new SyntaxFault(names.at, 'typeof() never gives this', `one of '${valueTypes.join("', '")}'`));
}

function checkOperand(query: string, operand: Operand, faults: SyntaxFault[]): void {
  if (operand.kind !== 'call') return;
  const known = queryFunctions.get(operand.name);
  if (known === undefined) faults.push(unknownFunction(operand));
  else if (known.inputs.length !== operand.inputs.length) {
    const form = `${operand.name}(${known.inputs.join(', ')})`;
    faults.push(
      new SyntaxFault(
        operand.at,
        `${operand.name}() takes ${known.inputs.length === 1 ? 'one input' : 'two inputs'}`,
        form,
      ),
    );
  } else if (operand.name === 'match') checkPattern(query, operand.inputs[1] as Operand, faults);
  if (operand.name === 'contains') checkBareWord(query, operand.inputs[1], faults);
  for (const input of operand.inputs) checkOperand(query, input, faults);
}

function unknownFunction({ at, name }: Call): SyntaxFault {
  const names = [...queryFunctions.keys()];
  const list = `one of ${names.join(', ')}`;
  const hint = suggestion(name, names);
  return new SyntaxFault(at, `there is no function "${name}"`, hint.startsWith('do') ? `${list}; ${hint}` : list);
}

function checkPattern(query: string, pattern: Operand, faults: SyntaxFault[]): void {
  if (pattern.kind !== 'literal' || typeof pattern.value !== 'string') {
    const form = "a text in quotes, as in match(event, 'Order *')";
    faults.push(new SyntaxFault(pattern.at, 'the second input of match() is a pattern, the same for all events', form));
    return;
  }
  try {
    globMatcher(pattern.value);
  } catch (error) {
    if (!(error instanceof SyntaxFault)) throw error;
    faults.push(new SyntaxFault(indexInQuotes(query, pattern.at, error.at), error.problem, error.expected));
  }
}
