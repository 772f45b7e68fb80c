import type { JsonValue } from '../../api/event.ts';
import { pathReader, type PathReader } from '../path-reader.ts';
import { isEqual } from './equal-content.ts';
import { globMatcher } from './glob-matcher.ts';
import { queryFunctions, type QueryFunction } from './query-functions.ts';
import type { Call, Comparison, Condition, Operand } from './syntax-tree.ts';

/** Whether a condition holds for an event. */
export type Test = (event: object) => boolean;

/**
 * Compiles a condition to a closure, which makes no object for an event. A path in the place of a condition counts as
 * false unless it is true: what else it may be is for the whole query to judge. The tree has passed `checkQuery`.
 */
export function compileCondition(part: Condition): Test {
  switch (part.kind) {
    case 'and':
      return all(part.terms.map(compileCondition));
    case 'or':
      return any(part.terms.map(compileCondition));
    case 'not': {
      const test = compileCondition(part.term);
      return (event) => !test(event);
    }
    case 'comparison':
      return compileComparison(part);
    case 'path':
    case 'call':
    case 'literal': {
      const read = compileOperand(part);
      return (event) => read(event) === true;
    }
  }
}

function all(tests: readonly Test[]): Test {
  const [first, second] = tests as readonly [Test, Test];
  if (tests.length === 2) return (event) => first(event) && second(event);
  return (event) => {
    for (const test of tests) if (!test(event)) return false;
    return true;
  };
}

function any(tests: readonly Test[]): Test {
  const [first, second] = tests as readonly [Test, Test];
  if (tests.length === 2) return (event) => first(event) || second(event);
  return (event) => {
    for (const test of tests) if (test(event)) return true;
    return false;
  };
}

/** Compiles an operand to what reads its value. */
export function compileOperand(operand: Operand): PathReader {
  if (operand.kind === 'path') return pathReader(operand.steps);
  if (operand.kind === 'call') return compileCall(operand);
  const { value } = operand;
  return () => value;
}

function compileCall({ name, inputs }: Call): PathReader {
  const [first = nothing, second = nothing] = inputs.map(compileOperand);
  if (name === 'match') {
    const matches = globMatcher(second(undefined) as string);
    return (event) => {
      const text = first(event);
      return typeof text === 'string' && matches(text);
    };
  }
  const { of } = queryFunctions.get(name) as QueryFunction;
  return (event) => of(first(event), second(event));
}

const nothing: PathReader = () => undefined;

function compileComparison({ sign, sides }: Comparison): Test {
  const [first, second] = sides.map(compileOperand) as [PathReader, PathReader];
  switch (sign) {
    case '=':
      return equality(sides, first, second);
    case '!=': {
      const isSame = equality(sides, first, second);
      return (event) => !isSame(event);
    }
    case 'in':
      return membership(sides[1], first, second);
    case '>':
    case '>=':
    case '<':
    case '<=': {
      const holds = orders[sign];
      return (event) => {
        const a = first(event);
        const b = second(event);
        return typeof a === 'number' && typeof b === 'number' && holds(a, b);
      };
    }
  }
}

const orders: Readonly<Record<'>' | '>=' | '<' | '<=', (a: number, b: number) => boolean>> = {
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
};

function equality([one, other]: Comparison['sides'], first: PathReader, second: PathReader): Test {
  if (isPlain(other)) return equalityTo(other.value, first);
  if (isPlain(one)) return equalityTo(one.value, second);
  return (event) => isEqual(first(event), second(event));
}

/** A literal that is a value of its own, not a list: strictly equal is all that it can be. */
const isPlain = (operand: Operand): operand is Operand & { readonly value: string | number | boolean | null } =>
  operand.kind === 'literal' && (typeof operand.value !== 'object' || operand.value === null);

const equalityTo = (value: JsonValue, read: PathReader): Test =>
  value === null ? (event) => (read(event) ?? null) === null : (event) => read(event) === value;

function membership(list: Operand, first: PathReader, second: PathReader): Test {
  const literals: readonly JsonValue[] | undefined =
    list.kind === 'literal' && Array.isArray(list.value) ? list.value : undefined;
  if (literals?.every((element) => typeof element !== 'object' || element === null) === true) {
    const elements: ReadonlySet<unknown> = new Set(literals);
    return (event) => elements.has(first(event) ?? null);
  }
  return (event) => {
    const elements = second(event);
    if (!Array.isArray(elements)) return false;
    const value = first(event);
    for (const element of elements as readonly JsonValue[]) if (isEqual(value, element)) return true;
    return false;
  };
}
