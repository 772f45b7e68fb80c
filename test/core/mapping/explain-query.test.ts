// Tests core/mapping/fql/explain-query.ts: which parts of a query were false, by their types.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compileQuery } from '../../../core/mapping/fql/compile-query.ts';
import { printQuery } from '../../../core/mapping/fql/print-query.ts';
import { createRandom } from '../../../core/testing/simulators/random.ts';
import { eventBy, query } from '../../support/mapping/random-queries.ts';

const event = {
  type: 'track',
  event: 'Order Completed',
  properties: { total: 5, test: true, plan: 'gold', email: 'ann@example.com', tags: ['a'], none: null, o: { p: 1 } },
};

/** The parts as `line:column text (left, right)`. */
function explained(text: string, about: object = event): string[] {
  const result = compileQuery(text);
  if (!result.ok) throw new Error(text);
  return result
    .explain(about)
    .map(({ at, text: part, left, right }) => `${at.line}:${at.column} ${part} (${left}, ${right})`);
}

describe('texts that only look the same', () => {
  const isAlike = (text: string, about: object = event): boolean[] => {
    const result = compileQuery(text);
    if (!result.ok) throw new Error(text);
    return result.explain(about).map((part) => part.isAlike === true);
  };

  it.each([
    ["event = 'order completed'", event],
    ["'ORDER  completed ' = event", event],
    ["event in ['Signed Up', 'order Completed']", event],
    ["event = 'Carrito A\u00f1adido'", { event: 'Carrito An\u0303adido' }],
  ])('are told from others: %s', (text, about) => {
    expect(isAlike(text, about)).toEqual([true]);
  });

  it.each([
    "event = 'Order Complete'",
    "event in ['Signed Up']",
    "!(event = 'Order Completed')",
    "event != 'Order Completed'",
    'properties.total = properties.none',
    "contains(event, 'order')",
  ])('and nothing else is: %s', (text) => {
    expect(isAlike(text)).toEqual([false]);
  });
});

describe('an explanation of a query that is false', () => {
  it.each<[string, string[]]>([
    ["event = 'Signed Up'", ["1:1 event = 'Signed Up' (string, string)"]],
    ['properties.total >= 10', ['1:1 properties.total >= 10 (number, number)']],
    ['properties.total >= 1 and properties.total <= 2', ['1:27 properties.total <= 2 (number, number)']],
    ["event = 'x' and type = 'page'", ["1:1 event = 'x' (string, string)", "1:17 type = 'page' (string, string)"]],
    [
      "type = 'page' or type = 'screen'",
      ["1:1 type = 'page' (string, string)", "1:18 type = 'screen' (string, string)"],
    ],
    ["properties.total = '5'", ["1:1 properties.total = '5' (number, string)"]],
    ['properties.nothing.here = 1', ['1:1 properties.nothing.here = 1 (missing, number)']],
    ['properties.none != null', ['1:1 properties.none != null (null, null)']],
    ['properties.o = properties.tags', ['1:1 properties.o = properties.tags (object, list)']],
    ["'b' in properties.tags", ["1:1 'b' in properties.tags (string, list)"]],
    ["type in ['page']", ["1:1 type in ['page'] (string, list)"]],
    ["'gold' in properties.plan", ["1:1 'gold' in properties.plan (string, string)"]],
    ["contains(properties.total, '5')", ["1:1 contains(properties.total, '5') (number, string)"]],
    ["match(properties.nothing, 'a*')", ["1:1 match(properties.nothing, 'a*') (missing, string)"]],
    ["lowercase(properties.total) = 'x'", ["1:1 lowercase(properties.total) = 'x' (null, string)"]],
    ['bool(properties.plan)', ['1:1 bool(properties.plan) (string, bool)']],
    ['properties.none', ['1:1 properties.none (null, bool)']],
    ['properties.nothing', ['1:1 properties.nothing (missing, bool)']],
    ['false', ['1:1 false (bool, bool)']],
    ['!properties.test', ['1:2 !properties.test (bool, bool)']],
    ["!contains(event, 'Order')", ["1:2 !contains(event, 'Order') (string, string)"]],
    ['!(properties.total = 5)', ['1:3 !(properties.total = 5) (number, number)']],
    [
      "!(type = 'track' and properties.test)",
      ["1:3 !(type = 'track') (string, string)", '1:22 !properties.test (bool, bool)'],
    ],
    ["!(type = 'page' or properties.test)", ['1:20 !properties.test (bool, bool)']],
    ["!(!(type = 'page'))", ["1:5 type = 'page' (string, string)"]],
    [
      "type = 'track'\nand event = 'x'\n  and !properties.test",
      ["2:5 event = 'x' (string, string)", '3:8 !properties.test (bool, bool)'],
    ],
    [
      "type = 'track' and (event = 'x' or properties.total > 9)",
      ["1:21 event = 'x' (string, string)", '1:36 properties.total > 9 (number, number)'],
    ],
  ])('names each part that failed: %s', (text, parts) => {
    expect(explained(text)).toEqual(parts);
  });

  it.each<[string, string[]]>([
    ['properties.plan', ['1:1 properties.plan (string, bool)']],
    ['!properties.total', ['1:2 properties.total (number, bool)']],
    ["type = 'track' or properties.tags", ['1:19 properties.tags (list, bool)']],
    ['properties.plan and properties.o', ['1:1 properties.plan (string, bool)', '1:21 properties.o (object, bool)']],
    [
      "type = 'page' and !properties.plan",
      ["1:1 type = 'page' (string, string)", '1:20 properties.plan (string, bool)'],
    ],
    [
      "!properties.plan and type = 'page'",
      ['1:2 properties.plan (string, bool)', "1:22 type = 'page' (string, string)"],
    ],
  ])('names each path that is no condition, with its type: %s', (text, parts) => {
    expect(explained(text)).toEqual(parts);
  });

  it('is there if and only if the query is false, and lies within it', () => {
    fc.assert(
      fc.property(query, fc.nat(), (tree, seed) => {
        const result = compileQuery(printQuery(tree));
        if (!result.ok) throw new Error(printQuery(tree));
        const chance = createRandom(seed);
        for (let index = 0; index < 10; index += 1) {
          const about = eventBy(() => chance.next());
          const parts = result.explain(about);
          expect(parts.length === 0).toBe(result.matches(about));
          for (const { at } of parts) expect(at.line === 1 && at.column <= printQuery(tree).length).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('names the first hundred parts alone, however many the query has', () => {
    const text = Array.from({ length: 5_000 }, (_, index) => `p = ${index}`).join(' or ');
    const parts = explained(text);
    expect(parts).toHaveLength(100);
    expect([parts[0], parts[99]]).toEqual(['1:1 p = 0 (missing, number)', '1:981 p = 99 (missing, number)']);
  });

  it('shows no value of the event', () => {
    const texts = [
      "properties.email = 'x'",
      'properties.email',
      "match(properties.email, 'x')",
      '!(properties.email != 1)',
    ];
    for (const text of texts) expect(explained(text).join()).not.toContain('ann@example.com');
  });
});
