import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { CdpEvent, JsonValue } from '../../core/api/event.ts';
import { castFound, firstOf } from '../../core/api/events/first-of.ts';
import { usableId } from '../../core/api/person/identifier.ts';
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

  it('gives trimmed text or nothing, for any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const id = usableId(value as JsonValue);
        expect(id === undefined || (id.trim() === id && id !== '' && !/^[0-]+$/.test(id))).toBe(true);
      }),
    );
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
