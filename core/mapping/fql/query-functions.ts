import { asAmount, plainDecimal } from '../../api/fields/casts.ts';
import type { JsonValue } from '../../api/event.ts';
import { hasPart } from './text-search.ts';
import { typeOf, type ValueType } from './value-type.ts';

type Input = JsonValue | undefined;

/** A function of queries. It takes any values: of those that do not fit, a test is false, and anything else null. */
export interface QueryFunction {
  /** The names of its inputs, for people. */
  readonly inputs: readonly string[];
  /** What it gives where it does not give null. */
  readonly gives: ValueType;
  readonly of: (first: Input, second: Input) => JsonValue;
}

/** A function of texts, which gives null for anything else. */
const ofText = (of: (text: string) => JsonValue): QueryFunction => ({
  inputs: ['text'],
  gives: 'string',
  of: (value) => (typeof value === 'string' ? of(value) : null),
});

const firstSigns = /(?<!\S)\S/gu;

/** By name. The pattern of `match` is a literal, compiled with the query, so that function is `globMatcher`. */
export const queryFunctions: ReadonlyMap<string, QueryFunction> = new Map<string, QueryFunction>([
  ['bool', { inputs: ['value'], gives: 'bool', of: asBool }],
  [
    'contains',
    {
      inputs: ['text', 'part'],
      gives: 'bool',
      of: (text, part) => typeof text === 'string' && typeof part === 'string' && hasPart(text, part),
    },
  ],
  ['kebabcase', ofText((text) => text.replaceAll(' ', '-'))],
  ['length', { inputs: ['value'], gives: 'number', of: lengthOf }],
  ['lowercase', ofText((text) => text.toLowerCase())],
  ['match', { inputs: ['text', "'pattern'"], gives: 'bool', of: () => false }],
  ['number', { inputs: ['value'], gives: 'number', of: (value) => asAmount(value ?? null) ?? null }],
  ['snakecase', ofText((text) => text.replaceAll(' ', '_'))],
  ['string', { inputs: ['value'], gives: 'string', of: asString }],
  ['titlecase', ofText((text) => text.replaceAll(firstSigns, (sign) => sign.toUpperCase()))],
  ['typeof', { inputs: ['value'], gives: 'string', of: typeOf }],
  ['uppercase', ofText((text) => text.toUpperCase())],
]);

function asBool(value: Input): boolean | null {
  if (typeof value === 'boolean') return value;
  if (value === 1 || value === 0) return value === 1;
  const word = typeof value === 'string' && value.length <= 'false'.length ? value.toLowerCase() : undefined;
  return word === 'true' ? true : word === 'false' ? false : null;
}

function asString(value: Input): string | null {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  return typeof value === 'number' && Number.isFinite(value) ? plainDecimal(value) : null;
}

/** Elements of a list, bytes of a text in UTF-8; nothing has none. */
function lengthOf(value: Input): number | null {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  return value === undefined || value === null ? 0 : null;
}
