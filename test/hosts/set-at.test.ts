import { describe, expect, test } from '@jest/globals';
import { setAt } from '../../core/hosts/cli/set-at.ts';

const set = (input: Record<string, unknown>, key: string): Record<string, unknown> => {
  setAt(input, key, key.split('.'), 'x');
  return input;
};

describe('F-31 --set', () => {
  test.each([
    ['since', {}, { since: 'x' }],
    ['body.a.b', {}, { body: { a: { b: 'x' } } }],
    ['body.0', {}, { body: ['x'] }],
    ['body.emails.0.title', {}, { body: { emails: [{ title: 'x' }] } }],
    ['body.emails.1.title', { body: { emails: [{}] } }, { body: { emails: [{}, { title: 'x' }] } }],
    ['body.emails.0.title', { body: { emails: [{ n: 1 }] } }, { body: { emails: [{ n: 1, title: 'x' }] } }],
    ['body.7', { body: {} }, { body: { 7: 'x' } }],
    [Array.from({ length: 32 }, () => 'a').join('.'), {}, expect.anything()],
  ])('%s of %j', (key, input, expected) => expect(set(input, key)).toEqual(expected));

  test.each([
    ['body.99999999.body', {}, /leaves gaps: that list has 0 entries/],
    ['body.99999999', {}, /leaves gaps/],
    ['body.1', {}, /leaves gaps/],
    ['body.3', { body: [1, 2] }, /leaves gaps: that list has 2 entries/],
    ['body.length', { body: [1, 2] }, /"length" is no place in a list/],
    ['body.00', { body: [1, 2] }, /"00" is no place in a list/],
    ['body.a.b', { body: { a: 1 } }, /a part of its path already has a single value/],
    ['body.a.b', { body: { a: null } }, /a part of its path already has a single value/],
    [Array.from({ length: 33 }, () => 'a').join('.'), {}, /more than 32 parts/],
  ])('%s of %j is a usage error', (key, input, says) => {
    expect(() => set(input, key)).toThrow(
      expect.objectContaining({ exitCode: 2, message: expect.stringMatching(says) }),
    );
  });
});
