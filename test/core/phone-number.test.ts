import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { asE164, asE164Digits, asPhone, e164, hashed, type JsonValue } from '../../core/api/index.ts';

describe('a number without a country code', () => {
  it.each<JsonValue>([
    '(555) 444-1234',
    '030 123456',
    '1(650)555-1212',
    '16505551212',
    16505551212,
    '+0 30 123456',
    '00000000',
    '0123456',
    'letters',
    '',
    '+12345',
    '+1234567890123456',
    true,
    null,
    [],
    {},
  ])('has none invented for it: %j is no number of E.164', (value) => {
    expect(asE164(value)).toBeUndefined();
    expect(asE164Digits(value)).toBeUndefined();
  });

  it.each<[string, JsonValue, string | undefined]>([
    ['1', '(555) 444-1234', '+15554441234'],
    ['1', '1(650)555-1212', '+16505551212'],
    ['1', 6505551212, '+16505551212'],
    ['1', '444-1234', undefined],
    ['1', '(055) 444-1234', undefined],
    ['49', '030 123456', '+4930123456'],
    ['49', '30 123456', '+4930123456'],
    ['49', '4930123456', undefined],
    ['49', 4930123456, undefined],
    ['49', '0 030 123456', undefined],
    ['49', '+44 20 7946 0958', '+442079460958'],
    ['49', '0044 20 7946 0958', '+442079460958'],
    ['44', '020 7946 0958', '+442079460958'],
    ['34', '912 345 678', '+34912345678'],
    ['39', '06 1234 5678', '+390612345678'],
    ['39', '391 2345678', undefined],
    ['7', '8 (912) 345-67-89', '+79123456789'],
    ['7', '(812) 345-67-89', '+78123456789'],
    ['7', '701 234 56 78', '+77012345678'],
    ['7', '79123456789', undefined],
    ['36', '06 1 234 5678', '+3612345678'],
    ['375', '8 029 123-45-67', '+375291234567'],
    ['49', 'call me', undefined],
    ['359', '1234567890123', undefined],
  ])('is one of the default country %s: %j is %j', (defaultCountry, value, number) => {
    expect(e164({ defaultCountry })(value)).toBe(number);
    expect(e164({ defaultCountry, plus: false })(value)).toBe(number?.slice(1));
  });

  it('is no number where the customer names no default country', () => {
    expect(e164({ defaultCountry: undefined })('030 123456')).toBeUndefined();
  });
});

it.each<[string, string]>([
  ['+1 (650) 555-1212', '+16505551212'],
  ['0049 30 1234567', '+49301234567'],
  ['+0049 30 1234567', '+49301234567'],
  ['+49 (0)30 1234567', '+49301234567'],
  ['+49 (0) 30 / 1234567', '+49301234567'],
  ['0044(0)20 7946 0958', '+442079460958'],
  ['+39 (0)6 1234 5678', '+390612345678'],
  ['+1 650 555 1212 ext. 12', '+16505551212'],
  ['+44 020 7946 0958', '+442079460958'],
  ['+44 (020) 7946 0958 x3', '+442079460958'],
  ['00123456789012345', '+123456789012345'],
  ['+380 044 123 45 67', '+380441234567'],
  ['(+380) 044 123 45 67', '+380441234567'],
  ['00380 (044) 123 45 67', '+380441234567'],
  ['+380 44 023 45 67', '+380440234567'],
  ['+972 054-123-4567', '+972541234567'],
  ['+234 0803 123 4567', '+2348031234567'],
  ['+82 010-1234-5678', '+821012345678'],
  ['+55 011 91234-5678', '+5511912345678'],
  ['+36 06 1 234 5678', '+3612345678'],
  ['+7 8 912 345-67-89', '+79123456789'],
  ['+7 812 345-67-89', '+78123456789'],
  ['+1 1 650 555 1212', '+16505551212'],
  ['+39 06 1234 5678', '+390612345678'],
  ['+225 07 08 09 10 11', '+2250708091011'],
  ['+420 601 123 456', '+420601123456'],
])(
  'F-60 a number that is written internationally is one of E.164, without a trunk prefix: %j is %j',
  (text, number) => {
    expect(asE164(text)).toBe(number);
    expect(asE164Digits(text)).toBe(number.slice(1));
    // F-60
    expect(asPhone(text)).toBe(number.slice(1));
  },
);

it('a number of E.164 stays as it is, whatever the default country', () => {
  const countries = fc.constantFrom(undefined, '1', '7', '39', '49');
  fc.assert(
    fc.property(countries, fc.integer({ min: 1_000_000, max: 999_999_999_999_999 }), (defaultCountry, digits) => {
      // What is dialled within the country is none of the number: F-60.
      fc.pre(!/^(?:\d\d\d?0|11\d{10}$|78\d{10}$)/.test(String(digits)));
      expect(e164({ defaultCountry })(`+${digits}`)).toBe(`+${digits}`);
    }),
  );
});

it('any JSON is a number of E.164 or none, without an error', () => {
  const numbers = fc.stringMatching(/^[+0-9 ().-]{0,24}$/);
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), numbers), fc.constantFrom('1', '7', '39', '49'), (value, defaultCountry) => {
      const number = e164({ defaultCountry })(value as JsonValue);
      if (number !== undefined) expect(number).toMatch(/^\+[1-9]\d{6,14}$/);
    }),
  );
});

it('a number of the default country has the digest that Meta shows', () => {
  const asDigest = hashed(e164({ defaultCountry: '1', plus: false }));
  expect(asDigest('1(650)555-1212')).toBe('e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176');
});

it.each(['+49', '0049', 'DE', '', '1234', 49])(
  '%j is no country calling code, and the folder does not load',
  (code) => {
    expect(() => e164({ defaultCountry: code as string })).toThrow('must be a country calling code such as "49"');
  },
);
