import { describe, expect, it } from '@jest/globals';
import { isEqual } from '../../../core/mapping/fql/equal-content.ts';
import type { JsonValue } from '../../../core/api/index.ts';

const parse = (text: string): JsonValue => JSON.parse(text) as JsonValue;

describe('content', () => {
  it.each<[JsonValue | undefined, JsonValue | undefined]>([
    [undefined, null],
    [1, 1],
    [0, -0],
    [
      [1, [2]],
      [1, [2]],
    ],
    [
      { a: 1, b: [{ c: null }] },
      { b: [{ c: null }], a: 1 },
    ],
    [{ a: undefined }, {}],
    [{ a: undefined, b: 1 }, { b: 1 }],
    [parse('{"__proto__":{"a":1}}'), parse('{"__proto__":{"a":1}}')],
  ])('is equal both ways: %j, %j', (a, b) => {
    expect([isEqual(a, b), isEqual(b, a)]).toEqual([true, true]);
  });

  it.each<[JsonValue | undefined, JsonValue | undefined]>([
    [undefined, 0],
    [null, ''],
    [null, {}],
    [1, '1'],
    [1, true],
    [[1], [1, 2]],
    [
      [1, 2],
      [1, 3],
    ],
    [[], {}],
    [[1], { 0: 1 }],
    [[null], []],
    [{ a: 1 }, { a: 1, b: 1 }],
    [{ a: 1 }, { b: 1 }],
    [{ a: null }, {}],
    [{ a: null }, { a: undefined }],
    [
      { a: null, b: 1 },
      { a: undefined, b: 1 },
    ],
    [{ a: null }, { b: null }],
    [
      { a: undefined, b: 1 },
      { a: 1, b: undefined },
    ],
    [
      { a: null, b: 1 },
      { a: undefined, b: 1, c: 2 },
    ],
    [parse('{"__proto__":{}}'), { a: 1 }],
    [parse('{"__proto__":{}}'), {}],
  ])('differs both ways: %j, %j', (a, b) => {
    expect([isEqual(a, b), isEqual(b, a)]).toEqual([false, false]);
  });

  it('of what has a JSON of its own is that JSON: two times are equal if they are the same', () => {
    const at = (ms: number) => ({ list: [new Date(ms)] }) as unknown as JsonValue;
    expect([isEqual(at(0), at(0)), isEqual(at(0), at(5))]).toEqual([true, false]);
    expect(isEqual(at(0), { list: ['1970-01-01T00:00:00.000Z'] })).toBe(true);
  });

  it('is compared to a thousand levels, so that no nesting exhausts the stack', () => {
    const nested = (depth: number) => parse('['.repeat(depth) + ']'.repeat(depth));
    expect(isEqual(nested(1_000), nested(1_000))).toBe(true);
    expect(isEqual(nested(200_000), nested(200_000))).toBe(false);
  });
});
