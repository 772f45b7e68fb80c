import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  asBirthday,
  asCity,
  asCountry,
  asE164,
  asE164Digits,
  asEmail,
  asGender,
  asGenderFmn,
  asIp,
  asIpv4,
  asMd5,
  asName,
  asPhone,
  asPostalCode,
  asSha256,
  asState,
  firstOf,
  hashed,
  isDigestOfNothing,
  listOf,
  md5,
  personPaths,
  sha256,
  usableId,
  type Cast,
  type CdpEvent,
  type JsonValue,
} from '../../core/api/index.ts';

type Row = readonly [value: JsonValue, normal: string | undefined];

/** Each cast, and what it makes of values. `undefined`: not that. */
const tables: readonly (readonly [name: string, cast: Cast<string>, rows: readonly Row[]])[] = [
  [
    'an e-mail address',
    asEmail,
    [
      ['John_Smith@gmail.com', 'john_smith@gmail.com'],
      ['  Ann.Muster+tag@Example.COM\n', 'ann.muster+tag@example.com'],
      ["o'brien@example.com", "o'brien@example.com"],
      ['a@localhost', undefined],
      ['a b@example.com', undefined],
      ['mailto:a@example.com', undefined],
      ['', undefined],
      [7, undefined],
      [true, undefined],
      [['a@example.com'], undefined],
      [{ email: 'a@example.com' }, undefined],
      [null, undefined],
    ],
  ],
  [
    'a phone number',
    asPhone,
    [
      ['+1 (650) 555-1212', '16505551212'],
      ['0049 30 1234567', '49301234567'],
      [16505551212, '16505551212'],
      ['650-555-1212 ext. 12', '6505551212'],
      ['call me', undefined],
      ['12345', undefined],
      ['1234567890123456', undefined],
      [true, undefined],
      [null, undefined],
    ],
  ],
  [
    'E.164',
    asE164,
    [
      ['+1 (650) 555-1212', '+16505551212'],
      ['0049 30 1234567', '+49301234567'],
      ['letters', undefined],
      [[], undefined],
    ],
  ],
  [
    'a name',
    asName,
    [
      ['Mary', 'mary'],
      ['  MARY  Ann\t Lou ', 'mary ann lou'],
      ["O'Brien", 'obrien'],
      ['Jean-Luc', 'jeanluc'],
      ['St. John', 'st john'],
      ['Valéry', 'valéry'],
      ['Vale\u0301ry', 'valéry'],
      ['정', '정'],
      ['Ελένη', 'ελένη'],
      ['\u200BMary', 'mary'],
      ['X Æ A-12', 'x æ a12'],
      ['Ann 🙂', 'ann'],
      ['Ann\u2060', 'ann'],
      // F-52: names of people, and words that are none
      ['Nan', 'nan'],
      ['Na', 'na'],
      ['Nil', 'nil'],
      ['null', undefined],
      ['None', undefined],
      ['undefined', undefined],
      ['(null)', undefined],
      ['<no value>', undefined],
      ['[object Object]', undefined],
      ['N/A', undefined],
      ['---', undefined],
      ['42', undefined],
      ['', undefined],
      [42, undefined],
      [false, undefined],
      [null, undefined],
    ],
  ],
  [
    'a city',
    asCity,
    [
      ['Menlo Park', 'menlopark'],
      ['Saint-Denis', 'saintdenis'],
      ["L'Aquila", 'laquila'],
      ['São Paulo', 'sãopaulo'],
      ['29 Palms', '29palms'],
      ['東京', '東京'],
      ['.', undefined],
      [7, undefined],
    ],
  ],
  [
    'a state',
    asState,
    [
      ['CA', 'ca'],
      ['US-CA', 'ca'],
      [' us-ny ', 'ny'],
      ['New York', 'newyork'],
      ['DE-BY', 'deby'],
      ['Nordrhein-Westfalen', 'nordrheinwestfalen'],
      ['', undefined],
      [6, undefined],
    ],
  ],
  [
    'a postal code',
    asPostalCode,
    [
      ['94303', '94303'],
      ['94303-5300', '94303'],
      ['94303 5300', '94303'],
      [94303, '94303'],
      ['WC2H 8LG', 'wc2h8lg'],
      ['01310-100', '01310100'],
      ['100-0001', '1000001'],
      ['K1A 0B1', 'k1a0b1'],
      ['１００', undefined],
      ['a', undefined],
      ['94303;DROP', undefined],
      [-94303, undefined],
      [1.5, undefined],
      ['', undefined],
      [true, undefined],
    ],
  ],
  [
    'a country',
    asCountry,
    [
      ['US', 'us'],
      [' de ', 'de'],
      ['UK', 'gb'],
      ['GB', 'gb'],
      ['USA', undefined],
      ['Germany', undefined],
      ['D', undefined],
      ['ÄÖ', undefined],
      [49, undefined],
      ['', undefined],
    ],
  ],
  [
    'a birthday',
    asBirthday,
    [
      ['1997-12-26', '19971226'],
      ['19971226', '19971226'],
      [19971226, '19971226'],
      ['1997/12/26', '19971226'],
      ['1997.12.26', '19971226'],
      ['1997-12-26T00:00:00.000Z', '19971226'],
      ['1997-12-26 08:00', '19971226'],
      ['2000-02-29', '20000229'],
      ['1999-02-29', undefined],
      ['1997-13-01', undefined],
      ['1997-00-10', undefined],
      ['1997-12-26x', undefined],
      ['1997-1226', undefined],
      ['12/26/1997', undefined],
      ['26.12.1997', undefined],
      ['1899-12-31', undefined],
      ['2100-01-01', undefined],
      ['1997-12', undefined],
      [883_094_400, undefined],
      ['', undefined],
      [null, undefined],
    ],
  ],
  [
    'a gender of two',
    asGender,
    [
      ['f', 'f'],
      ['Female', 'f'],
      [' M ', 'm'],
      ['MALE', 'm'],
      ['non-binary', undefined],
      ['n', undefined],
      ['unknown', undefined],
      ['constructor', undefined],
      ['', undefined],
      [1, undefined],
    ],
  ],
  [
    'a gender of three',
    asGenderFmn,
    [
      ['female', 'f'],
      ['male', 'm'],
      ['Non-Binary', 'n'],
      ['non binary', 'n'],
      ['n', 'n'],
      ['other', undefined],
    ],
  ],
  [
    'an IP address',
    asIp,
    [
      ['203.0.113.9', '203.0.113.9'],
      [' [2001:db8::1]:443 ', '2001:db8::1'],
      ['203.0.113.9:8080', '203.0.113.9'],
      ['0.0.0.0', undefined],
      ['::', undefined],
      ['localhost', undefined],
      [3405803785, undefined],
      [null, undefined],
    ],
  ],
  [
    'an IPv4 address',
    asIpv4,
    [
      ['203.0.113.9', '203.0.113.9'],
      ['::ffff:203.0.113.9', '203.0.113.9'],
      ['2001:db8::1', undefined],
      ['0.0.0.0', undefined],
      ['', undefined],
    ],
  ],
  [
    'a SHA-256 digest',
    asSha256,
    [
      [` ${sha256('x').toUpperCase()} `, sha256('x')],
      [md5('x'), undefined],
      ['x', undefined],
      [7, undefined],
    ],
  ],
  [
    'an MD5 digest',
    asMd5,
    [
      [md5('x').toUpperCase(), md5('x')],
      [sha256('x'), undefined],
      [null, undefined],
    ],
  ],
];

describe.each(tables)('%s', (_, cast, rows) => {
  it.each(rows)('of %j is %j', (value, normal) => {
    expect(cast(value)).toBe(normal);
  });

  it('is the same when it is normal already', () => {
    const seeds = rows.map(([value]) => value);
    fc.assert(
      fc.property(fc.oneof(fc.constantFrom(...seeds), fc.string({ unit: 'grapheme' }), fc.jsonValue()), (value) => {
        const normal = cast(value as JsonValue);
        if (normal !== undefined) expect(cast(normal)).toBe(normal);
      }),
    );
  });

  it('is made of any JSON without an error: text with something in it, or nothing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary' })), (value) => {
        const normal = cast(value as JsonValue);
        expect(normal === undefined || (typeof normal === 'string' && normal.trim() === normal && normal !== '')).toBe(
          true,
        );
      }),
    );
  });

  it('is hashed once: a digest that the event brings is kept', () => {
    fc.assert(
      fc.property(fc.oneof(fc.constantFrom(...rows.map(([value]) => value)), fc.jsonValue()), (value) => {
        for (const algorithm of ['sha256', 'md5'] as const) {
          const asDigest = hashed(cast, algorithm);
          const digest = asDigest(value as JsonValue);
          if (digest === undefined) continue;
          expect(asDigest(digest)).toBe(digest);
          expect(asDigest(` ${digest.toUpperCase()} `)).toBe(digest);
        }
      }),
    );
  });
});

describe("Meta's examples", () => {
  it.each<[string, Cast<string>, string]>([
    ['John_Smith@gmail.com', asEmail, '62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f'],
    ['+1 (650) 555-1212', asE164Digits, 'e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176'],
    ['Mary', asName, '6915771be1c5aa0c886870b6951b03d7eafc121fea0e80a5ea83beb7c449f4ec'],
    ['정', asName, '8fa8cd9c440be61d0151429310034083132b35975c4bea67fdd74158eb51db14'],
    ['Valéry', asName, '08e1996b5dd49e62a4b4c010d44e4345592a863bb9f8e3976219bac29417149c'],
  ])('%s has the digest that Meta shows', (value, cast, digest) => {
    expect(hashed(cast)(value)).toBe(digest);
  });
});

describe('hashed', () => {
  it('is of the normal form, by either algorithm', () => {
    expect(hashed(asEmail)(' Ann@Example.com ')).toBe(sha256('ann@example.com'));
    expect(hashed(asEmail, 'md5')(' Ann@Example.com ')).toBe(md5('ann@example.com'));
    expect(hashed(usableId)(12345)).toBe(sha256('12345'));
    expect(hashed(asEmail)('no address')).toBeUndefined();
  });

  it.each(['', ' ', 'null', 'undefined', '\u200B', 'None', 'NULL', '(null)', '[object object]'])(
    'F-53 the digest of %j is nobody, by either algorithm',
    (text) => {
      for (const digest of [
        sha256(text),
        md5(text),
        sha256(text).toUpperCase(),
        ` ${md5(text)} `,
        `\u200B${md5(text)}`,
      ]) {
        expect([asSha256(digest), asMd5(digest)]).toEqual([undefined, undefined]);
        for (const cast of [asEmail, asName, usableId]) {
          expect(hashed(cast)(digest)).toBeUndefined();
          expect(hashed(cast, 'md5')(digest)).toBeUndefined();
        }
      }
      expect([sha256('ann@example.com'), sha256('nan'), md5('na')].map(isDigestOfNothing)).toEqual([
        false,
        false,
        false,
      ]);
    },
  );

  it('F-58 keeps a digest without what nobody sees at its ends', () => {
    expect(asSha256(`\u200B${sha256('ann@example.com')}\uFEFF`)).toBe(sha256('ann@example.com'));
    expect(hashed(asEmail, 'md5')(`${md5('ann@example.com')}\u2060`)).toBe(md5('ann@example.com'));
  });

  it('does not take the digest of another algorithm for its own', () => {
    expect(hashed(asEmail)(md5('ann@example.com'))).toBeUndefined();
    expect(hashed(asEmail, 'md5')(sha256('ann@example.com'))).toBeUndefined();
  });
});

describe('a list', () => {
  it.each<[JsonValue, readonly string[] | undefined]>([
    ['Ann@Example.com', ['ann@example.com']],
    [
      ['Ann@Example.com', 'ann@example.com', 'x', null, 'bob@example.com'],
      ['ann@example.com', 'bob@example.com'],
    ],
    [[['ann@example.com']], undefined],
    [[], undefined],
    ['x', undefined],
    [{}, undefined],
  ])('of %j is %j', (value, wanted) => {
    expect(listOf(asEmail)(value)).toEqual(wanted);
  });
});

describe('where a person is', () => {
  const email = firstOf(personPaths.email, asEmail);
  const at = (event: object): CdpEvent => ({ type: 'identify', ...event }) as CdpEvent;

  it('the context comes first, then the traits of an identify call, then the properties', () => {
    const all = {
      context: { traits: { email: '1@example.com' } },
      traits: { email: '2@example.com' },
      properties: { email: '3@example.com' },
    };
    expect(email(at(all))).toEqual({ value: '1@example.com', path: 'context.traits.email' });
    expect(email(at({ ...all, context: null }))).toEqual({ value: '2@example.com', path: 'traits.email' });
    expect(email(at({ properties: all.properties }))?.path).toBe('properties.email');
  });

  it.each<[keyof typeof personPaths, Cast<string>, object, string]>([
    ['city', asCity, { traits: { address: { city: 'Bonn' }, city: 'Kiel' } }, 'traits.address.city'],
    ['city', asCity, { traits: { city: 'Kiel' } }, 'traits.city'],
    [
      'postalCode',
      asPostalCode,
      { context: { traits: { address: { postalcode: '53113' } } } },
      'context.traits.address.postalcode',
    ],
    ['country', asCountry, { traits: { country: 'Germany', country_code: 'DE' } }, 'traits.country_code'],
    ['phone', asPhone, { context: { traits: { mobile: '+49 30 1234567' } } }, 'context.traits.mobile'],
    ['firstName', asName, { properties: { first_name: 'Ann' } }, 'properties.first_name'],
    ['externalId', usableId, { userId: 'U-1', anonymousId: 'A-1' }, 'userId'],
    ['ip', asIp, { context: { ip: '203.0.113.9' } }, 'context.ip'],
  ])('%s is found', (part, cast, event, path) => {
    expect(firstOf(personPaths[part], cast)(at(event))?.path).toBe(path);
  });

  it.each<[keyof typeof personPaths, Cast<string>, object]>([
    ['state', asState, { state: 'pending' }],
    ['gender', asGender, { gender: 'female' }],
    ['birthday', asBirthday, { birthday: '1997-12-26' }],
    ['externalId', usableId, { userId: 'U-1' }],
  ])('%s is not read from the properties, where it may be that of an order or a product', (part, cast, properties) => {
    expect(firstOf(personPaths[part], cast)(at({ properties }))).toBeUndefined();
  });
});
