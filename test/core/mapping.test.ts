import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';
import { propertiesOf, type CdpEvent, type JsonObject, type JsonValue } from '../../core/api/event.ts';
import { eventTime } from '../../core/api/events/event-time.ts';
import { isObject, ownValue, reader, textReader, type Cast } from '../../core/api/fields/mapping.ts';
import { asAmount, asCount, asCurrency, asDecimal, asFlag, asText, plainDecimal } from '../../core/api/fields/casts.ts';

const track = (properties: unknown, more: object = {}): CdpEvent =>
  ({ type: 'track', event: 'Order Completed', properties, ...more }) as CdpEvent;

const monthEnds = (day: string): readonly string[] =>
  Array.from({ length: 12 }, (_, index) => `${String(index + 1).padStart(2, '0')}-${day}`);

describe('eventTime', () => {
  const noon = Date.UTC(2026, 0, 15, 12);

  test.each([
    ['2026-01-15T12:00:00.000Z', noon],
    ['2026-01-15T12:00:00Z', noon],
    ['2026-01-15T12:00Z', noon],
    ['2026-01-15t12:00:00z', noon],
    ['2026-01-15 12:00:00Z', noon],
    ['2026-01-15T12:00:00.1234567Z', noon + 123],
    ['2026-01-15T13:00:00+01:00', noon],
    ['2026-01-15T13:30:00+0130', noon],
    ['2026-01-14T23:00:00-13:00', noon],
  ])('ADJUST-30 reads %s', (timestamp, expected) => {
    expect(eventTime({ type: 'identify', timestamp })).toBe(expected);
  });

  test.each([
    '2026-01-15T12:00:00',
    '2026-01-15',
    '2026-01-15Z',
    '01-15-2026',
    'Jan-2026',
    '2026Z',
    '12Z',
    '2026-13-15T12:00:00Z',
    '2026-01-15T25:00:00Z',
    '2026-01-15T12:00:00 Europe/Berlin',
    '176847840000',
    'yesterday',
    ' ',
  ])('ADJUST-30 guesses no zone and no format for "%s"', (timestamp) => {
    expect(eventTime({ type: 'identify', timestamp })).toBeUndefined();
  });

  it('ADJUST-30 reads the usual form as any other, from the years 0 to 9999, and knows the days of every month', () => {
    const years = [0, 50, 99, 100, 1900, 1999, 2000, 2023, 2024, 2100, 9999].map((year) =>
      String(year).padStart(4, '0'),
    );
    const ends = ['00-10', '13-10', '01-00', '01-32', ...['28', '29', '30', '31'].flatMap((day) => monthEnds(day))];
    for (const date of years.flatMap((year) => ends.map((end) => `${year}-${end}`))) {
      const at = eventTime({ type: 'identify', timestamp: `${date}T23:59:58.007Z` });
      // A time with more digits is not of the usual form.
      const other = eventTime({ type: 'identify', timestamp: `${date}T23:59:58.00700Z` });
      expect([date, at]).toEqual([date, other]);
      if (at !== undefined) expect(new Date(at).toISOString()).toBe(`${date}T23:59:58.007Z`);
    }
    const read = (time: string) => eventTime({ type: 'identify', timestamp: `2026-01-15T${time}Z` });
    expect(read('24:00:00.000')).toBe(Date.UTC(2026, 0, 16));
    expect(read('23:59:59.999')).toBe(Date.UTC(2026, 0, 16) - 1);
    for (const impossible of ['24:00:00.001', '25:00:00.000', '12:60:00.000', '12:00:60.000'])
      expect(read(impossible)).toBeUndefined();
    expect(eventTime({ type: 'identify', timestamp: '2026-02-29T12:00:00.000Z' })).toBeUndefined();
    expect(eventTime({ type: 'identify', timestamp: '2024-02-29T12:00:00.000Z' })).toBe(Date.UTC(2024, 1, 29, 12));
  });

  it('takes timestamp, else originalTimestamp, else sentAt, else receivedAt', () => {
    const [first, second, third, fourth] = [0, 1, 2, 3].map((ms) => new Date(noon + ms).toISOString());
    const sent = { type: 'identify', sentAt: third, receivedAt: fourth } as const;
    expect(eventTime({ ...sent, timestamp: first, originalTimestamp: second })).toBe(noon);
    expect(eventTime({ ...sent, timestamp: null, originalTimestamp: second })).toBe(noon + 1);
    expect(eventTime({ ...sent, timestamp: '', originalTimestamp: null })).toBe(noon + 2);
    expect(eventTime({ type: 'identify', receivedAt: fourth })).toBe(noon + 3);
    expect(eventTime({ type: 'identify' })).toBeUndefined();
  });

  it('lets the first time that is there decide, even when it cannot be read', () => {
    const readable = new Date(noon).toISOString();
    expect(eventTime({ type: 'identify', timestamp: 'soon', originalTimestamp: readable })).toBeUndefined();
    expect(eventTime({ type: 'identify', timestamp: true, sentAt: readable } as never)).toBeUndefined();
  });
});

describe('propertiesOf', () => {
  it('finds the properties of track, page and screen and the traits of identify and group; an alias has neither', () => {
    expect(propertiesOf(track({ a: 1 }))).toEqual({ a: 1 });
    expect(propertiesOf({ type: 'screen', properties: { b: 2 } })).toEqual({ b: 2 });
    expect(propertiesOf({ type: 'group', traits: { c: 3 } })).toEqual({ c: 3 });
    expect(propertiesOf({ type: 'identify', traits: null })).toEqual({});
    expect(propertiesOf(track(null))).toEqual({});
    expect(propertiesOf({ type: 'alias', previousId: 'x' })).toEqual({});
  });
});

describe('casts', () => {
  const nothing: readonly JsonValue[] = [null, {}, [], [1], { a: 1 }];
  const rows: [string, Cast<unknown>, [JsonValue, unknown][]][] = [
    [
      'F-50, F-51 asText trims, spells numbers as JSON does, and refuses booleans and whole numbers without all digits',
      asText,
      [
        [' 7 ', '7'],
        ['\u00a0\n', undefined],
        ['', undefined],
        [0, '0'],
        [-0, '0'],
        [1.5, '1.5'],
        [1e-7, '1e-7'],
        [Number.MAX_SAFE_INTEGER, '9007199254740991'],
        [2 ** 53, undefined],
        [-(2 ** 53), undefined],
        [1e21, undefined],
        [NaN, undefined],
        [Infinity, undefined],
        [false, undefined],
        [true, undefined],
      ],
    ],
    [
      'F-66 asAmount takes finite numbers and plain decimal text only, also with no digit on one side of the point',
      asAmount,
      [
        [12.5, 12.5],
        [1e-7, 1e-7],
        ['12.50', 12.5],
        [' 7 ', 7],
        ['+5', 5],
        ['-5.25', -5.25],
        [-0, 0],
        ['-0', 0],
        ['007', 7],
        ['1e5', undefined],
        ['1,234', undefined],
        ['1.234,50', undefined],
        ['$5', undefined],
        ['12.', 12],
        ['.99', 0.99],
        ['-.5', -0.5],
        ['+.5', 0.5],
        ['.', undefined],
        ['-.', undefined],
        ['+', undefined],
        ['1.2.3', undefined],
        ['..5', undefined],
        ['0x10', undefined],
        ['1 000', undefined],
        ['٣', undefined],
        ['\u200B12.50\uFEFF', 12.5],
        ['\u200B', undefined],
        ['', undefined],
        [NaN, undefined],
        [-Infinity, undefined],
        ['Infinity', undefined],
        ['9'.repeat(400), undefined],
        [`${'0'.repeat(999)}7`, 7],
        [`${'0'.repeat(1_000)}7`, undefined],
        [true, undefined],
      ],
    ],
    [
      'F-66 asDecimal never writes an exponent, keeps the digits of text but for zeros that say nothing, and writes digits on both sides of a point',
      asDecimal,
      [
        ['12.50', '12.50'],
        ['+5', '5'],
        [' -0.10 ', '-0.10'],
        ['.99', '0.99'],
        ['+.50', '0.50'],
        ['-.5', '-0.5'],
        ['12.', '12'],
        ['-12.', '-12'],
        ['007.50', '7.50'],
        ['-007', '-7'],
        ['+00.5', '0.5'],
        ['000', '0'],
        ['0.50', '0.50'],
        ['\u200B12.50\u200B', '12.50'],
        ['.', undefined],
        [1e-7, '0.0000001'],
        [-1.5e-7, '-0.00000015'],
        [1e21, '1000000000000000000000'],
        [-0, '0'],
        [0.1 + 0.2, '0.30000000000000004'],
        ['1e5', undefined],
        ['1,234', undefined],
        [NaN, undefined],
        [Infinity, undefined],
        [true, undefined],
      ],
    ],
    [
      'asCount takes whole numbers of zero or more that a double holds exactly',
      asCount,
      [
        [2, 2],
        ['2', 2],
        ['2.0', 2],
        ['2.', 2],
        [0, 0],
        [2.5, undefined],
        [-1, undefined],
        [2 ** 53, undefined],
        ['9007199254740993', undefined],
        [1e300, undefined],
        [NaN, undefined],
      ],
    ],
    [
      'F-66 asFlag knows true, 1, yes and on, their opposites, in any case, and nothing like them',
      asFlag,
      [
        [true, true],
        [1, true],
        ['true', true],
        ['1', true],
        [false, false],
        [0, false],
        ['false', false],
        ['0', false],
        ['TRUE', true],
        ['yes', true],
        ['Y', true],
        [' On ', true],
        ['False', false],
        ['NO', false],
        ['no\u200B', false],
        ['n', false],
        ['off', false],
        [2, undefined],
        [-1, undefined],
        ['', undefined],
        ['t', undefined],
        ['yess', undefined],
        ['constructor', undefined],
        ['1.0', undefined],
      ],
    ],
    [
      'asCurrency takes three ASCII letters in any case',
      asCurrency,
      [
        [' eur ', 'EUR'],
        ['\u200BEUR', 'EUR'],
        ['USD', 'USD'],
        ['US', undefined],
        ['EURO', undefined],
        ['€', undefined],
        ['u\u017fd', undefined],
        ['uß', undefined],
        [840, undefined],
      ],
    ],
  ];

  test.each(rows)('%s', (_title, cast, examples) => {
    for (const [given, expected] of examples) expect([given, cast(given)]).toEqual([given, expected]);
    for (const given of nothing) expect([given, cast(given)]).toEqual([given, undefined]);
  });

  it('plainDecimal says the same number without an exponent', () => {
    const ordinary = fc.double({ noNaN: true, noDefaultInfinity: true }).filter((x) => x === 0 || Math.abs(x) > 1e-80);
    fc.assert(
      fc.property(ordinary, (amount) => {
        const written = plainDecimal(amount);
        expect(written).toMatch(/^-?\d+(?:\.\d+)?$/);
        expect(Number(written)).toBe(amount === 0 ? 0 : amount);
      }),
    );
  });

  it('plainDecimal spells an amount in cents as JavaScript does', () => {
    const amounts = [0.1 + 0.2, 1.005, 0.29, 4.35, 9_999_999.99, 10_000_000, 1e9 / 100, 123_456_789.12, 2 ** 53];
    for (let cents = 0; cents <= 20_000; cents += 1) amounts.push(cents / 100);
    for (const amount of amounts) {
      expect(plainDecimal(amount)).toBe(String(amount));
      expect(plainDecimal(-amount)).toBe(String(-amount));
    }
  });

  it('isObject and ownValue see only what is the object’s own', () => {
    const hostile = JSON.parse('{"__proto__":{"admin":true},"plain":1}') as JsonObject;
    expect([isObject({}), isObject([]), isObject(null), isObject('x')]).toEqual([true, false, false, false]);
    expect(ownValue(hostile, 'plain')).toBe(1);
    expect(ownValue(hostile, 'admin')).toBeUndefined();
    expect(ownValue({}, 'constructor')).toBeUndefined();
    expect(ownValue({}, '__proto__')).toBeUndefined();
  });
});

describe('reader and textReader', () => {
  it('read nested paths and list positions, and stop at the first gap', () => {
    const event = track({ products: [{ sku: 'A-1' }] });
    expect(reader('properties.products.0.sku')(event)).toBe('A-1');
    expect(reader('properties.products.1.sku')(event)).toBeUndefined();
    expect(reader('properties.products.0.sku.length')(event)).toBeUndefined();
    expect(reader('context.ip')(event)).toBeUndefined();
  });

  it('textReader takes the first usable text', () => {
    const read = textReader('properties.a', 'properties.b', 'properties.c');
    expect(read(track({ a: '  ', b: { not: 'text' }, c: ' found ' }))).toBe('found');
    expect(read(track({}))).toBeUndefined();
  });
});
