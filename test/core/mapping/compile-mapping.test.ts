// Tests core/mapping/compile-mapping.ts: what is wrong with a mapping, where, and all of it at once.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { compileMapping } from '../../../core/mapping/compile-mapping.ts';
import type { MappingIssue } from '../../../core/mapping/mapping-issues.ts';

const wrong = JSON.parse(readFileSync(path.join(import.meta.dirname, 'wrong-mappings.json'), 'utf8')) as readonly {
  readonly mapping: unknown;
  readonly issues: readonly MappingIssue[];
}[];

function issuesOf(option: unknown): readonly MappingIssue[] {
  const compiled = compileMapping(option);
  return compiled.ok ? [] : compiled.issues;
}

/** What should stand in a path is a matter of the path's grammar, and of its tests. */
const withoutAdvice = ({ path: at, message }: MappingIssue): MappingIssue => ({
  path: at,
  message: message.replace(/; expected .*$/, ''),
});

describe('a wrong mapping', () => {
  it.each(wrong.map((row) => [JSON.stringify(row.mapping).slice(0, 200), row] as const))(
    'is refused: %s',
    (_title, { mapping, issues }) => {
      expect(issuesOf(mapping).map(withoutAdvice)).toEqual(issues);
    },
  );
});

const rows = (count: number): Record<string, number> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`a${index}`, index]));

describe('a mapping from a hostile file', () => {
  const nested = (levels: number): unknown => {
    let side: unknown = { '@path': 'a' };
    for (let level = 0; level < levels; level += 1) side = { x: side };
    return side;
  };

  it('is compiled up to its bounds', () => {
    expect(issuesOf({ set: { a: nested(29), [`${'x.'.repeat(31)}x`]: 1, ['x'.repeat(1_000)]: 1 } })).toEqual([]);
    expect(issuesOf({ set: rows(500), unset: Object.keys(rows(500)).map((name) => `x${name}`) })).toEqual([]);
  });

  it.each<[string, unknown, RegExp]>([
    ['too deep', { set: { a: nested(30) } }, /nested more deeply than 32 levels/],
    ['far too deep', { set: { a: nested(100_000) } }, /nested more deeply than 32 levels/],
    ['too many rows', { set: rows(501) }, /more than 500 rows/],
    ['too many removals', { unset: Object.keys(rows(501)) }, /more than 500 rows/],
    ['too many values', { set: { a: Array.from({ length: 30_000 }, () => 0) } }, /more than 20000 values/],
    ['too long', { set: { a: 'x'.repeat(1_000_001) } }, /longer than 1000000 characters/],
    ['too long in a target', { set: { ['x'.repeat(1_001)]: 1 } }, /longer than 1000 characters/],
    ['too deep in a target', { unset: ['x.'.repeat(32) + 'x'] }, /more than 32 steps/],
    ['too long in its names', { set: { a: { ['x'.repeat(1_000_001)]: 'y' } } }, /longer than 1000000 characters/],
  ])('that is %s is refused with one issue, which quotes nothing of it', (_title, mapping, message) => {
    const issues = issuesOf(mapping);
    expect(issues).toEqual([
      { path: expect.stringMatching(/^options\.mapping/), message: expect.stringMatching(message) },
    ]);
    expect(issues[0]?.message.length).toBeLessThan(100);
  });

  it.each<[string, unknown]>([
    ['sides', Array.from({ length: 9_000 }, () => ({ '@pat': 1 }))],
    ['options', { '@hash': Object.fromEntries(Array.from({ length: 9_000 }, (_, index) => [`valu${index}`, 1])) }],
    ['paths', Array.from({ length: 9_000 }, () => ({ '@path': '.' }))],
    ['values', Array.from({ length: 9_000 }, () => undefined)],
  ])('with thousands of wrong %s is refused at once, with the first hundred issues', (_title, side) => {
    const before = process.cpuUsage();
    const issues = issuesOf({ set: { a: side } });
    const { user, system } = process.cpuUsage(before);
    expect(issues).toHaveLength(101);
    expect(issues.at(-1)).toEqual({ path: 'options.mapping', message: 'has perhaps more issues than these 100' });
    expect(user + system).toBeLessThan(500_000);
  });

  it('that contains itself is refused', () => {
    const mapping: Record<string, unknown> = { set: {} };
    (mapping['set'] as Record<string, unknown>)['a'] = mapping;
    expect(issuesOf(mapping)).toHaveLength(1);
  });

  it.each([[undefined], [Number.NaN], [Infinity], [() => 1], [1n], [new Date(0)], [new Map()], [Symbol('a')]])(
    'that is no JSON is refused: %p',
    (value) => {
      expect(issuesOf({ set: { a: [value] } })).toEqual([
        { path: 'options.mapping.set.a.0', message: 'is no JSON value' },
      ]);
    },
  );

  it('names no long name in full', () => {
    const [issue] = issuesOf({ set: { a: { [`@${'x'.repeat(10_000)}`]: 1 } } });
    expect(issue?.message.length).toBeLessThan(300);
    for (const sign of ['x', '.'])
      for (const { path: at } of issuesOf({ set: { [sign.repeat(10_000)]: { '@path': 1 } } }))
        expect(at.length).toBeLessThan(300);
  });

  it('keeps what it was, whatever becomes of the object', () => {
    const option = { set: { a: { b: [1] } } };
    const compiled = compileMapping(option);
    option.set.a.b.push(2);
    expect(compiled.ok && compiled.apply({}).event).toEqual({ a: { b: [1] } });
  });
});

it('says which paths of events it reads, writes and removes', () => {
  const compiled = compileMapping({
    set: {
      'properties.total': { '@if': { exists: { '@path': '$.properties.net' }, else: { '@path': 'properties.gross' } } },
      'properties.products': {
        '@arrayPath': [
          '$.properties.lines',
          { id: { '@path': '$.sku' }, sizes: { '@arrayPath': ['sizes', { '@path': 'cm' }] } },
        ],
      },
      'properties.label': { '@template': '{{properties.net}} {{context.locale}}' },
      "properties['odd name']": { '@sum': ['$.properties.lines', 'price', 'qty'] },
      'properties.other': { '@transform': { apply: { a: { '@path': 'userId' } }, mapping: { '@path': 'a' } } },
      'properties.first': { '@arrayPath': [{ '@path': 'properties.lines' }, { '@path': '$' }] },
      'properties.made': {
        '@arrayPath': [{ '@json': { mode: 'decode', value: { '@path': 'properties.text' } } }, { '@path': 'x' }],
      },
    },
    unset: ['context.ip'],
  });
  expect(compiled.ok && compiled.paths).toEqual({
    reads: [
      'properties.net',
      'properties.gross',
      'properties.lines',
      'properties.lines[].sku',
      'properties.lines[].sizes',
      'properties.lines[].sizes[].cm',
      'context.locale',
      'properties.lines[].price',
      'properties.lines[].qty',
      'userId',
      'properties.lines[]',
      'properties.text',
    ],
    writes: [
      'properties.total',
      'properties.products',
      'properties.label',
      "properties['odd name']",
      'properties.other',
      'properties.first',
      'properties.made',
    ],
    removes: ['context.ip'],
  });
});
