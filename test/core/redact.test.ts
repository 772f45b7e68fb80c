// Tests core/http/redact.ts: credentials in plain texts, and vendorDetail(), with its length, cost and everyday masks.
// Other spellings of the same are in masking.test.ts, the patterns of personal data in personal-patterns.test.ts.
import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';
import { createRedactor, vendorDetail } from '../../core/http/redact.ts';

const base64 = (value: string): string => Buffer.from(value).toString('base64');
const nothing = createRedactor([]);

/** How often texts are looked into meanwhile: work that no busy machine makes longer. */
function looks(work: () => void): number {
  const names = ['charCodeAt', 'startsWith', 'includes', 'indexOf'] as const;
  const kept = names.map((name) => [name, Object.getOwnPropertyDescriptor(String.prototype, name)] as const);
  let count = 0;
  for (const [name, own] of kept) {
    const method = own?.value as (this: string, ...given: unknown[]) => unknown;
    const counted = function (this: string, ...given: unknown[]): unknown {
      count += 1;
      return method.apply(this, given);
    };
    Object.defineProperty(String.prototype, name, { ...own, value: counted });
  }
  try {
    work();
  } finally {
    for (const [name, own] of kept) Object.defineProperty(String.prototype, name, own as PropertyDescriptor);
  }
  return count;
}

describe('ALL-01 a credential is masked', () => {
  const key = 'k3y-ABC';
  const odd = 'p@ss/wörd "+\\ !';
  const redactor = createRedactor([key, odd]);

  test.each([
    ['as it is', `key ${key} and ${odd}.`, 'key *** and ***.'],
    ['in another case', key.toLowerCase(), '***'],
    ['inside a word', `x${key}y`, 'x***y'],
    ['URL-encoded', `https://example.com/?p=${encodeURIComponent(odd)}&q=1`, 'https://example.com/?p=***&q=1'],
    ['URL-encoded in lower case', encodeURIComponent(odd).toLowerCase(), '***'],
    ['in a form', new URLSearchParams({ p: odd }).toString(), 'p=***'],
    ['JSON-escaped', JSON.stringify({ p: odd }), '{"p":"***"}'],
    ['in Base64', base64(odd), '***'],
    ['in Base64 without padding', base64(odd).replace(/=+$/, ''), '***'],
    ['in the URL form of Base64', Buffer.from(odd).toString('base64url'), '***'],
    ['joined as HTTP Basic joins them', `Basic ${base64(`${key}:${odd}`)}`, 'Basic ***'],
    ['joined the other way round', base64(`${odd}:${key}`), '***'],
  ])('%s', (_title, shown, expected) => {
    expect(redactor.withoutSecrets(shown)).toBe(expected);
  });

  it('whole, when another one is a part of it', () => {
    const redactor = createRedactor(['token', 'my-token-long', 'my-token']);
    expect(redactor.withoutSecrets('my-token-long my-token token')).toBe('*** *** ***');
  });

  it('of one or two letters where it stands alone, without masking the alphabet', () => {
    const redactor = createRedactor(['a', 'ok']);
    expect(redactor.withoutSecrets('a bad token=ok&user="a", look')).toBe('*** bad token=***&user="***", look');
  });

  it('even when it looks like a pattern or like the mask', () => {
    expect(createRedactor(['.*', '$&']).withoutSecrets('abc .* $& def')).toBe('abc *** *** def');
    expect(createRedactor(['***', '**', '*']).withoutSecrets('***')).toBe('***');
  });

  it('and nothing else: no secrets or blank ones change nothing', () => {
    expect(nothing.withoutSecrets('All of it stays')).toBe('All of it stays');
    expect(createRedactor(['']).withoutSecrets('All of it stays')).toBe('All of it stays');
  });

  test.each([
    ['authorization', 'Bearer unknown-to-us', 'Bearer ***'],
    ['Authorization', `Basic ${base64('u:p')}`, 'Basic ***'],
    ['authorization', 'raw-token', '***'],
    ['authorization', 'raw token', '***'],
    ['x-api-key', 'three words here', '***'],
    ['cookie', 'session=1', '***'],
    ['x-custom', `id=${key}`, 'id=***'],
    ['content-type', 'application/json', 'application/json'],
  ])('in the header %s: %s', (name, value, shown) => {
    expect(redactor.header(name, value)).toBe(shown);
  });

  it('wherever any text holds it', () => {
    const anyText = fc.string({ unit: 'grapheme', maxLength: 20 });
    const anySecret = fc
      .string({ unit: 'grapheme', minLength: 8, maxLength: 20 })
      .filter((value) => !/^[\s*]+$/.test(value));
    fc.assert(
      fc.property(anyText, anySecret, anyText, (before, value, after) => {
        const redactor = createRedactor([value]);
        for (const spelling of [value, encodeURIComponent(value), base64(value), JSON.stringify(value)]) {
          expect(redactor.withoutSecrets(before + spelling + after)).not.toContain(spelling);
        }
      }),
    );
  });
});

describe('what a vendor said', () => {
  const said = (body: string, ...payloads: unknown[]) => vendorDetail(body, payloads, nothing);

  it('is one line, and undefined when there is nothing', () => {
    expect(said(' {"error":\r\n\t"bad   field"}\u0001 ')).toBe('{"error": "bad field"}');
    expect(said('')).toBeUndefined();
    expect(said(' \n ')).toBeUndefined();
  });

  it('is kept where it is no one’s data', () => {
    const plain = '{"code":"PROPERTY_TOO_LONG","message":"eventName must be at most 255 characters","index":3}';
    expect(said(plain, { name: 'Order Completed', nested: [{ x: null, y: true }] })).toBe(plain);
  });

  test.each([
    ['a text', 'Invalid value Muster for last_name', 'Muster', 'Invalid value *** for last_name'],
    ['a text in another case', 'Invalid value MUSTER', 'Muster', 'Invalid value ***'],
    ['a number', 'order 40817 unknown', 40817, 'order *** unknown'],
    ['one letter, as a value', 'gender m is male, "m", gender=m', 'm', 'gender m is male, "***", gender=***'],
    ['broken lines', 'name "Anna Maria Muster" is odd', 'Anna\n  Maria Muster', 'name "***" is odd'],
    ['escaped quotes', '{"m":"bad value Anna \\"A\\" Muster"}', 'Anna "A" Muster', '{"m":"bad value ***"}'],
    ['URL-encoding', 'bad parameter n=Anna%20M%C3%BCster', 'Anna Müster', 'bad parameter n=***'],
    ['form encoding', 'bad parameter n=Anna+M%C3%BCster', 'Anna Müster', 'bad parameter n=***'],
    ['JSON in ASCII', '{"m":"Ren\\u00e9e is too long"}', 'Renée', '{"m":"*** is too long"}'],
  ])('repeats nothing of the payload: %s', (_title, body, value, expected) => {
    expect(said(body, { deep: [{ value }] })).toBe(expected);
  });

  it('repeats nothing of any payload of the batch, the longer value first', () => {
    expect(said('Anna Muster and Anna', { name: 'Anna' }, { name: 'Anna Muster' })).toBe('*** and ***');
  });

  test.each([
    'anna.muster+x@example.com',
    'anna%40example.com',
    '203.0.113.9',
    '2001:db8::ff00:42:8329',
    '::ffff:203.0.113.9',
    '+1 (555) 010-0123',
    '5550100123',
    '4111 1111 1111 1111',
    '38400000-8cf0-11bd-b23e-10b96e40000d',
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  ])('shows nothing that may name a person, whoever wrote it: %s', (personal) => {
    const shown = said(`Bad input: "${personal}" refused`);
    expect(shown).toMatch(/^Bad input: "\*{3,}" refused$/);
  });

  it('shows a URL without its query', () => {
    expect(said('see https://example.com/docs?user=anna#top for help')).toBe(
      'see https://example.com/docs*** for help',
    );
  });

  it('ALL-01 shows no credential, also one that the vendor escaped', () => {
    const redactor = createRedactor(['sëcret-token']);
    expect(vendorDetail('token s\\u00ebcret-token is revoked', [], redactor)).toBe('token *** is revoked');
  });

  it('is cut at 300 characters, never through one', () => {
    expect(said('x'.repeat(300))).toBe('x'.repeat(300));
    expect(said('x'.repeat(301))).toBe(`${'x'.repeat(299)}…`);
    expect(said(`${'x'.repeat(298)}😀😀`)).toBe(`${'x'.repeat(298)}…`);
    expect(said(`${'x'.repeat(299)}😀😀`)).toBe(`${'x'.repeat(299)}…`);
    expect(said('😀'.repeat(200))?.isWellFormed()).toBe(true);
  });

  it('never shows the edge of a body it did not read to the end', () => {
    const long = 'anna '.repeat(799).trim();
    const cutInTwo = `${long} half-a-secret-value`;
    const shown = vendorDetail(cutInTwo, [{ name: long }], createRedactor(['half-a-secret-value']));
    expect(cutInTwo.slice(0, 4000)).toContain('half-');
    expect(shown).not.toContain('h');
  });

  it('holds no value of the payload, whatever the vendor makes of it', () => {
    const value = fc.oneof(
      fc
        .string({ unit: 'grapheme', minLength: 5, maxLength: 30 })
        .filter((text) => /^[\p{L}\p{N}].*[\p{L}\p{N}]$/u.test(text)),
      fc.integer({ min: 10_000 }),
    );
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 5 }), fc.boolean(), (values, escape) => {
        const echo = values.map((one) => (escape ? encodeURIComponent(String(one)) : JSON.stringify(one))).join(' | ');
        const shown = said(`Refused: ${echo}`, { values }) ?? '';
        for (const one of values) expect(shown).not.toContain(String(one));
      }),
    );
  });

  it('is found in a list of 200,000 values, deep in a payload', () => {
    const looksAt = (count: number) => {
      const ids = Array.from({ length: count }, (_, n) => `id-${n}`);
      const words = createRedactor([]).about([{ list: { ids }, name: 'Muster' }]);
      const toPrepare = looks(() => {
        expect(words.detail('id-1 is unknown')).toBe('*** is unknown');
      });
      const toFind = looks(() => {
        expect(words.detail(`id-${count - 1} and Muster are unknown`)).toBe('*** and *** are unknown');
      });
      return { toPrepare, toFind };
    };
    const [few, many] = [looksAt(2_000), looksAt(200_000)];
    expect(few.toPrepare).toBeGreaterThan(2_000);
    expect(many.toPrepare).toBeLessThan(110 * few.toPrepare);
    expect(many.toFind).toBeLessThan(4 * few.toFind);
  });

  it('takes no time worth mentioning for a hostile body and many payloads', () => {
    const payloads = Array.from({ length: 100 }, (_, n) =>
      Object.fromEntries(Array.from({ length: 40 }, (_, m) => [`k${m}`, `value ${n} ${m}`])),
    );
    const startedAt = performance.now();
    for (const body of ['a'.repeat(65_536), '1 '.repeat(32_768), ':'.repeat(65_536), 'http://'.repeat(9_000)])
      said(body, ...payloads);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });
});
