// Tests core/mapping/fql/print-query.ts and parse-query.ts: what is printed is parsed as the same query.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseQuery } from '../../../core/mapping/fql/parse-query.ts';
import { printQuery } from '../../../core/mapping/fql/print-query.ts';
import type { Condition } from '../../../core/mapping/fql/syntax-tree.ts';
import { query } from '../../support/mapping/random-queries.ts';

/** The tree without the places of its parts in the text, which a printed query need not have. */
const placeless = (tree: Condition): unknown =>
  JSON.parse(JSON.stringify(tree, (name, value: unknown) => (name === 'at' ? undefined : value)));

describe('a printed query', () => {
  it('is parsed as the query that it was', () => {
    fc.assert(
      fc.property(query, (tree) => {
        expect(placeless(parseQuery(printQuery(tree)))).toEqual(placeless(tree));
      }),
      { numRuns: 5_000 },
    );
  });

  it('has no minus zero, which would be printed as zero', () => {
    expect(parseQuery('a = -0')).toEqual(parseQuery('a = 0 '));
  });

  it.each([
    ["type='track'and(event=\"it's\")", "type = 'track' and event = 'it\\'s'"],
    ['( a or b ) and c or d', '(a or b) and c or d'],
    ['(a and b) and c', '(a and b) and c'],
    ['a and b and c', 'a and b and c'],
    ['a or (b or c)', 'a or (b or c)'],
    ['(a and b) or c', 'a and b or c'],
    ['!(a)', '!a'],
    ['!(!(a))', '!(!a)'],
    ['!(a=1)', '!(a = 1)'],
    ['!( length( a )=1 )', '!(length(a) = 1)'],
    ['!contains (a,"b")', "!contains(a, 'b')"],
    ['a in["b",1.50,-0,[true,null]]', "a in ['b', 1.5, 0, [true, null]]"],
    ['a=0.0000001', 'a = 0.0000001'],
    [String.raw`properties.product\ 1.price=$.in`, "properties['product 1'].price = $.in"],
    [String.raw`match(a,'x\*\\\'')`, String.raw`match(a, 'x\\*\\\'')`],
    ['$.a = $.b', 'a = $.b'],
    ['$.a = $.userId', '$.a = userId'],
    ['$.1st and $.-x', '$.1st and $.-x'],
    ['$ = 1', '$ = 1'],
  ])('has one spelling: %s', (text, spelling) => {
    expect(printQuery(parseQuery(text))).toBe(spelling);
    expect(printQuery(parseQuery(spelling))).toBe(spelling);
  });
});
