// Tests core/http/masking/personal.ts: the signs by which a pattern is passed over save time, and never a match.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { findAddresses, findAll, findPersonal, personalPatterns } from '../../core/http/masking/personal.ts';

type Find = typeof findPersonal;

const rangesOf = (find: Find, text: string): string[] => {
  const ranges: string[] = [];
  find(text, (start, end) => ranges.push(`${start}-${end}`));
  return ranges;
};

const withoutSigns: Find = (text, found) => {
  for (const { pattern } of personalPatterns) findAll(text, pattern, found);
};

describe('what names a person', () => {
  it.each(personalPatterns.map((one) => [one.example, one] as const))('is found by its signs: %s', (example, one) => {
    const byItself: Find = (text, found) => findAll(text, one.pattern, found);
    const text = `user ${example} unknown`;
    expect(rangesOf(byItself, text)).not.toEqual([]);
    expect(rangesOf(findPersonal, text)).toEqual(expect.arrayContaining(rangesOf(byItself, text)));
  });

  it('is found in any text as without the signs', () => {
    const pieces = [...personalPatterns.map(({ example }) => example), '@', '%40', '://', '?', '.', ':', '-', ' ', '"'];
    const part = fc.oneof(
      fc.constantFrom(...pieces, ...pieces.map((piece) => piece.toUpperCase())),
      fc.stringMatching(/^[\da-fA-Fx.:%@-]{0,14}$/),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const text = parts.join('');
        expect(rangesOf(findPersonal, text)).toEqual(rangesOf(withoutSigns, text));
      }),
      { numRuns: 2_000 },
    );
  });

  it('is no number in a sentence', () => {
    expect(rangesOf(findAddresses, 'at most 1 000 000 of 8f14e45fceea')).toEqual([]);
    expect(rangesOf(findPersonal, 'at most 1 000 000 of 8f14e45fceea')).toHaveLength(2);
  });
});
