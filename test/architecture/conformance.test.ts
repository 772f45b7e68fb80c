import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import {
  exemptionsIn,
  idsIn,
  report,
  ruleCoverage,
  titleOfCase,
  titlesIn,
} from '../support/architecture/rule-coverage.ts';

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

  it('are each said once, in 5 to 14 words, beside the lines of the document', () => {
    const sayings = Object.values(wording).map((saying) => saying.replace(/ \(L\d+(?:-\d+)?\)$/, ''));
    expect(new Set(sayings).size).toBe(sayings.length);
    expect(sayings.filter((saying) => !/^\S+(?: \S+){4,13}$/.test(saying))).toEqual([]);
  });

  it('stand in the file once each: of a repeated id JSON would keep the last alone', () => {
    expect(idsIn(readFileSync('test/conformance.json', 'utf8'))).toEqual(Object.keys(wording));
  });

  it('are all that a test, a contract case or a README of a vendor names', () => {
    expect(unknown).toEqual([]);
  });
});

describe.each(vendors)('the rules of $vendor', ({ uncovered, contradicted, rules }) => {
  it('are each named by a test or a contract case, or listed as not enforced with a reason', () => {
    expect(inWords(uncovered)).toEqual([]);
    expect(rules.length).toBeGreaterThan(0);
  });

  it('are not claimed by a test when they are listed as not enforced', () => {
    expect(inWords(contradicted)).toEqual([]);
  });
});

describe('what counts as naming a rule', () => {
  it('a range names every rule in it', () => {
    expect(idsIn('ADROLL-08 to ADROLL-10, ROKT-01 and ADJUST-02 to the last of 100')).toEqual([
      'ADROLL-08',
      'ADROLL-09',
      'ADROLL-10',
      'ROKT-01',
      'ADJUST-02',
    ]);
    expect(idsIn('FALL-01, ADROLLS-02, rokt-03')).toEqual([]);
  });

  it.each([
    ['a title', "it('one', () => {})", ['one']],
    ['the titles around it', "describe('one', () => { test('two', () => {}); })", ['one', 'two']],
    ['the rows of a table', "it.each([['one', 1]])('%s', () => {})", ['one', '%s']],
    ['the rows of a table elsewhere', "const rows = { a: ['one'] }; it.each(rows.a)('%s', () => {})", ['one', '%s']],
    ['a template', 'it(`one ${1 / 2} two`, () => {})', ['one … two']],
    ['a tagged table', 'it.each`a | b\n${"one"} | ${2}`("$a", () => {})', ['a | b\n… | …', 'one', '$a']],
    ['not a comment', "// it('one')\n/* 'two' */ const a = /'three'/;", []],
    ['not what a test does', "it('one', () => { expect('two').toBe(`three`); })", ['one']],
    ['not a test that is skipped', "it.skip('one', () => {}); xtest('two', () => {}); it.todo('three');", []],
    ['not a table that is skipped', "it.skip.each([['one']])('%s', () => {})", []],
    ['not what a skipped group holds', "describe.skip('one', () => { it('two', () => {}); })", []],
  ])('in a test file: %s', (_what, source, titles) => {
    expect(titlesIn(source)).toEqual(titles);
  });

  it('in a case: its title, unless it is to do', () => {
    expect(titleOfCase('{ "title": "ROKT-01 one" }')).toBe('ROKT-01 one');
    expect(titleOfCase('{ "title": "ROKT-01 one", "todo": "two" }')).toBe('');
  });

  it('in a README: list items and table rows of its section that give a reason', () => {
    const readme = [
      'ROKT-01: before the section',
      '## Not Enforced',
      '',
      '- ROKT-02, ROKT-03 and ROKT-04: a reason that',
      '  goes on, also about ROKT-05: more',
      '- ROKT-06, its first half: a reason',
      '- ROKT-07',
      '- ROKT-08:',
      '',
      '| Rule    | Why        |',
      '| ------- | ---------- |',
      '| ROKT-09 | a reason   |',
      '| ROKT-10, the "half" | a - reason |',
      '| ROKT-11 |            |',
      '',
      'ROKT-12 – a reason',
      '### Still the section',
      '- ROKT-13: a reason',
      '## After the section',
      '- ROKT-14: a reason',
    ].join('\n');
    const more = 'a reason that goes on, also about ROKT-05: more';
    expect(exemptionsIn(readme)).toEqual([
      { id: 'ROKT-02', part: '', reason: more },
      { id: 'ROKT-03', part: '', reason: more },
      { id: 'ROKT-04', part: '', reason: more },
      { id: 'ROKT-06', part: 'its first half', reason: 'a reason' },
      { id: 'ROKT-09', part: '', reason: 'a reason' },
      { id: 'ROKT-10', part: 'the "half"', reason: 'a - reason' },
      { id: 'ROKT-12', part: '', reason: 'a reason' },
      { id: 'ROKT-13', part: '', reason: 'a reason' },
    ]);
    expect(exemptionsIn('# A README without the section')).toEqual([]);
  });

  it('the report has one line of numbers for each vendor', () => {
    for (const { vendor, rules } of vendors) {
      expect(report({ wording, vendors, unknown })).toMatch(new RegExp(`^${vendor} +${rules.length} `, 'm'));
    }
  });
});
