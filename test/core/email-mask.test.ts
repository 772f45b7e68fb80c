import { describe, expect, it } from '@jest/globals';
import { maskEmails, maskEmailsInUrl, payloadBuilder, sha256, type EmailMask } from '../../core/api/index.ts';

const digest = sha256('jane@example.com');
const path = 'properties.text';

function masked(mask: EmailMask, value: string | undefined) {
  const out = payloadBuilder<{ text?: string }>({}, {});
  const text = maskEmails(out, 'text', { value, path }, mask);
  return { text, notes: out.notes.map(({ code, field, payloadField }) => [code, field, payloadField]) };
}

function maskedUrl(mask: EmailMask, value: string) {
  const out = payloadBuilder<{ url?: string }>({}, {});
  const url = maskEmailsInUrl(out, 'url', { value, path }, mask);
  return { url: url?.value, notes: out.notes.map(({ code }) => code) };
}

describe('F-82 a text that may hold an address', () => {
  it('leaves as it is where addresses may, or where it has none', () => {
    expect(masked('keep', 'Jane@example.com')).toEqual({ text: { value: 'Jane@example.com', path }, notes: [] });
    expect(masked('hash', 'user 7')).toEqual({ text: { value: 'user 7', path }, notes: [] });
    expect(masked('drop', undefined)).toEqual({ text: { value: undefined, path }, notes: [] });
    expect(maskEmails(payloadBuilder({}, {}), 'text', undefined, 'drop')).toBeUndefined();
  });

  it('has the digest in its place, with a note', () => {
    const notes = [['coerced', path, 'text']];
    expect(masked('hash', 'user Jane@example.com')).toEqual({ text: { value: `user ${digest}`, path }, notes });
  });

  it('does not leave where none may, with a note', () => {
    expect(masked('drop', 'user Jane@example.com')).toEqual({ text: undefined, notes: [['dropped', path, 'text']] });
  });
});

describe('F-82 a URL that may hold an address', () => {
  const url = 'https://shop.example/u?mail=Jane%40example.com&page=2';

  it.each<[EmailMask, string, readonly string[]]>([
    ['keep', url, []],
    ['hash', `https://shop.example/u?mail=${digest}&page=2`, ['coerced']],
    ['drop', 'https://shop.example/u?mail=&page=2', ['dropped']],
  ])('leaves in any case: %s', (mask, expected, notes) => {
    expect(maskedUrl(mask, url)).toEqual({ url: expected, notes });
  });

  it('is the same without one', () => {
    expect(maskedUrl('drop', 'https://shop.example/')).toEqual({ url: 'https://shop.example/', notes: [] });
    expect(maskEmailsInUrl(payloadBuilder({}, {}), 'url', undefined, 'hash')).toBeUndefined();
  });
});
