import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { hasPart } from '../../../core/mapping/fql/text-search.ts';

describe('the search for a part of a text', () => {
  const run = fc.constantFrom('a', 'b', 'ab', 'aa', 'a'.repeat(40), 'ab'.repeat(40), '🙂');
  const textOf = (longest: number) => fc.array(run, { maxLength: longest }).map((runs) => runs.join(''));

  it('finds what String.includes finds, however long', () => {
    fc.assert(
      fc.property(textOf(12), textOf(6), textOf(6), (text, part, other) => {
        expect(hasPart(text, part)).toBe(text.includes(part));
        expect(hasPart(other + part + text, part)).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });

  it.each([
    ['a'.repeat(50_000) + 'b' + 'a'.repeat(50_000), 'a'.repeat(1_000_000)],
    ['ab'.repeat(50_000) + 'c', 'ab'.repeat(500_000)],
    ['b' + 'a'.repeat(99_999), 'a'.repeat(1_000_000)],
  ])('takes less than a second for a part of 100 kB that nearly repeats itself', (part, text) => {
    const start = process.cpuUsage();
    expect(hasPart(text, part)).toBe(false);
    expect(hasPart(text + part, part)).toBe(true);
    const { user, system } = process.cpuUsage(start);
    expect(user + system).toBeLessThan(1_000_000);
  });
});
