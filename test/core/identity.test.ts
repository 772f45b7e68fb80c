// Tests core/api/person: identifier.ts, digest.ts, ip-address.ts, and the forms of e-mail addresses and telephone numbers; also
// core/api/events/web-address.ts.
import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';
import { phoneDigits } from '../../core/api/person/phone-number.ts';
import { isEmail, normalizeEmail } from '../../core/api/person/email-address.ts';
import { isNoId, isUuid } from '../../core/api/person/identifier.ts';
import { asIpv4, ipAddress } from '../../core/api/person/ip-address.ts';
import { hmacSha256, isMd5, isSha256, md5, sha256 } from '../../core/api/person/digest.ts';
import { absoluteUrl, asAbsoluteUrl } from '../../core/api/events/web-address.ts';

describe('e-mail addresses', () => {
  it('are trimmed and lower-cased before they are hashed', () => {
    expect(normalizeEmail('  Anna.Muster@Example.COM\n')).toBe('anna.muster@example.com');
  });

  test.each(['a@example.com', 'anna+tag@sub.example.co', "o'brien@example.com", 'UPPER@EXAMPLE.COM'])(
    '%s is one',
    (value) => {
      expect(isEmail(value)).toBe(true);
    },
  );

  test.each([
    'a@localhost',
    'a@@example.com',
    '@example.com',
    'a b@example.com',
    'a@example.com, b@example.com',
    'Anna <a@example.com>',
    'mailto:a@example.com',
    '',
    `${'a'.repeat(250)}@example.com`,
  ])('"%s" is none', (value) => {
    expect(isEmail(value)).toBe(false);
  });
});

describe('hashes', () => {
  it('are lower-case hex of the UTF-8 bytes', () => {
    expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(md5('abc')).toBe('900150983cd24fb0d6963f7d28e17f72');
    expect(sha256('é')).toBe('4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c');
    expect(md5('é')).toBe('66ddcd97cfdeabb2f6fb8a999b4bc76f');
    expect(sha256('e\u0301')).not.toBe(sha256('é'));
  });

  it('are known by their length and letters, in either case', () => {
    expect([isSha256(sha256('x')), isSha256(sha256('x').toUpperCase()), isSha256(md5('x'))]).toEqual([
      true,
      true,
      false,
    ]);
    expect([isMd5(md5('x')), isMd5(`${md5('x')} `), isMd5('g'.repeat(32))]).toEqual([true, false, false]);
  });
});

describe('device ids', () => {
  it('of zeros only say nothing', () => {
    const zeros = '00000000-0000-0000-0000-000000000000';
    expect([isUuid(zeros), isUuid('0000AAAA-0000-0000-0000-000000000000'), isUuid('0000')]).toEqual([
      false,
      true,
      false,
    ]);
    expect([zeros, ` ${zeros} `, '', '  ', '0000'].map(isNoId)).toEqual([true, true, true, true, true]);
    expect(['0000a', 'id'].map(isNoId)).toEqual([false, false]);
  });
});

describe('IP addresses', () => {
  test.each([
    ['203.0.113.9', '203.0.113.9', '203.0.113.9'],
    [' 203.0.113.9 ', '203.0.113.9', '203.0.113.9'],
    ['203.0.113.9:8080', '203.0.113.9', '203.0.113.9'],
    ['[203.0.113.9]:80', '203.0.113.9', '203.0.113.9'],
    ['2001:db8::1', '2001:db8::1', undefined],
    ['[2001:db8::1]', '2001:db8::1', undefined],
    ['[2001:db8::1]:443', '2001:db8::1', undefined],
    ['fe80::1%eth0', 'fe80::1', undefined],
    ['[fe80::1%25en0]:443', 'fe80::1', undefined],
    // F-63: of an address that is mapped into IPv6, the one inside
    ['::ffff:203.0.113.9', '203.0.113.9', '203.0.113.9'],
    ['::FFFF:cb00:7109', '203.0.113.9', '203.0.113.9'],
    ['[::ffff:203.0.113.9]:443', '203.0.113.9', '203.0.113.9'],
    ['0:0:0:0:0:ffff:203.0.113.9', '203.0.113.9', '203.0.113.9'],
    ['::cb00:7109', '::cb00:7109', undefined],
    ['\u200B203.0.113.9\uFEFF', '203.0.113.9', '203.0.113.9'],
  ])('"%s" is %s', (written, address, v4) => {
    expect(ipAddress(written)).toBe(address);
    expect(asIpv4(written)).toBe(v4);
  });

  test.each([
    '',
    '[]',
    '[::1',
    '[2001:db8::12',
    '[::1]x',
    '[::1]:',
    '::1]:443',
    '256.0.0.1',
    '01.2.3.4',
    '203.0.113',
    '203.0.113.9:',
    '203.0.113.9, 198.51.100.1',
    'localhost',
    '%eth0',
    '2001:db8::1::2',
  ])('"%s" is none', (written) => {
    expect(ipAddress(written)).toBeUndefined();
  });

  it('of every spelling go through without an exception', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
        expect(ipAddress(address)).toBe(asIpv4(address) ?? address);
      }),
    );
  });
});

describe('phone numbers', () => {
  test.each([
    ['+1 (555) 010-0123', '15550100123'],
    ['555.010.0123', '5550100123'],
    ['+49 30/901820', '4930901820'],
    ['555-0100', '5550100'],
    // F-60: as e164() reads them
    ['+44 (0)20 7946 0958', '442079460958'],
    ['+44(0)20 7946 0958', '442079460958'],
    ['+44 (020) 7946 0958', '442079460958'],
    ['+44 020 7946 0958', '442079460958'],
    ['+4402079460958', '442079460958'],
    ['(+44) 20 7946 0958', '442079460958'],
    ['(0044) 20 7946 0958', '442079460958'],
    ['+358 09 1234567', '35891234567'],
    ['0049 209 1234567', '492091234567'],
    ['00 49 209 1234567', '492091234567'],
    ['+0049 (0)209 1234567', '492091234567'],
    ['+39 06 1234 5678', '390612345678'],
    ['+39 (0)6 1234 5678', '390612345678'],
    ['+39 (06) 1234 5678', '390612345678'],
    ['+225 07 12 34 56 78', '2250712345678'],
    ['020 7946 0958', '02079460958'],
    ['+0 30 123456', undefined],
    ['000000000000', undefined],
    ['\u202A+49 30 901820\u202C', '4930901820'],
    ['+49 30–901820', '4930901820'],
    ['＋49 30 901820', '4930901820'],
    ['+1 555 010 0123 ext. 42', '15550100123'],
    ['5550100123x42', '5550100123'],
    ['5550100123 #42', '5550100123'],
    ['1-800-FLOWERS', undefined],
    ['555-010', undefined],
    ['1234567890123456', undefined],
    ['call 5550100123', undefined],
    ['+', undefined],
    ['x42', undefined],
    ['', undefined],
    ['٥٥٥٠١٠٠١٢٣', undefined],
  ])('"%s" becomes %s', (written, digits) => {
    expect(phoneDigits(written)).toBe(digits);
  });

  it('that are none do not hold the process up, however long they are', () => {
    const startedAt = performance.now();
    expect(phoneDigits(`1${' '.repeat(200_000)}a`)).toBeUndefined();
    expect(performance.now() - startedAt).toBeLessThan(500);
  });
});

describe('absolute URLs', () => {
  it('have http or https and a host', () => {
    expect(absoluteUrl(' HTTPS://Example.com/a?b ')?.href).toBe('https://example.com/a?b');
    for (const other of [
      '/path',
      'example.com',
      '//example.com',
      'ftp://example.com',
      'javascript:alert(1)',
      'http://',
      '',
    ]) {
      expect([other, absoluteUrl(other)]).toEqual([other, undefined]);
    }
  });

  it('are those that the parser of URLs takes, whatever the host is made of', () => {
    const part = fc.constantFrom(
      'shop',
      'a',
      'xn--',
      '--',
      '-',
      '.',
      '..',
      '9',
      '0x',
      '%41',
      '_',
      ':80',
      '@',
      '/',
      '?',
      '#',
      '[',
      '<',
    );
    const url = fc.array(part, { maxLength: 8 }).map((parts) => `https://${parts.join('')}`);
    fc.assert(
      fc.property(url, (text) => {
        expect([text, asAbsoluteUrl(text) !== undefined]).toEqual([
          text,
          !/^https:\/\/(?:[/?#]|$)/.test(text) && URL.canParse(text),
        ]);
      }),
      { numRuns: 3_000 },
    );
    expect(asAbsoluteUrl('https://shop.xn--a.example/')).toBeUndefined();
  });
});

test('a signature is the HMAC-SHA256 of RFC 4231, in small letters', () => {
  expect(hmacSha256('Jefe', 'what do ya want for nothing?')).toBe(
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  );
});
