import fc from 'fast-check';
import type { JsonValue } from '../../../core/api/index.ts';
import type { PathStep, PathSteps } from '../../../core/mapping/event-path.ts';
import type { Comparison, Condition, LiteralValue, Operand } from '../../../core/mapping/fql/syntax-tree.ts';

const at = 0;

/** Few names, so that paths lead somewhere, and among them those that are no members to everybody. */
const usualNames = ['a', 'b', 'properties'];
const oddNames = ['and', '0', 'length', 'constructor', '__proto__', 'odd name', "it's", '\\', ''];

const step: fc.Arbitrary<PathStep> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<PathStep>(...usualNames) },
  { weight: 1, arbitrary: fc.constantFrom<PathStep>(...oddNames) },
  { weight: 1, arbitrary: fc.nat(1) },
);
export const steps: fc.Arbitrary<PathSteps> = fc.oneof(
  { weight: 20, arbitrary: fc.array(step, { minLength: 1, maxLength: 3 }) },
  { weight: 1, arbitrary: fc.constant<PathSteps>([]) },
);

const texts = ['', 'a', 'ab', 'A b', 'true', 'FALSE', '1', '-1.5', 'ü🙂', "it's", '\\', 'string', 'null'];
const scalars: readonly LiteralValue[] = [...texts, 0, 1, -1.5, 1e-7, 123_456.789, true, false, null];

const scalar: fc.Arbitrary<LiteralValue> = fc.constantFrom(...scalars);
const list: fc.Arbitrary<readonly LiteralValue[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: scalar },
    { weight: 1, arbitrary: fc.array(scalar, { maxLength: 2 }) as fc.Arbitrary<LiteralValue> },
  ),
  { maxLength: 3 },
);

const path: fc.Arbitrary<Operand> = steps.map((walk) => ({ kind: 'path', at, steps: walk }));
const literalOf = (value: fc.Arbitrary<LiteralValue>): fc.Arbitrary<Operand> =>
  value.map((of) => ({ kind: 'literal', at, value: of }));

/** Patterns that are patterns. */
export const pattern = fc
  .array(fc.constantFrom('*', '?', 'a', 'b', 'A', ' ', '[ab]', '[a-c]', 'x]', '\\*', '\\\\', '🙂', '[ü-🙂-]'), {
    maxLength: 6,
  })
  .map((pieces) => pieces.join(''));

const callOf = (functions: readonly string[], ...inputs: readonly fc.Arbitrary<Operand>[]): fc.Arbitrary<Operand> =>
  fc.tuple(fc.constantFrom(...functions), fc.tuple(...inputs)).map(([name, values]) => ({
    kind: 'call',
    at,
    name,
    inputs: values,
  }));

const textFunctions = ['lowercase', 'uppercase', 'snakecase', 'kebabcase', 'titlecase', 'string'];
const simple = fc.oneof({ weight: 4, arbitrary: path }, { weight: 1, arbitrary: literalOf(fc.oneof(scalar, list)) });
const input = fc.oneof({ weight: 6, arbitrary: simple }, { weight: 1, arbitrary: callOf(textFunctions, simple) });
const aNumber = fc.oneof(path, callOf(['length', 'number'], input), literalOf(fc.constantFrom(0, 1, 2, -1.5)));
const aBool = fc.oneof(
  callOf(['contains'], input, input),
  callOf(['match'], input, literalOf(pattern)),
  callOf(['bool'], input),
);
const anOperand = fc.oneof(
  { weight: 4, arbitrary: path },
  { weight: 2, arbitrary: literalOf(fc.oneof(scalar, list)) },
  { weight: 1, arbitrary: fc.oneof(aNumber, aBool, callOf(textFunctions, input)) },
);
const typeName = literalOf(fc.constantFrom('string', 'number', 'list', 'bool', 'null', 'object'));

const comparisonOf = <S extends Comparison['sign']>(
  signs: readonly S[],
  ...sides: readonly [fc.Arbitrary<Operand>, fc.Arbitrary<Operand>]
): fc.Arbitrary<Condition> =>
  fc
    .tuple(fc.constantFrom(...signs), ...sides)
    .map(([sign, first, second]) => ({ kind: 'comparison', at, sign, sides: [first, second] }));

const leaf: fc.Arbitrary<Condition> = fc.oneof(
  { weight: 3, arbitrary: comparisonOf(['=', '!='], anOperand, anOperand) },
  { weight: 2, arbitrary: comparisonOf(['>', '>=', '<', '<='], aNumber, aNumber) },
  { weight: 2, arbitrary: comparisonOf(['in'], anOperand, fc.oneof(path, literalOf(list))) },
  { weight: 1, arbitrary: comparisonOf(['=', '!='], callOf(['typeof'], input), typeName) },
  { weight: 2, arbitrary: aBool },
  { weight: 1, arbitrary: path },
  { weight: 1, arbitrary: literalOf(fc.constantFrom(true, false, null)) },
);

/** Queries that `checkQuery` has nothing to say about, in which all parts stand at 0. */
export const query: fc.Arbitrary<Condition> = fc.letrec<{ query: Condition }>((tie) => ({
  query: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 3, arbitrary: leaf },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constantFrom('and' as const, 'or' as const),
        at: fc.constant(at),
        terms: fc.array(tie('query'), { minLength: 2, maxLength: 3 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('not' as const), at: fc.constant(at), term: tie('query') }),
    },
  ),
})).query;

const values: readonly JsonValue[] = [...scalars, [], {}, ['a', 1], [1, [null]], { a: 1 }, { b: { a: 'a' } }];

/** An event, made of few values by `next`, which gives a number from 0 to below 1. */
export function eventBy(next: () => number, levels = 2): Record<string, JsonValue> {
  const event: Record<string, JsonValue> = {};
  for (const name of usualNames) if (next() < 0.8) event[name] = valueBy(next, levels);
  if (next() < 0.5) {
    // An assignment to __proto__ would make no member.
    const value = valueBy(next, levels);
    Object.defineProperty(event, pick(next, oddNames), { value, enumerable: true, configurable: true, writable: true });
  }
  return event;
}

function valueBy(next: () => number, levels: number): JsonValue {
  const chance = next();
  if (levels === 0 || chance < 0.6) return pick(next, values);
  return chance < 0.9 ? eventBy(next, levels - 1) : [pick(next, values), eventBy(next, levels - 1)];
}

const pick = <T>(next: () => number, list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
