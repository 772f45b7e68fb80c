// Tests core/mapping/fql/glob-matcher.ts and glob-pattern.ts; what is said of wrong patterns, the wrong queries show.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { globMatcher } from '../../../core/mapping/fql/glob-matcher.ts';
import { naiveGlob } from '../../support/mapping/naive-glob.ts';
import { pattern as anyPattern } from '../../support/mapping/random-queries.ts';

/** Texts of the signs that patterns have, and of half pairs of surrogates. */
const textOf = (longest: number): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom('a', 'b', 'c', 'A', ' ', '*', '\\', '-', 'ü', '🙂', '🙃', '\ud83d', '\ude42'), {
      maxLength: longest,
    })
    .map((signs) => signs.join(''));

function expectAgreement(pattern: string, text: string): void {
  const answer = globMatcher(pattern)(text);
  if (answer !== naiveGlob(pattern, text)) expect([pattern, text, answer]).toEqual([pattern, text, !answer]);
}

describe('a glob', () => {
  it('equals the naive matcher on short patterns and texts', () => {
    fc.assert(fc.property(anyPattern, textOf(8), expectAgreement), { numRuns: 20_000 });
  });

  it('equals it where a segment has more places than a word has bits', () => {
    const places = fc
      .array(fc.constantFrom('a', 'a', 'a', '?', '[ab]', '[ -~]'), { minLength: 28, maxLength: 70 })
      .map((signs) => signs.join(''));
    const star = fc.constantFrom('', '*');
    const patterns = fc
      .tuple(star, places, fc.constant('*'), fc.oneof(places, fc.constant('a')), star)
      .map((parts) => parts.join(''))
      .filter((text) => text.length <= 256);
    const runs = fc.array(fc.constantFrom('a'.repeat(30), 'b', 'aa', 'a', '🙂'), { minLength: 3, maxLength: 12 });
    fc.assert(
      fc.property(patterns, runs, (pattern, run) => expectAgreement(pattern, run.join(''))),
      { numRuns: 2_000 },
    );
  });

  it.each([31, 32, 33, 63, 64, 65, 96, 128, 254])('finds a segment of %d places wherever it stands', (length) => {
    const segment = `${'a'.repeat(length - 1)}b`;
    const matches = globMatcher(`*${segment}*`);
    for (const before of ['', 'a', 'aaaa', 'b', 'a'.repeat(40)]) {
      expect(matches(`${before}${segment}`)).toBe(true);
      expect(matches(`${before}${segment}c`)).toBe(true);
      expect(matches(`b${segment.slice(1)}`)).toBe(false);
    }
  });

  it('is the same however often it was asked before', () => {
    const matches = globMatcher(`*${'a'.repeat(40)}b*`);
    const texts = ['a'.repeat(39), 'ab', `${'a'.repeat(40)}b`, 'a'.repeat(40), 'b', `${'a'.repeat(39)}b`];
    const answers = [false, false, true, false, false, false];
    for (let round = 0; round < 3; round += 1) expect(texts.map(matches)).toEqual(answers);
  });

  const long = 100_000;
  const ofLength = (pattern: string): string => {
    expect(pattern).toHaveLength(256);
    return pattern;
  };
  it.each<[string, string, string]>([
    ['many stars', ofLength('a*'.repeat(127) + '*b'), 'a'.repeat(long)],
    ['one long segment', ofLength(`*${'a'.repeat(253)}b*`), 'a'.repeat(long)],
    ['question marks', ofLength(`*${'?'.repeat(253)}b*`), 'a'.repeat(long)],
    ['classes', ofLength(`*${'[a-y]'.repeat(50)}zzzz*`), 'ab'.repeat(long / 2)],
    ['signs beyond ASCII', ofLength(`*[${'üéàñ'.repeat(63)}]*`.slice(0, 254) + ']*'), 'ö'.repeat(long)],
    ['pairs of surrogates', ofLength(`*${'?'.repeat(252)}ab*`), '🙂'.repeat(long / 2)],
    ['a text of many different signs', ofLength(`*${'[a-z]?'.repeat(42)}öä*`), manySigns()],
  ])('of 256 signs needs no backtracking for 100,000, which would take minutes: %s', (_, pattern, text) => {
    const matches = globMatcher(pattern);
    const start = process.cpuUsage();
    matches(text);
    const { user, system } = process.cpuUsage(start);
    expect(text.length).toBe(long);
    expect(user + system).toBeLessThan(1_000_000);
  });

  function manySigns(): string {
    return Array.from({ length: long }, (_, index) => String.fromCharCode(0x100 + (index % 50_000))).join('');
  }
});
