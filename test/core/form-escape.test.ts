import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { escapeForm, escapeFormJson, memoizeText } from '../../core/api/index.ts';

const wellFormed = (value: string): string => Buffer.from(value, 'utf8').toString('utf8');
const any = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary-ascii' }), fc.string({ maxLength: 3 }));

describe('a form body', () => {
  it('escapes a value as encodeURIComponent does, and half a surrogate pair as U+FFFD', () => {
    fc.assert(fc.property(any, (value) => escapeForm(value) === encodeURIComponent(wellFormed(value))));
    expect(escapeForm('a\uD800')).toBe('a%EF%BF%BD');
  });

  it('escapes a JSON object of texts as both standard functions do, one after the other', () => {
    const texts = fc.dictionary(any, any).map((made) => Object.fromEntries(Object.entries(made)));
    fc.assert(
      fc.property(texts, (made) => {
        const clean = Object.entries(made).map(([name, value]) => [wellFormed(name), wellFormed(value)] as const);
        const wanted = clean.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
        expect(escapeFormJson(made)).toBe(encodeURIComponent(`{${wanted.join()}}`));
      }),
    );
    expect(escapeFormJson({})).toBe('%7B%7D');
    const long = { note: '"'.repeat(8191), more: '"'.repeat(8193) };
    expect(escapeFormJson(long)).toBe(encodeURIComponent(JSON.stringify(long)));
  });
});

describe('memoizeText', () => {
  it('asks once for a text, again after a thousand others, and each time for a long one', () => {
    const asked: string[] = [];
    const upper = memoizeText((text) => {
      asked.push(text);
      return text.toUpperCase();
    });
    expect([upper('a'), upper('a'), asked.length]).toEqual(['A', 'A', 1]);
    for (let n = 0; n < 1000; n += 1) upper(`n${n}`);
    expect([upper('a'), asked.length]).toEqual(['A', 1002]);
    const long = 'x'.repeat(501);
    expect([upper(long), upper(long), asked.length]).toEqual([long.toUpperCase(), long.toUpperCase(), 1004]);
  });
});
