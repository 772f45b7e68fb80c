import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../core/api/event.ts';
import type { Trace } from '../../core/api/fields/mapping.ts';
import { payloadBuilder } from '../../core/api/fields/payload-builder.ts';
import {
  flatTexts,
  jsonText,
  jsonTextOf,
  scalarText,
  scalarValue,
  textList,
} from '../../core/api/fields/property-values.ts';
import type { PropertyConverter } from '../../core/api/fields/property-target.ts';
import {
  propertySelector,
  type PropertySelection,
  type PropertySelectorOptions,
} from '../../core/api/fields/select-properties.ts';

const vendor = 'Acme';
const scalar = scalarValue({ vendor });

/** What a selection passes on, the path that each came from, and the notes as `code path -> path: text`. */
function select(
  selection: PropertySelection,
  options: Partial<PropertySelectorOptions>,
  object: unknown,
  base: Record<string, JsonValue> = {},
) {
  const sources: string[] = [];
  const trace: Trace = { from: (field, source) => void sources.push(`${field}<${source}`), note: () => undefined };
  const out = payloadBuilder<Record<string, JsonValue>>({ trace }, base);
  propertySelector(selection, { vendor, as: scalar, ...options })(object as JsonObject, out, 'properties');
  const notes = out.notes.map(
    ({ code, field, payloadField, message }) => `${code} ${field} -> ${payloadField}: ${message}`,
  );
  return { sent: out.value, sources, notes };
}

/** What one value becomes. */
function convert(as: PropertyConverter, value: unknown) {
  const { sent, notes } = select(['x'], { as }, { x: value });
  return [sent['x'], ...notes.map((note) => note.replace('properties.x -> x: ', ''))];
}

/** An object in an object in an object, deeper than any stack. */
function nested(levels: number): JsonObject {
  let object: JsonObject = {};
  for (let level = 0; level < levels; level += 1) object = { a: object };
  return object;
}

describe('F-58 the name of a property', () => {
  it.each<[PropertySelection, object, object]>([
    [['plan '], { plan: 'gold' }, { plan: 'gold' }],
    [['plan'], { 'plan ': 'gold' }, { plan: 'gold' }],
    [[' plan', 'plan'], { '\u200Bplan': 'gold' }, { plan: 'gold' }],
    [{ 'plan ': ' level ' }, { ' plan': 'gold' }, { level: 'gold' }],
    [['plan', 'size'], { ' plan ': 'gold', plan: 'blue', size: 7 }, { plan: 'blue', size: 7 }],
    [['toString', 'constructor'], { a: 1 }, {}],
    ['all', { 'email ': 'ann', plan: 'gold' }, { plan: 'gold' }],
    [['email '], { email: 'ann' }, {}],
  ])('is trimmed in the setting %j and in the event %j', (selection, object, wanted) => {
    expect(select(selection, { reserved: ['Email'] }, object).sent).toEqual(wanted);
  });

  it('stands in preview and notes as the event spells it', () => {
    expect(select(['plan'], {}, { 'plan ': 'gold' }).sources).toEqual(['plan<properties.plan ']);
  });
});

describe('F-58 of two properties under one name', () => {
  const taken = (property: string) => `dropped properties.${property} -> x: Another property has this name already`;

  it.each<[string, PropertySelection, object, object, readonly string[]]>([
    ['that the setting gives both', { a: 'x', b: 'x\u200B' }, { a: 1, b: 2 }, { x: 1 }, [taken('b')]],
    ['the second one alone', { a: 'x', b: 'x' }, { b: 2 }, { x: 2 }, []],
    ['the second one beside null', { a: 'x', b: 'x' }, { a: null, b: 2 }, { x: 2 }, []],
    ['three', { a: 'x', b: 'x', c: 'x' }, { a: 1, b: 2, c: 3 }, { x: 1 }, [taken('b'), taken('c')]],
    ['two spellings of the event', { x: 'x' }, { ' x': 1, 'x\u200B': 2 }, { x: 1 }, [taken('x\u200B')]],
    ['two spellings, the first without a value', { x: 'x' }, { ' x': null, 'x ': 2 }, { x: 2 }, []],
  ])('the first is sent and the others are noted: %s', (_, selection, object, sent, notes) => {
    expect(select(selection, {}, object)).toMatchObject({ sent, notes });
  });

  it('what the folder wrote before is none of them', () => {
    expect(select({ a: 'x', b: 'x' }, {}, { a: 1, b: 2 }, { x: 0 })).toMatchObject({
      sent: { x: 1 },
      notes: [taken('b')],
    });
  });
});

describe('propertySelector', () => {
  it('passes named properties, renamed ones, or all but those that are sent elsewhere', () => {
    const object = { a: 1, b: 'two', c: true, revenue: 9 };
    expect(select(['b', 'a', 'b', 'gone'], {}, object)).toEqual({
      sent: { b: 'two', a: 1 },
      sources: ['b<properties.b', 'a<properties.a'],
      notes: [],
    });
    expect(select({ a: 'alpha', revenue: 'r' }, { notInAll: ['revenue'] }, object)).toMatchObject({
      sent: { alpha: 1, r: 9 },
      sources: ['alpha<properties.a', 'r<properties.revenue'],
    });
    expect(select('all', { notInAll: ['revenue'] }, object).sent).toEqual({ a: 1, b: 'two', c: true });
    expect(select([], {}, object).sent).toEqual({});
  });

  it('gives no property a name that is the vendor’s own, in any case', () => {
    const options = { reserved: ['amount'] };
    expect(select(['Amount', 'b'], options, { Amount: 1, b: 2 }).sent).toEqual({ b: 2 });
    expect(select({ b: 'AMOUNT', amount: 'x' }, options, { amount: 1, b: 2 }).sent).toEqual({ x: 1 });
    expect(select('all', options, { aMOUNT: 1, b: 2 }).sent).toEqual({ b: 2 });
  });

  it('takes own properties only, and keeps the name __proto__ an own one', () => {
    const hostile = JSON.parse('{"__proto__":{"admin":true},"plain":1}') as JsonObject;
    expect(select(['admin', 'constructor', 'toString', 'plain'], {}, hostile).sent).toEqual({ plain: 1 });
    const { sent } = select({ plain: '__proto__' }, {}, hostile);
    expect(JSON.stringify(sent)).toBe('{"__proto__":1}');
    expect(Object.getPrototypeOf(sent)).toBe(Object.prototype);
  });

  it('drops a property whose name is too long, with a note, only if the event has it', () => {
    const long = 'n'.repeat(9);
    expect(select(['short', long], { longestName: 8 }, { short: 1, [long]: 2 })).toMatchObject({
      sent: { short: 1 },
      notes: [`dropped properties.${long} -> ${long}: Acme takes names of at most 8 characters`],
    });
    expect(select([long], { longestName: 8 }, { [long]: null }).notes).toEqual([]);
    const endless = 'n'.repeat(100_000);
    const { notes } = select('all', { longestName: 8 }, { [endless]: 1 });
    expect(notes[0]?.length).toBeLessThan(1_200);
  });

  it('fills up to the count, what was there before included, with a note on each that has no room', () => {
    const object = { a: 1, b: 2, c: 3, there: 4 };
    expect(select(['a', 'b', 'c', 'there'], { most: 2 }, object, { there: 0 })).toMatchObject({
      sent: { there: 4, a: 1 },
      notes: [
        'dropped properties.b -> b: Acme takes at most 2 of these',
        'dropped properties.c -> c: Acme takes at most 2 of these',
      ],
    });
    expect(select(['a', 'b'], { most: 1, members: 'traits' }, object).notes).toEqual([
      'dropped properties.b -> b: Acme takes at most 1 traits',
    ]);
    const flat = select(['o'], { most: 2, as: flatTexts({ vendor, depth: 3 }) }, { o: { a: 1, b: 2, c: 3 } });
    expect(flat.sent).toEqual({ 'o.a': '1', 'o.b': '2' });
    expect(flat.notes).toEqual(['dropped properties.o -> o.c: Acme takes at most 2 of these']);
  });

  it('takes any cast, and says so where that has nothing to send', () => {
    const asLetter = (value: JsonValue) => (typeof value === 'string' && value.length === 1 ? value : undefined);
    const options = { as: asLetter, unusable: 'Acme takes letters' };
    expect(select(['a', 'b', 'c'], options, { a: 'x', b: 'long', c: ' ' })).toMatchObject({
      sent: { a: 'x' },
      notes: ['dropped properties.b -> b: Acme takes letters'],
    });
    expect(select(['b'], { as: asLetter }, { b: 'long' }).notes).toEqual([]);
    expect(select(['n'], { unusable: 'Never said' }, { n: NaN }).notes).toHaveLength(1);
  });
});

describe('converters', () => {
  it('scalarValue passes scalars, and says what it cuts and drops', () => {
    const as = scalarValue({ vendor, longest: 4 });
    expect(['', 'four', true, 0, -0, 1.5].map((value) => convert(as, value))).toEqual([
      [''],
      ['four'],
      [true],
      [0],
      [0],
      [1.5],
    ]);
    expect(convert(as, 'abc🙂')).toEqual(['abc', 'truncated Acme takes 4 characters at most']);
    expect(convert(as, NaN)).toEqual([undefined, 'dropped Not a finite number']);
    expect(convert(as, [1])).toEqual([undefined, 'dropped Acme takes no nested values']);
  });

  it('scalarText spells numbers and booleans as JSON does', () => {
    const as = scalarText({ vendor });
    expect([7, -0, 1e-7, false, 'x'].map((value) => convert(as, value)[0])).toEqual(['7', '0', '1e-7', 'false', 'x']);
  });

  it('F-50 none passes a whole number on that has lost its digits: it is dropped, and noted', () => {
    const note = 'dropped A whole number beyond 2^53 has lost its digits: send it as text';
    for (const as of [scalarValue({ vendor }), scalarText({ vendor }), flatTexts({ vendor, depth: 1 })]) {
      expect(convert(as, 2 ** 53)).toEqual([undefined, note]);
      expect(convert(as, -(2 ** 60))).toEqual([undefined, note]);
      expect(convert(as, 2 ** 53 - 1)).toHaveLength(1);
    }
    expect(convert(textList({ vendor, most: 3 }), ['a', 2 ** 53, 7])).toEqual([['a', '7'], note]);
    expect(convert(textList({ vendor, most: 3 }), [2 ** 53])).toEqual([undefined, note]);
    expect(select(['o'], { as: flatTexts({ vendor, depth: 1 }) }, { o: { id: 2 ** 53, n: 1 } })).toMatchObject({
      sent: { 'o.n': '1' },
      notes: [`dropped properties.o.id -> o.id: ${note.slice('dropped '.length)}`],
    });
  });

  it('jsonText says that it coerced; what is too long or too deep is dropped', () => {
    const as = jsonText({ vendor, longest: 10 });
    const coerced = 'coerced Acme takes no nested values, so it travels as JSON text';
    expect(convert(as, { a: NaN })).toEqual(['{"a":null}', coerced]);
    expect(convert(as, ['x'.repeat(9)])).toEqual([
      undefined,
      'dropped As JSON text it is longer than the 10 characters Acme takes',
    ]);
    expect(convert(as, nested(100_000))).toEqual([undefined, 'dropped Nested too deeply for JSON text']);
  });

  it('flatTexts keeps the first of two values whose names come to the same, and notes the other', () => {
    const as = flatTexts({ vendor, depth: 2 });
    const [flat, inside] = [{ 'o.a': 'flat' }, { o: { a: 'inside' } }];
    expect(select('all', { as }, { ...flat, ...inside })).toMatchObject({
      sent: { 'o.a': 'flat' },
      notes: ['dropped properties.o -> o.a: Another property has this name already'],
    });
    expect(select('all', { as }, { ...inside, ...flat })).toMatchObject({
      sent: { 'o.a': 'inside' },
      notes: ['dropped properties.o.a -> o.a: Another property has this name already'],
    });
  });

  it('flatTexts gives the members of an object dotted names; lists and what is deeper are JSON text', () => {
    const as = flatTexts({ vendor, depth: 2 });
    const object = { s: 'x', n: 1, z: null, bad: NaN, o: { b: true, deeper: { deepest: 1 } }, list: [1, { a: 2 }] };
    expect(select(['o'], { as }, { o: object }).sent).toEqual({
      'o.s': 'x',
      'o.n': '1',
      'o.o.b': 'true',
      'o.o.deeper': '{"deepest":1}',
      'o.list': '[1,{"a":2}]',
    });
    expect(select(['o', 'bad'], { as }, { o: { bad: NaN }, bad: -Infinity }).notes).toEqual([
      'dropped properties.o.bad -> o.bad: Not a finite number',
      'dropped properties.bad -> bad: Not a finite number',
    ]);
    expect(convert(as, nested(100_000))).toEqual([undefined, 'dropped Nested too deeply for Acme']);
    const own = flatTexts({ vendor, depth: 2, tooDeep: 'Too deep for this field' });
    expect(convert(own, nested(100_000))).toEqual([undefined, 'dropped Too deep for this field']);
    expect(select(['x'], { as: flatTexts({ vendor, depth: 1, longest: 3 }) }, { x: 'long' })).toMatchObject({
      sent: { x: 'lon' },
      notes: ['truncated properties.x -> x: Acme takes 3 characters at most'],
    });
  });

  it('textList passes lists of scalars, and anything else on', () => {
    const as = textList({ vendor, most: 2, longest: 3, otherwise: scalarText({ vendor }) });
    expect(convert(as, ['a', null, 2])).toEqual([['a', '2']]);
    expect(convert(as, [])).toEqual([undefined]);
    expect(convert(as, 7)).toEqual(['7']);
    expect(convert(as, ['long', 'b', 'c'])).toEqual([
      ['lon', 'b'],
      'truncated Acme takes lists of at most 2 entries of 3 characters',
    ]);
    expect(convert(as, [{ a: 1 }])).toEqual([undefined, 'dropped Acme takes no nested values']);
    expect(convert(textList({ vendor, most: 2 }), 'x')).toEqual([undefined, 'dropped Acme takes no nested values']);
  });

  it('jsonTextOf never throws', () => {
    expect([jsonTextOf(undefined), jsonTextOf(nested(100_000)), jsonTextOf({ a: [1] })]).toEqual([
      undefined,
      undefined,
      '{"a":[1]}',
    ]);
  });

  it('keep their promise for any JSON: no exception, only what JSON can carry, no more and no longer than allowed', () => {
    // No number's text is longer.
    const bounds = { vendor, longest: 24 };
    const converters: readonly PropertyConverter[] = [
      scalarValue(bounds),
      scalarText({ ...bounds, nested: jsonText(bounds) }),
      flatTexts({ ...bounds, depth: 2 }),
      textList({ ...bounds, most: 3, otherwise: jsonText(bounds) }),
    ];
    const name = fc.oneof(fc.constantFrom('__proto__', 'constructor', 'amount'), fc.string());
    const objects = fc.dictionary(name, fc.oneof(fc.jsonValue(), fc.constantFrom(NaN, -0, Infinity)));
    fc.assert(
      fc.property(objects, fc.constantFrom(...converters), (object, as) => {
        const { sent, notes } = select('all', { as, most: 4, longestName: 30, reserved: ['amount'] }, object);
        expect(JSON.parse(JSON.stringify(sent))).toEqual(sent);
        expect(Object.keys(sent).length).toBeLessThanOrEqual(4);
        expect(Object.keys(sent).filter((key) => key.length > 30 || key.toLowerCase() === 'amount')).toEqual([]);
        const texts = Object.values(sent)
          .flat()
          .filter((value) => typeof value === 'string');
        expect(texts.filter((text) => text.length > 24)).toEqual([]);
        expect(notes.length).toBeLessThanOrEqual(100);
      }),
    );
  });
});
