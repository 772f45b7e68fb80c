// Tests core/mapping/apply-mapping.ts and mapping-trace.ts: what becomes of an event, and what does not.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../../core/api/index.ts';
import { mappingTrace } from '../../../core/mapping/mapping-trace.ts';
import { mappingOf } from '../../support/mapping/mapping-of.ts';
import { applyNaively } from '../../support/mapping/naive-mapping.ts';
import { anySide, ownMembers, randomEvent, randomSide, randomTargets } from '../../support/mapping/random-mappings.ts';

interface Row {
  readonly title: string;
  readonly mapping: unknown;
  readonly event: JsonObject;
  readonly result: JsonObject;
  readonly unfit?: readonly (readonly [target: string, reason: string])[];
}
const rows = JSON.parse(readFileSync(path.join(import.meta.dirname, 'mappings.json'), 'utf8')) as readonly Row[];

/** Freezes a value with all that is in it. */
function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}

/** Made in the realm of the test, unlike those of structuredClone. */
const copyOf = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

const at = (steps: string): JsonValue => ({ '@path': steps });

describe('a mapping', () => {
  it.each(rows.map((row) => [row.title, row] as const))('%s', (_title, { mapping, event, result, unfit }) => {
    const before = structuredClone(event);
    const { event: mapped, notes } = mappingOf(mapping).apply(frozen(event));
    expect(mapped).toEqual(result);
    expect(JSON.stringify(mapped)).toBe(JSON.stringify(result));
    expect(event).toEqual(before);
    expect(notes).toEqual(unfit?.map(([field, message]) => ({ code: 'mapping_unfit', field, message })));
  });

  it('copies the objects on the way to what changes, and shares all the rest', () => {
    const event = frozen({ a: { b: { c: 1 }, d: { e: 1 } }, f: { g: [1] }, h: { i: 1 } });
    const mapped = mappingOf({ set: { 'a.b.c': 2 }, unset: ['h.i'] }).apply(event).event as typeof event;
    expect(mapped).toEqual({ a: { b: { c: 2 }, d: { e: 1 } }, f: { g: [1] }, h: {} });
    expect(mapped.a.d).toBe(event.a.d);
    expect(mapped.f).toBe(event.f);
  });

  it.each<[string, unknown]>([
    ['that yields what is there', { set: { 'a.b': 1, 'a.list': at('a.list') } }],
    ['that yields nothing', { set: { 'a.b': at('x'), 'x.y.z': at('x') } }],
    ['that removes what is not there', { unset: ['a.c', 'x.y'] }],
    ['that does not fit', { set: { 'a.b': { '@flatten': { value: at('a.b') } }, 'a.b2.c': at('x') } }],
    ['without a place', { set: { 'a.b.c': 1 } }],
  ])('returns the event itself for a row %s', (_title, mapping) => {
    const event = frozen({ a: { b: 1, list: [] } });
    expect(mappingOf(mapping).apply(event).event).toBe(event);
  });

  it('takes what has a JSON of its own for a value', () => {
    const event = { at: new Date(0), made: { toJSON: () => 'x' } };
    const { event: mapped, notes } = mappingOf({ set: { 'at.x': 1, 'made.x': 1 } }).apply(event);
    expect(mapped).toBe(event);
    expect(notes?.map(({ field }) => field)).toEqual(['at.x', 'made.x']);
  });
});

describe('names that objects inherit', () => {
  const hostile = JSON.parse(
    '{"__proto__":{"polluted":1,"x":{"y":1}},"constructor":{"prototype":{"polluted":1}},"toString":1}',
  ) as JsonObject;

  it('are data in an event', () => {
    const { event } = mappingOf({
      set: { 'properties.proto': at('__proto__.polluted'), 'properties.made': at('constructor.prototype') },
    }).apply(hostile);
    expect(JSON.stringify(event)).toBe(
      `${JSON.stringify(hostile).slice(0, -1)},"properties":{"proto":1,"made":{"polluted":1}}}`,
    );
  });

  it('are data in targets and right sides', () => {
    const set = JSON.parse(
      '{"__proto__.polluted":2,"constructor.prototype.polluted":2,"a.__proto__":{"__proto__":{"@path":"__proto__.x"}}}',
    ) as JsonObject;
    const { event } = mappingOf({ set, unset: ['toString', 'b.__proto__'] }).apply(hostile);
    expect(JSON.stringify(event)).toBe(
      '{"__proto__":{"polluted":2,"x":{"y":1}},"constructor":{"prototype":{"polluted":2}},"a":{"__proto__":{"__proto__":{"y":1}}}}',
    );
    expect(Object.getPrototypeOf(event)).toBe(Object.prototype);
    expect(({} as JsonObject)['polluted']).toBeUndefined();
  });

  it.each<[string, JsonValue]>([
    ['@flatten', { '@flatten': { value: at('__proto__') } }],
    ['@merge', { '@merge': { direction: 'right', objects: [{}, at('$')] } }],
    ['@json', { '@json': { mode: 'decode', value: '{"__proto__":{"polluted":1}}' } }],
    ['@map', { '@map': { value: '__proto__', to: ownMembers([['__proto__', {}]]) } }],
    ['@literal', { '@literal': hostile }],
  ])('pollute nothing through %s', (_name, side) => {
    const { event } = mappingOf({ set: { made: side } }).apply(hostile);
    expect(Object.getPrototypeOf((event as JsonObject)['made'])).toBe(Object.prototype);
    expect(({} as JsonObject)['polluted']).toBeUndefined();
  });
});

describe('any mapping of any event', () => {
  const mapping = (side: fc.Arbitrary<JsonValue>) =>
    fc
      .tuple(randomTargets, fc.array(side, { minLength: 6, maxLength: 6 }), fc.boolean())
      .map(([targets, sides, isLastUnset]) => ({
        set: ownMembers(
          (isLastUnset ? targets.slice(0, -1) : targets).map((target, index) => [target, sides[index] as JsonValue]),
        ),
        unset: isLastUnset ? targets.slice(-1) : [],
      }));

  it('means what the naive interpreter makes of it, and leaves the event as it was', () => {
    fc.assert(
      fc.property(mapping(randomSide), randomEvent, ({ set, unset }, event) => {
        const before = copyOf(event);
        const { event: mapped } = mappingOf({ set, unset }).apply(frozen(event));
        if (!isDeepStrictEqual(event, before)) throw new Error('the event changed');
        const expected = applyNaively(set as Record<string, JsonValue>, unset, event);
        if (!isDeepStrictEqual(mapped, expected)) expect(mapped).toEqual(expected);
      }),
      { numRuns: 3_000 },
    );
  });

  it('never throws, with and without a trace, which changes nothing', () => {
    const keys = Object.getOwnPropertyNames(Object.prototype);
    fc.assert(
      fc.property(mapping(anySide), randomEvent, (option, event) => {
        const compiled = mappingOf(option);
        const trace = mappingTrace();
        const plain = compiled.apply(frozen(event));
        const traced = compiled.apply(event, trace);
        if (!isDeepStrictEqual(plain, traced)) expect(traced).toEqual(plain);
        expect(trace.mapped.length + trace.nothing.length).toBe(Object.keys(option.set).length);
        expect(trace.unfit.length).toBe(plain.notes?.length ?? 0);
        JSON.stringify(plain.event);
      }),
      { numRuns: 3_000 },
    );
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(keys);
  });
});

describe('a mapping that would make too much of an event', () => {
  const tooMuch = 'With this row, the mapping would make more of the event than an event may be';
  const nested = (levels: number, wrap: (side: JsonValue) => JsonValue, innermost: JsonValue): JsonValue =>
    levels === 0 ? innermost : wrap(nested(levels - 1, wrap, innermost));
  const long = 'a'.repeat(100_000);
  const list = Array.from({ length: 100_000 }, () => 0);

  it.each<[string, JsonValue]>([
    ['a replacement', { '@replace': { value: at('text'), pattern: 'a', replacement: 'b'.repeat(10_000) } }],
    ['a template', { '@template': '{{text}}'.repeat(10_000) }],
    [
      'a template of templates',
      nested(
        9,
        (apply) => ({ '@transform': { apply: { x: apply }, mapping: { '@template': '{{x}}{{x}}' } } }),
        at('text'),
      ),
    ],
    [
      'JSON of what repeats itself',
      {
        '@json': {
          mode: 'encode',
          value: nested(9, (apply) => ({ '@transform': { apply, mapping: [at('$'), at('$')] } }), at('text')),
        },
      },
    ],
    [
      'a flat form of what repeats itself',
      {
        '@flatten': {
          value: {
            a: nested(
              10,
              (apply) => ({ '@transform': { apply, mapping: { long_name: at('$'), other_name: at('$') } } }),
              { ['x'.repeat(2_000)]: 1 },
            ),
          },
        },
      },
    ],
    ['a shape for very many elements', { '@arrayPath': ['list', Array.from({ length: 20 }, () => at('x'))] }],
    ['lists in lists', { '@arrayPath': ['list', { '@arrayPath': [{ '@literal': list.slice(0, 1_000) }, at('$')] }] }],
    ['many digests', Array.from({ length: 20 }, () => ({ '@hash': { value: at('text') } }))],
    ['many objects', Array.from({ length: 20 }, () => ({ '@merge': { direction: 'left', objects: [at('many')] } }))],
    ['many sums', Array.from({ length: 20 }, () => ({ '@sum': [['list', 'x']] }))],
    [
      'many texts in capitals',
      Array.from({ length: 20 }, () => ({ '@case': { operator: 'upper', value: at('text') } })),
    ],
    ['many decoded texts', Array.from({ length: 20 }, () => ({ '@json': { mode: 'decode', value: at('text') } }))],
  ])('makes none of it, and says so: %s', (_title, side) => {
    const many = Object.fromEntries(list.map((_, index) => [`n${index}`, 0]));
    const mapping = mappingOf({ set: { made: side } });
    const event = { text: long, list: list.map(() => ({ x: 1 })), many };
    const before = process.cpuUsage();
    const { notes } = mapping.apply(event);
    const { user, system } = process.cpuUsage(before);
    expect(user + system).toBeLessThan(2_000_000);
    expect(notes).toEqual([{ code: 'mapping_unfit', field: 'made', message: tooMuch }]);
  });

  it.each<[string, JsonValue]>([
    ['@number', { '@number': at('blank') }],
    ['@date', { '@date': { value: at('blank') } }],
    ['@sum', { '@sum': ['$.blank', '$.properties.x'] }],
    ['@sum of lines', { '@sum': ['$.lines', 'blank'] }],
  ])('goes through a long text once and not once for each row: %s', (_directive, side) => {
    const set = Object.fromEntries(Array.from({ length: 40 }, (_, row) => [`made${row}`, side]));
    const blank = `${' '.repeat(600_000)}1`;
    const before = process.cpuUsage();
    const { notes } = mappingOf({ set }).apply({ blank, lines: [{ blank }] });
    const { user, system } = process.cpuUsage(before);
    expect(user + system).toBeLessThan(1_500_000);
    expect(notes?.at(-1)).toEqual({ code: 'mapping_unfit', field: 'made39', message: tooMuch });
  });

  it('counts all rows together, up to the host’s limit of an event', () => {
    const text = 'a'.repeat(400);
    const set = Object.fromEntries(['a', 'b', 'c'].map((name) => [name, { '@template': '{{text}}' }]));
    const { event, notes } = mappingOf({ set }, { maxBytes: 1_000 }).apply({ text });
    expect(event).toEqual({ text, a: text, b: text });
    expect(notes).toEqual([{ code: 'mapping_unfit', field: 'c', message: tooMuch }]);
  });

  it('counts eight for each right side of a shape and each element, and none for those beside the shape', () => {
    const list = Array.from({ length: 10 }, (_, n) => ({ n }));
    // The shape, its member, and the path: three right sides for each of ten elements.
    const option = { set: { made: [at('x'), at('x'), { '@arrayPath': ['list', { a: at('n') }] }] } };
    expect(mappingOf(option, { maxBytes: 240 }).apply({ list }).notes).toBeUndefined();
    expect(mappingOf(option, { maxBytes: 239 }).apply({ list }).notes).toHaveLength(1);
  });

  it.each<[string, JsonValue]>([
    ['a text', { '@template': '{{text}}{{text}}{{text}}' }],
    ['a replacement', { '@replace': { value: at('text'), pattern: 'a', replacement: 'bbb' } }],
    ['JSON text', { '@json': { mode: 'encode', value: [at('text'), at('text'), at('text')] } }],
  ])('does no more for an event after %s was too much', (_title, side) => {
    const set = { before: { '@case': { operator: 'upper', value: 'x' } }, made: side, after: { '@number': 1 } };
    const more = { ...set, more: { '@case': { operator: 'upper', value: 'x' } } };
    const { event, notes } = mappingOf({ set: more }, { maxBytes: 1_000 }).apply({ text: 'a'.repeat(400) });
    expect(event).toEqual({ text: 'a'.repeat(400), before: 'X', after: 1 });
    expect(notes?.map(({ field }) => field)).toEqual(['made', 'more']);
  });

  it.each<[string, JsonValue, string]>([
    [
      '@json',
      { '@json': { mode: 'encode', value: at('deep') } },
      '@json takes values of 64 levels at most, with finite numbers',
    ],
    [
      '@json',
      { '@json': { mode: 'decode', value: `${'['.repeat(100_000)}${']'.repeat(100_000)}` } },
      '@json takes values of 64 levels at most, with finite numbers',
    ],
    ['@flatten', { '@flatten': { value: at('deep') } }, '@flatten takes 64 levels at most'],
  ])('goes no deeper than an event may be: %s', (_name, side, message) => {
    let deep: JsonValue = 1;
    for (let level = 0; level < 50_000; level += 1) deep = { a: deep };
    expect(mappingOf({ set: { made: side } }).apply({ deep }).notes).toEqual([
      { code: 'mapping_unfit', field: 'made', message },
    ]);
  });

  it('searches in time in proportion to the text, whatever the pattern', () => {
    const side = { '@replace': { value: at('text'), pattern: `b${'a'.repeat(255)}`, ignorecase: true } };
    const mapping = mappingOf({ set: { made: side } });
    const event = { text: 'a'.repeat(400_000) };
    mapping.apply(event);
    const before = process.cpuUsage();
    mapping.apply(event);
    const { user, system } = process.cpuUsage(before);
    expect(user + system).toBeLessThan(100_000);
  });
});

describe('the trace of a mapping', () => {
  it('says of each row where its value came from, or that it came to nothing', () => {
    const trace = mappingTrace();
    const total = JSON.parse(
      '{"@if":{"exists":{"@path":"properties.net"},"then":{"@path":"properties.net"},"else":{"@path":"properties.gross"}}}',
    ) as JsonValue;
    mappingOf({
      set: {
        event: 'Order Completed',
        'properties.total': total,
        'properties.ids': { '@arrayPath': ['properties.lines', at('sku')] },
        'properties.coupon': at('properties.code'),
        'properties.amount': { '@number': at('properties.text') },
        'properties.text.x': at('event'),
        'properties.sum': { '@sum': ['properties.lines', 'price', 'qty'] },
        'properties.part': { a: at('event'), b: { '@number': at('event') } },
      },
      unset: ['context.ip', 'context.os.name'],
    }).apply(
      {
        event: 'Bestellung',
        properties: { gross: 1, text: 'x', lines: [{ price: 1 }, { sku: 'b', price: 2 }] },
        context: { ip: '::' },
      },
      trace,
    );
    const row = (target: string) =>
      target === 'event' ? 'options.mapping.set.event' : `options.mapping.set['${target}']`;
    const takesNumber = '@number takes a number, or a text such as "12.50"';
    const coupon = { target: 'properties.coupon', from: ['properties.code'], row: row('properties.coupon') };
    const amount = { target: 'properties.amount', from: ['properties.text'], row: row('properties.amount') };
    const text = { target: 'properties.text.x', from: ['event'], row: row('properties.text.x') };
    const part = { target: 'properties.part', from: ['event'], row: row('properties.part') };
    expect(trace).toEqual({
      mapped: [
        { target: 'event', from: [], row: row('event') },
        { target: 'properties.total', from: ['properties.gross'], row: row('properties.total') },
        { target: 'properties.ids', from: ['properties.lines', 'properties.lines[].sku'], row: row('properties.ids') },
        {
          target: 'properties.sum',
          from: ['properties.lines', 'properties.lines[].price'],
          row: row('properties.sum'),
        },
        part,
      ],
      nothing: [coupon, amount, text],
      unfit: [
        { ...amount, reason: takesNumber },
        { ...text, reason: 'Nothing is written into what is a text, a number, a boolean or a list' },
        { ...part, reason: takesNumber },
      ],
      removed: ['context.ip'],
    });
  });
});
