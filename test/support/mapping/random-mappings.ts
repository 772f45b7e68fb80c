import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../../core/api/index.ts';

/** Few names, so that the paths of mappings meet the members of events; hostile ones among them. */
const names = ['a', 'b', 'c', '0', '__proto__', 'constructor', 'prototype', 'toString'];
const name = fc.constantFrom(...names);

const scalar = fc.oneof(
  fc.constantFrom<JsonValue>(null, true, false, 0, 1.5, '', ' ', 'a', 'Ab', '12.50', '{"a":1}', '[1', '__proto__'),
  fc.string({ maxLength: 5 }),
  fc.integer(),
);

function objectOf(value: fc.Arbitrary<JsonValue>): fc.Arbitrary<JsonObject> {
  return fc.array(fc.tuple(name, value), { maxLength: 5 }).map(ownMembers);
}

/** As JSON.parse makes an object: `__proto__` is a member. */
export function ownMembers(entries: readonly (readonly [string, JsonValue])[]): JsonObject {
  const object = {};
  for (const [member, value] of entries)
    Object.defineProperty(object, member, { value, enumerable: true, writable: true, configurable: true });
  return object;
}

const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    objectOf(tie('value')),
  ),
}));

export const randomEvent: fc.Arbitrary<JsonObject> = objectOf(value);

const path = fc.oneof(
  fc.constant('$'),
  fc.array(name, { minLength: 1, maxLength: 3 }).map((steps) => `$.${steps.join('.')}`),
);
const flag = fc.boolean();
/** Texts that a mapping refuses: paths and templates without their directive. */
const mistaken = /^\$[.[]|\{\{.*\}\}/s;

/** Right sides that the naive interpreter knows. */
export const { side: randomSide } = fc.letrec<{ side: JsonValue }>((tie) => {
  const side = tie('side');
  const template = fc
    .array(
      fc.oneof(
        path.map((one) => `{{${one}}}`),
        fc.constantFrom('x', ' ', '}'),
      ),
      { maxLength: 4 },
    )
    .map((parts) => parts.join(''));
  return {
    side: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      path.map((one) => ({ '@path': one })),
      scalar.map((one) => (typeof one === 'string' && mistaken.test(one) ? { '@literal': one } : one)),
      fc.array(side, { maxLength: 3 }),
      objectOf(side),
      value.map((one) => ({ '@literal': one })),
      template.map((text) => ({ '@template': text })),
      fc.tuple(fc.constantFrom('exists', 'blank'), side, side, side).map(([test, tested, yes, no]) => ({
        '@if': ownMembers([
          // A raw text, number or boolean is refused there, as it always exists.
          [test, typeof tested === 'object' ? tested : { '@literal': tested }],
          ['then', yes],
          ['else', no],
        ]),
      })),
      fc.record({ operator: fc.constantFrom('lower', 'upper'), value: side }).map((one) => ({ '@case': one })),
      fc
        .record({
          pattern: fc.constantFrom('a', 'aa', '"', '1'),
          replacement: fc.constantFrom('', 'b', '$&'),
          value: side,
        })
        .map((one) => ({ '@replace': one })),
      fc.tuple(path, side).map((parts) => ({ '@arrayPath': parts })),
      fc
        .record({ value: side, separator: fc.constantFrom('.', '_'), omitArrays: flag })
        .map((one) => ({ '@flatten': one })),
      fc.record({ mode: fc.constantFrom('encode', 'decode'), value: side }).map((one) => ({ '@json': one })),
      fc
        .record({ direction: fc.constantFrom('left', 'right'), objects: fc.array(side, { maxLength: 3 }) })
        .map((one) => ({ '@merge': one })),
      fc.record({ apply: side, mapping: side }).map((one) => ({ '@transform': one })),
      side.map((one) => ({ '@excludeWhenNull': one })),
      fc
        .record({ value: side, to: fc.tuple(name, side).map((row) => ownMembers([row])), else: side })
        .map((one) => ({ '@map': one })),
    ),
  };
});

/** Right sides of all directives, whatever fits their values. */
export const anySide: fc.Arbitrary<JsonValue> = fc.oneof(
  randomSide,
  fc
    .record({
      value: randomSide,
      algorithm: fc.constantFrom('sha256', 'md5'),
      as: fc.constantFrom('text', 'email', 'phone', 'e164'),
    })
    .map((one) => ({ '@hash': one })),
  fc.record({ value: randomSide, from: fc.constantFrom('seconds', 'ms', 'iso') }).map((one) => ({ '@date': one })),
  path.map((one) => ({ '@number': { '@path': one } })),
  fc
    .array(fc.oneof(path, fc.tuple(path, path), fc.tuple(path, path, path)), { minLength: 1, maxLength: 4 })
    .map((one) => ({
      '@sum': one,
    })),
  randomSide.map((one) => ({ '@arrayPath': [{ '@json': { mode: 'decode', value: one } }, { '@path': '$' }] })),
);

/** Targets of which none lies in another. */
export const randomTargets = fc.uniqueArray(
  fc.constantFrom('a.x', 'a.b.c', 'a.b.d', 'b', 'c.0', '__proto__.x', 'constructor.prototype.x', 'toString', 'new.one'),
  { maxLength: 6 },
);
