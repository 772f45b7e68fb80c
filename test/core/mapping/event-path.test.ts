import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compileQuery } from '../../../core/mapping/fql/compile-query.ts';
import { parsePath, printPath, type PathSteps } from '../../../core/mapping/event-path.ts';
import { issueText } from '../../../core/mapping/syntax-issue.ts';
import { steps as fewSteps } from '../../support/mapping/random-queries.ts';

const raw = String.raw;

const anySteps: fc.Arbitrary<PathSteps> = fc.array(
  fc.oneof(fc.string({ unit: 'binary', maxLength: 6 }), fc.string({ maxLength: 6 }), fc.nat(4_294_967_294)),
  { maxLength: 5 },
);

describe('a path', () => {
  it.each<[string, PathSteps]>([
    ['type', ['type']],
    ['context.page.path', ['context', 'page', 'path']],
    ['$.context.page', ['context', 'page']],
    ['$', []],
    ['$.', []],
    ['$[0]', [0]],
    ["$['odd name'].x", ['odd name', 'x']],
    ["['odd name'].x", ['odd name', 'x']],
    ['[0].x', [0, 'x']],
    ['properties.products[0].sku', ['properties', 'products', 0, 'sku']],
    ['properties.products[0][12]', ['properties', 'products', 0, 12]],
    ['properties.products.0.sku', ['properties', 'products', '0', 'sku']],
    [raw`properties.product\ 1.price`, ['properties', 'product 1', 'price']],
    [raw`properties.a\.b`, ['properties', 'a.b']],
    [raw`\$x.\[0\].\\`, ['$x', '[0]', '\\']],
    [raw`\type\😀`, ['type😀']],
    ["properties['it\\'s']", ['properties', "it's"]],
    [`properties["it's"]['"']`, ['properties', "it's", '"']],
    ["properties['']['a.b']['[0]']", ['properties', '', 'a.b', '[0]']],
    ['größe.数量.नाम.ا١.é', ['größe', '数量', 'नाम', 'ا١', 'é']],
    ['1st.-x._y.2', ['1st', '-x', '_y', '2']],
    ['and.or.in.true.null', ['and', 'or', 'in', 'true', 'null']],
    ['__proto__.constructor.prototype', ['__proto__', 'constructor', 'prototype']],
    ['a[4294967294]', ['a', 4_294_967_294]],
    ["a['\n']", ['a', '\n']],
  ])('is taken apart: %s', (text, steps) => {
    expect(parsePath(text)).toEqual({ ok: true, steps });
  });

  const name = "letters, digits, _ or -, a backslash before any other sign, or ['odd name'] in place of the dot";
  const goesOn = '"." and a name, "[" and an index or a name in quotes, a backslash before any other sign, or the end';
  const inBrackets = "no element or name is in these brackets; expected an index from 0, as [0], or ['odd name']";
  it.each<[string, string]>([
    ['', `1: a name is missing; expected ${name}`],
    ['.a', `1: a name is missing; expected ${name}`],
    ['a.', `3: a name is missing; expected ${name}`],
    ['a..b', `3: a name is missing; expected ${name}`],
    ['$..a', `3: a name is missing; expected ${name}`],
    ['a.[0]', `3: a name is missing; expected ${name}`],
    [' a', `1: a name is missing; expected ${name}`],
    ['a ', `2: no path goes on like this; expected ${goesOn}`],
    ['a b', `2: no path goes on like this; expected ${goesOn}`],
    ['a/b', `2: no path goes on like this; expected ${goesOn}`],
    ['größe@x', `6: no path goes on like this; expected ${goesOn}`],
    ['a[0]b', `5: no path goes on like this; expected ${goesOn}`],
    ['a{{b}}', `2: no path goes on like this; expected ${goesOn}`],
    ['$a', '1: "$" stands for the event, not for a part of a name; expected $. before the name, or \\$ in it'],
    ['a\\', '2: nothing follows the backslash; expected the sign that it escapes'],
    ['a[', `2: ${inBrackets}`],
    ['a[]', `2: ${inBrackets}`],
    ['a[-1]', `2: ${inBrackets}`],
    ['a[01]', `2: ${inBrackets}`],
    ['a[ 0]', `2: ${inBrackets}`],
    ['a[0', `2: ${inBrackets}`],
    ['a[b]', `2: ${inBrackets}`],
    ['a[4294967295]', `2: ${inBrackets}`],
    [`a[${'9'.repeat(400)}]`, `2: ${inBrackets}`],
    ["a['b", "3: the text that begins here has no end; expected a closing '"],
    ["a['b'", '6: a bracket is open; expected "]" after the name'],
    ["a['b'.c", '6: a bracket is open; expected "]" after the name'],
    [raw`a['\n']`, raw`4: a backslash before this sign means nothing; expected \', \" or \\`],
    [raw`😀\ `.slice(0, 1), `1: a name is missing; expected ${name}`],
  ])('is refused with its place: %s', (text, issue) => {
    const result = parsePath(text);
    expect(result.ok ? [] : result.issues.map(issueText)).toEqual([`line 1, column ${issue}`]);
  });

  it.each([anySteps, fewSteps])('is printed as a text that is the same path, alone and in a query', (paths) => {
    fc.assert(
      fc.property(paths, (steps) => {
        const text = printPath(steps);
        expect(parsePath(text)).toEqual({ ok: true, steps });
        expect(compileQuery(`${text} = 1`)).toMatchObject({ ok: true, paths: [text] });
        expect(compileQuery(`1 = ${text}`)).toMatchObject({ ok: true, paths: [text] });
      }),
      { numRuns: 2_000 },
    );
  });

  it.each<[PathSteps, string]>([
    [['properties', 'products', 0, 'net price'], "properties.products[0]['net price']"],
    [['a.b'], "$['a.b']"],
    [['in'], '$.in'],
    [['1st', '2nd'], '$.1st.2nd'],
    [[0], '$[0]'],
    [[], '$'],
    [['größe'], 'größe'],
  ])('has one spelling: %j', (steps, text) => {
    expect(printPath(steps)).toBe(text);
  });
});
