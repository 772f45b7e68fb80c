import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hasLongInteger, parseJson } from '../../core/parse-json.ts';

describe('F-50 JSON with numbers beyond 2^53', () => {
  test.each([
    ['{"order_id":9007199254740993}', { order_id: '9007199254740993' }],
    ['[-9007199254740993,[12345678901234567890]]', ['-9007199254740993', ['12345678901234567890']]],
    ['9007199254740992', '9007199254740992'],
    ['{"a":9007199254740991,"b":-9007199254740991}', { a: 9_007_199_254_740_991, b: -9_007_199_254_740_991 }],
    [
      '{"a":9007199254740993.5,"b":0.30000000000000004,"c":1e21}',
      { a: Number('9007199254740993.5'), b: 0.1 + 0.2, c: 1e21 },
    ],
    ['{"a\\\\\\"1":"9007199254740993","b":9007199254740993}', { 'a\\"1': '9007199254740993', b: '9007199254740993' }],
    ['{"id":1,"id":9007199254740993,"__proto__":{"x":1}}', JSON.parse('{"id":"9007199254740993","__proto__":{"x":1}}')],
  ])('%s', (text, value) => expect(parseJson(text)).toEqual(value));

  test.each([
    ['{"timestamp":1767225600123456,"a":-1767225600123456}', false],
    ['{"id":"9007199254740993","b":"x\\"12345678901234567"}', false],
    ['{"id":"x","b":9007199254740992}', true],
    ['{"id":"x","b":-12345678901234567}', true],
    ['{"id":"x","b":0.12345678901234567}', false],
  ])('%s needs the slow lossless parser: %s', (text, expected) => expect(hasLongInteger(text)).toBe(expected));

  test('a long integer is found wherever it stands', () => {
    for (let before = 0; before < 40; before += 1)
      for (const digits of ['9007199254740993', '-12345678901234567', '9'.repeat(40)]) {
        const text = `{"${'1'.repeat(before % 16)}${'x'.repeat(before)}":${digits}}`;
        expect(hasLongInteger(text)).toBe(true);
        expect(hasLongInteger(text.replace(digits, `"${digits}"`))).toBe(false);
      }
  });

  test('a megabyte of digits in a string takes no longer than any other', () => {
    const startedAt = performance.now();
    expect(hasLongInteger(`{"id":"${'9'.repeat(1_000_000)}"}`)).toBe(false);
    expect(hasLongInteger(`{"id":"a ${'9'.repeat(1_000_000)} b","n":9007199254740993}`)).toBe(true);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  test('a whole number of any size is a number while it is safe, and else its digits', () => {
    const wholes = fc.oneof(fc.bigInt({ min: 8n * 10n ** 15n, max: 2n ** 53n + 10n ** 15n }), fc.bigInt());
    fc.assert(
      fc.property(wholes, (whole) => {
        const number = Number(whole);
        expect(parseJson(`[${whole}]`)).toEqual([Number.isSafeInteger(number) ? number : String(whole)]);
      }),
    );
  });

  test('what is nested too deeply for the lossless parser is read as before', () => {
    const depth = 100_000;
    expect(() => parseJson(`${'['.repeat(depth)}9007199254740993${']'.repeat(depth)}`)).not.toThrow();
  });

  test('anything else is read as JSON.parse reads it, and refused where it refuses', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify([value, 1234567890123456]);
        const isLong = (part: unknown): boolean =>
          typeof part === 'number' && /^-?\d+$/.test(String(part)) && !Number.isSafeInteger(part);
        const expected: unknown = JSON.parse(text, (_, part: unknown) => (isLong(part) ? String(part) : part));
        expect(parseJson(text)).toEqual(expected);
      }),
    );
    for (const text of ['', '{"a":9007199254740993', '{"a":09007199254740993}', '"9007199254740993'])
      expect(() => parseJson(text)).toThrow(SyntaxError);
  });
});
