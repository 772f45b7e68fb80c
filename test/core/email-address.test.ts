import { describe, expect, it } from '@jest/globals';
import { asEmail, emailWithout, type EmailForm, type JsonValue } from '../../core/api/index.ts';

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

it.each(['a&b@example.com', 'x!y@example.com', 'müller@example.com', 'a@münchen.example'])(
  'F-56 %s exists, and is not taken for an address yet, as asEmail says',
  (address) => {
    expect(asEmail(address)).toBeUndefined();
  },
);
