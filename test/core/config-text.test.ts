// Tests core/api/config.ts: text() and secret() with a form, and trimmedText().
import { describe, expect, it } from '@jest/globals';
import { secret, text, trimmedText, z, type TextForm } from '../../core/api/index.ts';

describe('a line of text with a form', () => {
  const form = { pattern: /^(?:a2|t2)_\w+$/, message: 'must begin with a2_ or t2_' };
  const pixel = text('Pixel', 'From the Events Manager', form);

  it('is trimmed, and of that form', () => {
    expect(pixel.parse(' a2_x ')).toBe('a2_x');
    expect(pixel.safeParse('b2_x').error?.issues).toMatchObject([{ message: 'must begin with a2_ or t2_' }]);
    expect(pixel.parse('\u200Ba2_x\uFEFF')).toBe('a2_x');
    expect(pixel.safeParse('  ').success).toBe(false);
  });

  it('shows its form, its title and its description in JSON Schema', () => {
    expect(z.toJSONSchema(pixel)).toMatchObject({
      title: 'Pixel',
      description: 'From the Events Manager',
      pattern: '^(?:a2|t2)_\\w+$',
    });
  });

  it('does not load with a word that nobody knows', () => {
    const misspelt = { ...form, patern: /x/ } as unknown as TextForm;
    expect(() => text('Pixel', 'x', misspelt)).toThrow('text(): no member "patern"; do you mean "pattern"?');
  });
});

describe('a text that is trimmed', () => {
  it('is judged without what nobody sees at its ends, and may be empty where nothing else is said', () => {
    expect(trimmedText().parse(' \u200Ba b\uFEFF')).toBe('a b');
    expect(trimmedText().parse(' ')).toBe('');
    expect(trimmedText().min(1, 'must not be blank').safeParse(' \u200B').success).toBe(false);
    expect(z.toJSONSchema(trimmedText())).toMatchObject({ type: 'string' });
  });
});

describe('a credential with a form', () => {
  const token = secret('Token', 'x', { pattern: /^[!-~]+$/, message: 'must be the bare token' });

  it('is of that form, still hidden, and still no blank and no line break', () => {
    expect(token.parse('abc')).toBe('abc');
    expect(token.safeParse('Bearer abc').error?.issues).toMatchObject([{ message: 'must be the bare token' }]);
    expect(token.safeParse('a\nb').success).toBe(false);
    expect(z.toJSONSchema(token)).toMatchObject({ title: 'Token', secret: true, pattern: '^[!-~]+$' });
  });

  it('does not load with a word that nobody knows', () => {
    const misspelt = { patern: /x/, message: 'x' } as unknown as TextForm;
    expect(() => secret('Token', 'x', misspelt)).toThrow('secret(): no member "patern"; do you mean "pattern"?');
  });
});

it('a line of text without a form may be any that is not blank', () => {
  expect(text('Name', 'x').parse(' any ')).toBe('any');
  expect(text('Name', 'x').safeParse(' ').success).toBe(false);
  expect(text('Name', 'x').safeParse('\u200B').success).toBe(false);
  expect(secret('Token', 'x').safeParse('\u200B').success).toBe(false);
});
