import { describe, expect, it } from '@jest/globals';
import { exemptionsIn, idsIn, report, ruleCoverage, titlesIn } from './rule-coverage.ts';

const { wording, vendors, unknown } = ruleCoverage(process.cwd());
const inWords = (ids: readonly string[]): string[] => ids.map((id) => `${id} ${wording[id]}`);

describe('the numbered rules of the vendors', () => {
  it('are numbered from 01 without a gap, vendor by vendor', () => {
    const counted: Record<string, number> = {};
    for (const id of Object.keys(wording)) {
      const vendor = id.replace(/-\d+$/, '');
      const number = (counted[vendor] = (counted[vendor] ?? 0) + 1);
      expect(id).toBe(`${vendor}-${String(number).padStart(2, '0')}`);
    }
    expect(counted).toEqual({ ADROLL: 76, ROKT: 65, ADJUST: 76, ADEMAIL: 64, ALL: 5 });
  });

  it('are each said once, in 5 to 14 words', () => {
    const sayings = Object.values(wording);
    expect(new Set(sayings).size).toBe(sayings.length);
    expect(sayings.filter((saying) => !/^\S+(?: \S+){4,13}$/.test(saying))).toEqual([]);
  });

  it('stand in files without a repeated id, which JSON would swallow', () => {
    const ids = idsIn(Object.keys(wording).join('\n'));
    expect(ids).toEqual(Object.keys(wording));
  });
});

describe.each(vendors)('the rules of $vendor', ({ uncovered, contradicted, rules }) => {
  it('are each named by a test or a contract case, or listed as not enforced with a reason', () => {
    expect(inWords(uncovered)).toEqual([]);
    expect(rules.length).toBeGreaterThan(0);
  });

  it('are not tested when they are listed as not enforced', () => {
    expect(inWords(contradicted)).toEqual([]);
  });
});
