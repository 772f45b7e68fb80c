import { describe, expect, it } from '@jest/globals';
import {
  asEmail,
  asEmailAsWritten,
  emailWithout,
  hasAsciiMailbox,
  isEmail,
  type EmailForm,
  type JsonValue,
} from '../../core/api/index.ts';

const google: EmailForm = { dots: 'gmail', tags: 'gmail' };
const reddit: EmailForm = { signs: 'everywhere', tags: 'everywhere' };

describe('an address without what does not tell people apart', () => {
  it.each<[string, EmailForm, JsonValue, string | undefined]>([
    ["Google's example", google, 'cloudy.sanfrancisco+shopping@gmail.com', 'cloudysanfrancisco@gmail.com'],
    ["Google's other domain", google, ' Ann.M+x@GoogleMail.com', 'annm@googlemail.com'],
    ["Google's example of another domain", google, 'user.name+NYC@Example.com', 'user.name+nyc@example.com'],
    ['a domain that ends like it', google, 'a.b@notgmail.com', 'a.b@notgmail.com'],
    ["Reddit's example", reddit, 'Al.ice$+Apple@Example.Com', 'alice@example.com'],
    ['a tag alone', reddit, '+tag@example.com', undefined],
    ['signs alone', reddit, '...@example.com', undefined],
    ['dots everywhere', { dots: 'everywhere' }, 'a.b+c@example.com', 'ab+c@example.com'],
    ['tags everywhere', { tags: 'everywhere' }, 'a.b+c+d@example.com', 'a.b@example.com'],
    ['signs of Gmail', { signs: 'gmail' }, 'a_b@gmail.com', 'ab@gmail.com'],
    ['signs elsewhere', { signs: 'gmail' }, 'a_b@example.com', 'a_b@example.com'],
    ['a link', reddit, 'mailto:alice@example.com', undefined],
    ['two addresses', reddit, 'a@example.com,b@example.com', undefined],
    ['a name before it', reddit, 'Ann <ann@example.com>', undefined],
    ['a space', reddit, 'a b@example.com', undefined],
    ['no domain', reddit, 'alice', undefined],
    ['no text', reddit, 7, undefined],
  ])('%s', (_, form, value, address) => {
    expect(emailWithout(form)(value)).toBe(address);
  });

  it('is the same address where nothing is taken away', () => {
    for (const value of [' Ann.M+x@Gmail.com ', "o'brien@example.com", 'a@localhost', 'a@@b.example', ''])
      expect(emailWithout({})(value)).toBe(asEmail(value));
  });

  it.each([{ dots: 'googlemail' }, { tags: true }])('does not load with a scope that nobody knows: %j', (form) => {
    expect(() => emailWithout(form as EmailForm)).toThrow(/(dots|tags) must be "everywhere" or "gmail"/);
  });
});

describe('F-56 an address', () => {
  it.each([
    'a&b@example.com',
    'smith&sons@example.com',
    'sales/eu@example.com',
    'x!y@example.com',
    "!#$%&'*+-/=?^_`{|}~@example.com",
    'ivan@example.xn--p1ai',
    'ivan@xn--e1afmkfd.xn--p1ai',
    'иван@пример.рф',
    'müller@example.com',
    'josé@example.com',
    'jose\u0301@example.com',
    'a@münchen.example',
    '用户@例子.example',
    'क्षेत्र@उदाहरण.भारत',
    'a@1.example',
    'a@b.c0',
    `${'a'.repeat(64)}@example.com`,
    `a@${'b'.repeat(63)}.example`,
    `a@${'bcd.'.repeat(62)}ef`,
  ])('that exists is taken: %s', (address) => {
    expect(isEmail(address)).toBe(true);
    expect(asEmail(` ${address}\u200B`)).toBe(address.toLowerCase());
  });

  it.each([
    '.a@example.com',
    'a.@example.com',
    'a..b@docomo.example',
    'a@example..com',
    'a@.example.com',
    'a@example.com.',
    'a@-b.example',
    'a@b-.example',
    'a@b_c.example',
    'a@1.2.3.4',
    'a@[1.2.3.4]',
    'a@example.c',
    'a@example.12',
    '"a b"@example.com',
    'a,b@example.com',
    'a(b)@example.com',
    'a@b@example.com',
    'Ann <a@example.com>',
    'mailto:a@example.com',
    'a\u200Bb@example.com',
    'a@exam\u00ADple.com',
    'a\u0000@example.com',
    '😀@example.com',
    `${'a'.repeat(65)}@example.com`,
    `${'é'.repeat(33)}@example.com`,
    `a@${'b'.repeat(64)}.example`,
    `a@${'bcd.'.repeat(63)}ef`,
    `a@${'ä'.repeat(62)}.${'ä'.repeat(62)}.example`,
  ])('that nobody has is refused: %j', (address) => {
    expect(isEmail(address)).toBe(false);
    expect(asEmail(address)).toBeUndefined();
    expect(asEmailAsWritten(address)).toBeUndefined();
    expect(emailWithout({})(address)).toBeUndefined();
  });

  it.each([' Ann.M@Example.com\n', '\u200BAnn.M@Example.com\uFEFF', '\u2060\u00A0Ann.M@Example.com \u200E'])(
    'has nothing around it that nobody sees: %j',
    (value) => {
      expect(asEmail(value)).toBe('ann.m@example.com');
      expect(asEmailAsWritten(value)).toBe('Ann.M@Example.com');
    },
  );

  it.each<[string, boolean]>([
    ['smith&sons@example.com', true],
    ['ivan@пример.рф', true],
    ['josé@example.com', false],
    ['用户@例子.example', false],
  ])('%s has a mailbox of ASCII: %j', (address, isAscii) => {
    expect(hasAsciiMailbox(address)).toBe(isAscii);
  });

  it('is judged without holding the process up, however it is made', () => {
    const startedAt = performance.now();
    for (const part of ['a', 'a.', 'a-', '-', 'é', '\u200B', '@', 'a@'])
      for (const length of [254, 1_000_000]) {
        asEmail(`a@${part.repeat(length / part.length)}`);
        asEmail(`${part.repeat(length / part.length)}@b.example`);
      }
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});
