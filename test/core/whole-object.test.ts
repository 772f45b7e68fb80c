import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonObject } from '../../core/api/event.ts';
import { payloadBuilder } from '../../core/api/fields/payload-builder.ts';
import { propertySelector } from '../../core/api/fields/select-properties.ts';
import { wholeObject, wholeValue, type WholeObjectOptions } from '../../core/api/fields/whole-object.ts';

function pass(options: Omit<WholeObjectOptions, 'vendor'>, object: unknown) {
  const out = payloadBuilder<object>({}, {});
  const sent = wholeObject({ vendor: 'Acme', ...options })(object as JsonObject, out, 'properties');
  return { sent, notes: out.notes.map(({ code, field, message }) => `${code} ${field}: ${message}`) };
}

/** How many levels and values there are. */
function extent(value: unknown): { readonly levels: number; readonly values: number } {
  if (typeof value !== 'object' || value === null) return { levels: 0, values: 0 };
  const inside = Object.values(value).map(extent);
  return {
    levels: 1 + Math.max(0, ...inside.map(({ levels }) => levels)),
    values: inside.length + inside.reduce((sum, { values }) => sum + values, 0),
  };
}

/** How many members or elements the largest object or list has. */
function widest(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const inside = Object.values(value);
  return Math.max(inside.length, ...inside.map(widest));
}

describe('wholeObject', () => {
  it('passes the object itself where nothing has to change', () => {
    const object = { a: 1, b: { c: ['x', null, { d: true }] } };
    expect(pass({}, object).sent).toBe(object);
    expect(pass({ depth: 4, most: 7, longest: 1, longestName: 1 }, object)).toEqual({ sent: object, notes: [] });
  });

  it('leaves the event as it is when something has to change', () => {
    const object = Object.freeze({ a: 'long', b: Object.freeze({ c: NaN, d: 1 }), e: 2 });
    expect(pass({ longest: 2 }, object)).toEqual({
      sent: { a: 'lo', b: { d: 1 }, e: 2 },
      notes: ['truncated properties.a: Acme takes 2 characters at most', 'dropped properties.b.c: Not a finite number'],
    });
    expect(object).toEqual({ a: 'long', b: { c: NaN, d: 1 }, e: 2 });
  });

  it('F-50 leaves out whole numbers that have lost their digits', () => {
    expect(pass({}, { id: 2 ** 53, list: [-(2 ** 53), 7], size: 1.5e-7 })).toEqual({
      sent: { list: [7], size: 1.5e-7 },
      notes: ['id', 'list.0'].map(
        (at) => `dropped properties.${at}: A whole number beyond 2^53 has lost its digits: send it as text`,
      ),
    });
  });

  it('leaves out undefined without a word, and makes no null of what it leaves out of a list', () => {
    const { sent, notes } = pass({}, { a: undefined, b: [undefined, 1, null, NaN], c: 0 });
    expect(JSON.stringify(sent)).toBe('{"b":[1,null],"c":0}');
    expect(notes).toEqual(['dropped properties.b.3: Not a finite number']);
    expect(Object.keys(pass({}, { a: undefined, c: 0 }).sent)).toEqual(['c']);
  });

  it('leaves out what is too deep, lists included', () => {
    expect(pass({ depth: 2 }, { a: { b: { c: 1 }, d: 2 }, e: [[3], 4] })).toEqual({
      sent: { a: { d: 2 }, e: [4] },
      notes: [
        'dropped properties.a.b: Acme takes 2 levels at most',
        'dropped properties.e.0: Acme takes 2 levels at most',
      ],
    });
  });

  it('stops at the count, with one note', () => {
    expect(pass({ most: 4 }, { a: 1, b: { c: 2, d: 3, e: 4 }, f: 5, g: 6 })).toEqual({
      sent: { a: 1, b: { c: 2, d: 3 } },
      notes: ['dropped properties.b.e: Acme takes 4 values at most'],
    });
    expect(pass({ most: 3 }, { list: [1, 2, 3, 4] }).sent).toEqual({ list: [1, 2] });
    expect(pass({ most: 3 }, { list: [{ a: 1, b: 2 }, 3] }).sent).toEqual({ list: [{ a: 1 }] });
  });

  it('bounds every object and every list by itself, with one note on each that has more', () => {
    const list = [1, [1, 2, 3], { a: 1, b: 2, c: 3, d: 4 }];
    expect(pass({ mostMembers: 2, mostElements: 2 }, { list, deep: { list }, rest: 1, more: 2 })).toEqual({
      sent: { list: [1, [1, 2]], deep: { list: [1, [1, 2]] } },
      notes: [
        'truncated properties.list.1: Acme takes lists of at most 2 elements',
        'truncated properties.list: Acme takes lists of at most 2 elements',
        'truncated properties.deep.list.1: Acme takes lists of at most 2 elements',
        'truncated properties.deep.list: Acme takes lists of at most 2 elements',
        'dropped properties.rest: Acme takes objects of at most 2 members',
      ],
    });
    const fitting = { list: [1, 2], deep: { a: 1, b: { c: 1, d: 2 } } };
    expect(pass({ mostMembers: 2, mostElements: 2 }, fitting).sent).toBe(fitting);
  });

  it('fills an object and a list with what is left of them', () => {
    const sent = { a: 1, list: [2, 3] };
    expect(pass({ mostMembers: 2, mostElements: 2 }, { gone: NaN, a: 1, list: [NaN, 2, undefined, 3] }).sent).toEqual(
      sent,
    );
  });

  it('leaves out names that are too long, and keeps __proto__ an own one', () => {
    const object = JSON.parse('{"__proto__":{"x":1},"longer":2,"a":3}') as JsonObject;
    const { sent, notes } = pass({ longestName: 9, longest: 9 }, object);
    expect(sent).toBe(object);
    expect(notes).toEqual([]);
    expect(JSON.stringify(pass({ longestName: 5 }, { a: 3, longer: 2 }).sent)).toBe('{"a":3}');
    const copied = pass({}, JSON.parse('{"__proto__":{"x":1},"a":[1e999]}'));
    expect(JSON.stringify(copied.sent)).toBe('{"__proto__":{"x":1},"a":[]}');
    expect(Object.getPrototypeOf(copied.sent)).toBe(Object.prototype);
  });

  it('survives any depth', () => {
    let object: JsonObject = {};
    let list: JsonObject = { a: [] };
    for (let level = 0; level < 100_000; level += 1) {
      object = { a: object };
      list = { a: [list] };
    }
    for (const deep of [object, list]) expect(extent(pass({}, deep).sent).levels).toBeLessThanOrEqual(32);
  });

  it('keeps its bounds for any JSON, and makes only what JSON can carry', () => {
    const values = fc.oneof(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(NaN, -0, Infinity, undefined));
    const name = fc.oneof(fc.constantFrom('__proto__', 'constructor'), fc.string());
    fc.assert(
      fc.property(fc.dictionary(name, values), fc.integer({ min: 1, max: 4 }), fc.nat(8), (object, depth, most) => {
        const { sent } = pass({ depth, most, longest: 5, longestName: 9 }, object);
        expect(JSON.parse(JSON.stringify(sent))).toEqual(sent);
        const { levels, values: count } = extent(sent);
        expect(levels).toBeLessThanOrEqual(depth);
        expect(count).toBeLessThanOrEqual(most);
      }),
    );
  });

  it('passes any JSON that is no deeper than 32 levels, and whose numbers have all their digits, itself', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 6 })), (object) => {
        const withDigits = (_: string, value: unknown) =>
          Number.isInteger(value) && !Number.isSafeInteger(value) ? 7 : value;
        const parsed = JSON.parse(JSON.stringify(object), withDigits) as JsonObject;
        expect(pass({}, parsed).sent).toBe(parsed);
      }),
    );
  });

  it('names what is lost of a whole event by its own path', () => {
    const out = payloadBuilder<object>({}, {});
    wholeObject({ vendor: 'Acme', longest: 3 })({ event: 'long', properties: { a: 'long' } }, out, '');
    expect(out.notes.map(({ field }) => field)).toEqual(['event', 'properties.a']);
    expect(out.notes.map(({ payloadField }) => payloadField)).toEqual([undefined, undefined]);
  });

  it('names what is lost by the path in the payload, too, in a part of it as well', () => {
    const placesOf = (to: string) => {
      const out = payloadBuilder<{ properties?: Record<string, unknown> }>({}, {});
      wholeObject({ vendor: 'Acme', longest: 3 })({ a: { b: 'long' } }, out.part('properties'), 'properties', to);
      return out.notes.map(({ field, payloadField }) => [field, payloadField]);
    };
    expect(placesOf('custom')).toEqual([['properties.a.b', 'properties.custom.a.b']]);
    expect(placesOf('')).toEqual([['properties.a.b', 'properties.a.b']]);
  });
});

describe('wholeValue', () => {
  function select(options: Omit<WholeObjectOptions, 'vendor'>, object: unknown) {
    const out = payloadBuilder<{ properties?: Record<string, unknown> }>({}, {});
    const as = wholeValue({ vendor: 'Acme', ...options });
    propertySelector('all', { vendor: 'Acme', as })(object as JsonObject, out.part('properties'), 'traits');
    const notes = out.notes.map(
      ({ code, field, payloadField, message }) => `${code} ${field} -> ${payloadField}: ${message}`,
    );
    return { sent: out.value.properties ?? {}, notes };
  }

  it('passes every property itself where nothing has to change', () => {
    const object = { a: 1, b: 'x', c: [1, { d: null }], e: { f: true } };
    const { sent, notes } = select({ depth: 2, mostElements: 2, mostMembers: 1, longest: 1 }, object);
    expect(sent).toEqual(object);
    expect([sent['c'], sent['e']].map((value, index) => value === [object.c, object.e][index])).toEqual([true, true]);
    expect(notes).toEqual([]);
  });

  it('bounds each property by itself, and says by both paths what became of its inside', () => {
    const object = { list: [1, [2, [3]], 'long'], deep: { a: { b: {} } }, bad: NaN, text: 'long' };
    expect(select({ depth: 2, mostElements: 2, longest: 2 }, object)).toEqual({
      sent: { list: [1, [2]], deep: { a: {} }, text: 'lo' },
      notes: [
        'dropped traits.list.1.1 -> properties.list.1.1: Acme takes 2 levels at most',
        'truncated traits.list -> properties.list: Acme takes lists of at most 2 elements',
        'dropped traits.deep.a.b -> properties.deep.a.b: Acme takes 2 levels at most',
        'dropped traits.bad -> properties.bad: Not a finite number',
        'truncated traits.text -> properties.text: Acme takes 2 characters at most',
      ],
    });
  });

  it('keeps its bounds for any JSON', () => {
    const values = fc.oneof(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(NaN, -0, Infinity, undefined));
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), values),
        fc.integer({ min: 1, max: 3 }),
        fc.nat(3),
        (object, depth, most) => {
          const { sent } = select({ depth, mostMembers: most, mostElements: most, longest: 5 }, object);
          expect(JSON.parse(JSON.stringify(sent))).toEqual(sent);
          for (const value of Object.values(sent)) {
            expect(extent(value).levels).toBeLessThanOrEqual(depth);
            expect(widest(value)).toBeLessThanOrEqual(most);
          }
        },
      ),
    );
  });
});
