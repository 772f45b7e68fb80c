import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonObject } from '../../core/api/event.ts';
import { payloadBuilder } from '../../core/api/fields/payload-builder.ts';
import { wholeObject, type WholeObjectOptions } from '../../core/api/fields/whole-object.ts';

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

  it('leaves out undefined without a word, in lists as null', () => {
    expect(JSON.stringify(pass({}, { a: undefined, b: [undefined, 1, NaN], c: 0 }).sent)).toBe(
      '{"b":[null,1,null],"c":0}',
    );
    expect(Object.keys(pass({}, { a: undefined, c: 0 }).sent)).toEqual(['c']);
  });

  it('leaves out what is too deep, lists included', () => {
    expect(pass({ depth: 2 }, { a: { b: { c: 1 }, d: 2 }, e: [[3], 4] })).toEqual({
      sent: { a: { d: 2 }, e: [null, 4] },
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

  it('leaves out names that are too long, and keeps __proto__ an own one', () => {
    const object = JSON.parse('{"__proto__":{"x":1},"longer":2,"a":3}') as JsonObject;
    const { sent, notes } = pass({ longestName: 9, longest: 9 }, object);
    expect(sent).toBe(object);
    expect(notes).toEqual([]);
    expect(JSON.stringify(pass({ longestName: 5 }, { a: 3, longer: 2 }).sent)).toBe('{"a":3}');
    const copied = pass({}, JSON.parse('{"__proto__":{"x":1},"a":[1e999]}'));
    expect(JSON.stringify(copied.sent)).toBe('{"__proto__":{"x":1},"a":[null]}');
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

  it('passes any JSON that is no deeper than 32 levels itself', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 6 })), (object) => {
        const parsed = JSON.parse(JSON.stringify(object)) as JsonObject;
        expect(pass({}, parsed).sent).toBe(parsed);
      }),
    );
  });

  it('names what is lost of a whole event by its own path', () => {
    const out = payloadBuilder<object>({}, {});
    wholeObject({ vendor: 'Acme', longest: 3 })({ event: 'long', properties: { a: 'long' } }, out, '');
    expect(out.notes.map(({ field }) => field)).toEqual(['event', 'properties.a']);
  });
});
