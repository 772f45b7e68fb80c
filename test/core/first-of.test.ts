import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { CdpEvent, JsonValue } from '../../core/api/event.ts';
import { castFound, firstIdOf, firstOf } from '../../core/api/events/first-of.ts';
import { optionReader } from '../../core/api/events/integrations.ts';
import { isNoId, usableId } from '../../core/api/person/identifier.ts';
import { trimInvisible } from '../../core/api/fields/trim-invisible.ts';
import { isBlank, isMissing } from '../../core/api/fields/mapping.ts';
import { asAmount } from '../../core/api/fields/casts.ts';

const track = (properties: unknown, more: object = {}): CdpEvent =>
  ({ type: 'track', event: 'Order Completed', properties, ...more }) as CdpEvent;

describe('isMissing and isBlank', () => {
  const rows: [JsonValue | undefined, boolean, boolean][] = [
    [undefined, true, true],
    [null, true, true],
    ['', false, true],
    [' \u00a0\n', false, true],
    ['0', false, false],
    [0, false, false],
    [NaN, false, false],
    [false, false, false],
    [[], false, false],
    [{}, false, false],
  ];

  it('missing is undefined or null; blank is also text without a letter', () => {
    expect(rows.map(([value]) => [value, isMissing(value), isBlank(value)])).toEqual(rows);
  });
});

describe('firstOf', () => {
  const total = firstOf(['properties.total', 'properties.revenue', 'context.value'], asAmount);
  const email = firstOf(['context.traits.email', 'properties.email']);

  it('takes the first path whose value casts, and says which', () => {
    expect(total(track({ total: 'free', revenue: '12.50' }))).toEqual({ value: 12.5, path: 'properties.revenue' });
    expect(total(track({ total: 0, revenue: 5 }))).toEqual({ value: 0, path: 'properties.total' });
    expect(total(track({ total: null }, { context: { value: 3 } }))).toEqual({ value: 3, path: 'context.value' });
    expect(total(track({ total: [], revenue: '1,5' }))).toBeUndefined();
  });

  it('takes the first value that is not blank where there is no cast, as it is', () => {
    expect(email(track({ email: ' a ' }, { context: { traits: { email: ' ' } } }))).toEqual({
      value: ' a ',
      path: 'properties.email',
    });
    expect(email(track({ email: false }))).toEqual({ value: false, path: 'properties.email' });
    expect(email(track({ email: null }, { context: 'text' }))).toBeUndefined();
  });

  it('never gives a cast undefined or null', () => {
    const seen: JsonValue[] = [];
    firstOf(['properties.a', 'properties.b'], (value) => void seen.push(value))(track({ a: null }));
    expect(seen).toEqual([]);
  });

  it('never throws, whatever the event is', () => {
    fc.assert(fc.property(fc.json(), (json) => void [total, email].map((read) => read(JSON.parse(json) as CdpEvent))));
  });
});

describe('usableId', () => {
  it.each([
    [' o-17 ', 'o-17'],
    [17, '17'],
    ['A0', 'A0'],
    [Number.MAX_SAFE_INTEGER, '9007199254740991'],
  ])('%j may be an id', (value, id) => {
    expect(usableId(value)).toBe(id);
  });

  it.each([
    '',
    ' ',
    '0',
    '00000000-0000-0000-0000-000000000000',
    0,
    -0,
    1.5,
    2 ** 53,
    NaN,
    Infinity,
    true,
    false,
    null,
    {},
    [],
    ['x'],
  ])('%j is no id', (value) => {
    expect(usableId(value)).toBeUndefined();
  });

  const words = [
    'null',
    'undefined',
    'None',
    'nil',
    'NaN',
    'N/A',
    'na',
    'unset',
    '(null)',
    '<null>',
    '[null]',
    '{null}',
  ];
  const written = [
    '[object Object]',
    '[object Undefined]',
    '(not set)',
    '"undefined"',
    "'null'",
    '""',
    '["null"]',
    '{}',
    '[]',
    '\\N',
    '#N/A',
    '#NULL!',
    '<no value>',
    '<nil>',
    'not_set',
    'Not-Set',
    '(not provided)',
    '"0"',
    '(0)',
    "'0000'",
    '{00000000-0000-0000-0000-000000000000}',
    '["{00000000-0000-0000-0000-000000000000}"]',
    '0.0',
    '-',
    '[\u200B]',
  ];

  it.each([...words, ...written])('F-52 %s is a word for nothing, in any case', (word) => {
    for (const spelling of [word, word.toUpperCase(), word.toLowerCase(), `  ${word}\n`, `\u200B${word}\uFEFF`]) {
      expect([spelling, usableId(spelling), isNoId(spelling)]).toEqual([spelling, undefined, true]);
    }
  });

  it.each([
    'nullable',
    'undefined-1',
    'none2',
    'Nancy',
    'nil/1',
    '(A-1)',
    '{A-1}',
    '[]x',
    '("',
    'U',
    'N',
    'unknown',
    'anonymous',
    '0x1F',
    '-17',
    'null null',
    'Na',
    'Nan',
    '#1001',
    '#NA-7',
    '\\Nora',
    '<A-1>',
    '"17"',
    '{00000000-0000-0000-0000-000000000001}',
    '0.01',
    '0.0.0',
    'not_set_1',
    'truest',
    'trues',
  ])('F-52 %s only looks like a word for nothing', (id) => {
    expect([usableId(id), isNoId(id)]).toEqual([id, false]);
  });

  it.each(['\u200B', '\uFEFF\u2060', ' \u00AD\n', '\u2066\u2069'])('F-52 an id that nobody sees is none', (value) => {
    expect([usableId(value), isNoId(value)]).toEqual([undefined, true]);
    expect(usableId(`${value}A-1${value}`)).toBe('A-1');
  });

  it.each(['true', 'False', 'TRUE', ' false\u200B'])(
    'F-51 the text %j is no id, and a mistake as a boolean is',
    (value) => {
      expect([usableId(value), isNoId(value)]).toEqual([undefined, false]);
    },
  );

  it.each<[JsonValue | undefined, boolean]>([
    [undefined, true],
    [null, true],
    [' ', true],
    [0, true],
    [-0, true],
    [NaN, true],
    ['0', true],
    ['00000000-0000-0000-0000-000000000000', true],
    [{}, true],
    [[], true],
    [false, false],
    [true, false],
    [1.5, false],
    [2 ** 53, false],
    [Infinity, false],
    [{ id: 'A-1' }, false],
    [['A-1'], false],
    ['A-1', false],
  ])('F-52 %j says that there is no id: %s', (value, says) => {
    expect(isNoId(value)).toBe(says);
  });

  it.each([2 ** 53, -(2 ** 53), 2 ** 53 + 2, 1e21])('F-50 %d has lost its digits, so it is no id', (value) => {
    expect(usableId(value)).toBeUndefined();
    expect(isNoId(value)).toBe(false);
  });

  it('gives trimmed text or nothing, for any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const id = usableId(value as JsonValue);
        expect(id === undefined || (trimInvisible(id) === id && id !== '' && !/^[0-]+$/.test(id))).toBe(true);
      }),
    );
  });
});

describe('firstIdOf', () => {
  const cartIdOf = firstIdOf(['properties.cart_id', 'properties.cartId']);

  it.each<[string, object, unknown]>([
    ['F-50 a number beyond 2^53', { cart_id: 2 ** 53 }, 'properties.cart_id'],
    ['F-51 a boolean', { cart_id: false, cartId: true }, 'properties.cart_id'],
    ['F-51 the text of a boolean', { cart_id: 'false' }, 'properties.cart_id'],
    ['F-51 a boolean in the second place', { cartId: false }, 'properties.cartId'],
    ['a list', { cart_id: null, cartId: ['C-1'] }, 'properties.cartId'],
  ])('%s is unusable, and its path says where', (_, properties, path) => {
    expect(cartIdOf(track(properties))).toEqual({ value: undefined, path });
  });

  it.each([undefined, null, '', ' ', 'null', '(not set)', 0, '0000', [], {}])('F-52 %j says nothing', (cart_id) => {
    expect(cartIdOf(track({ cart_id }))).toBeUndefined();
    expect(cartIdOf(track({ cart_id, cartId: 'C-2' }))).toEqual({ value: 'C-2', path: 'properties.cartId' });
  });

  it('takes the next path where the first is unusable', () => {
    expect(cartIdOf(track({ cart_id: false, cartId: ' C-2 ' }))).toEqual({ value: 'C-2', path: 'properties.cartId' });
    expect(cartIdOf(track({ cart_id: 7, cartId: 'C-2' }))).toEqual({ value: '7', path: 'properties.cart_id' });
  });

  it('F-51 asks a reader in its turn, and says where that one read', () => {
    const optionOf = optionReader({ displayName: 'Acme', slug: 'acme', aliases: [] } as never, 'cart');
    const idOf = firstIdOf([optionOf, 'properties.cart_id']);
    const found = (cart: JsonValue, cart_id: JsonValue) =>
      idOf(track({ cart_id }, { integrations: { Acme: { cart } } }));
    const option = 'integrations.Acme.cart';
    expect(found('C-1', 'C-2')).toEqual({ value: 'C-1', path: option });
    expect(found(7, 'C-2')).toEqual({ value: '7', path: option });
    expect(found(false, 'C-2')).toEqual({ value: 'C-2', path: 'properties.cart_id' });
    expect(found(false, ['C-2'])).toEqual({ value: undefined, path: option });
    expect(found('null', false)).toEqual({ value: undefined, path: 'properties.cart_id' });
    expect(idOf(track({}))).toBeUndefined();
  });

  it('takes a cast of its own', () => {
    const asHex = (value: JsonValue) => (typeof value === 'string' && /^[\da-f]+$/.test(value) ? value : undefined);
    const hexOf = firstIdOf(['properties.a', 'properties.b'], asHex);
    expect(hexOf(track({ a: 'xyz', b: 'ff' }))).toEqual({ value: 'ff', path: 'properties.b' });
    expect(hexOf(track({ a: 'xyz', b: 'null' }))).toEqual({ value: undefined, path: 'properties.a' });
  });
});

describe('castFound', () => {
  it('casts what a reader returned, and keeps its path', () => {
    const asUpper = (value: JsonValue) => (typeof value === 'string' ? value.toUpperCase() : undefined);
    expect(castFound({ value: 'ab', path: 'context.device.idfa' }, asUpper)).toEqual({
      value: 'AB',
      path: 'context.device.idfa',
    });
    expect(castFound({ value: 7, path: 'userId' }, asUpper)).toBeUndefined();
    expect(castFound(undefined, asUpper)).toBeUndefined();
  });
});
