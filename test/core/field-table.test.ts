import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { currencyOf, orderIdOf } from '../../core/api/events/commerce.ts';
import { quantityOf } from '../../core/api/events/products.ts';
import { eventSeconds } from '../../core/api/events/event-seconds.ts';
import type { CdpEvent, JsonObject, JsonValue } from '../../core/api/event.ts';
import { fieldTable, type FieldRow, type FieldsOf } from '../../core/api/fields/field-table.ts';
import { isNoId, usableId } from '../../core/api/person/identifier.ts';
import { type Trace } from '../../core/api/fields/mapping.ts';
import { asAmount, asCount, asCurrency, asText } from '../../core/api/fields/casts.ts';
import { payloadBuilder } from '../../core/api/fields/payload-builder.ts';
import { cutText } from '../../core/api/fields/text-length.ts';

const track = (properties: unknown, more: object = {}): CdpEvent =>
  ({ type: 'track', event: 'Order Completed', properties, ...more }) as CdpEvent;

interface Payload {
  amount?: number;
  email?: string;
  currency?: string;
}

const asks = 'Acme asks for it';
const refuses = 'Acme does not take this';
const rows: readonly FieldRow<Payload>[] = [
  { to: 'amount', from: ['properties.revenue', 'properties.total'], as: asAmount, recommended: asks },
  { to: 'email', from: ['context.traits.email', 'properties.email'], as: asText },
  { to: 'currency', from: 'properties.currency', as: asCurrency, unusable: refuses },
];

function fill(table: (event: CdpEvent, out: ReturnType<typeof payloadBuilder<Payload>>) => void, event: CdpEvent) {
  const sources: [string, string][] = [];
  const trace: Trace = { from: (field, source) => void sources.push([field, source]), note: () => undefined };
  const out = payloadBuilder<Payload>({ trace }, {});
  table(event, out);
  return { fields: out.value, sources, notes: out.notes };
}

describe('fieldTable', () => {
  const table = fieldTable<Payload>(rows);

  it('takes the first path that casts, not the first that is there', () => {
    expect(fill(table, track({ revenue: 'free', total: '12.50', currency: 'eur' })).fields).toEqual({
      amount: 12.5,
      currency: 'EUR',
    });
    expect(fill(table, track({ revenue: 0, total: 12.5 })).fields).toEqual({ amount: 0 });
    const email = { email: 'b@example.com' };
    expect(fill(table, track(email, { context: { traits: { email: '  ' } } })).fields).toEqual(email);
  });

  it('leaves out what is absent, null, or lies under something that is no object', () => {
    expect(fill(table, track(null)).fields).toEqual({});
    expect(fill(table, track({ revenue: null, currency: null }, { context: 'text' })).fields).toEqual({});
    expect(fill(table, track('text', { context: null })).fields).toEqual({});
    expect(fill(table, track([], { context: { traits: ['email'] } })).fields).toEqual({});
  });

  it('tells preview which path each field came from', () => {
    expect(fill(table, track({ revenue: '1,234', total: 7, email: 'a@example.com' })).sources).toEqual([
      ['amount', 'properties.total'],
      ['email', 'properties.email'],
    ]);
  });

  it('notes a value that nothing could cast, by its path, and a recommended field that is missing, by its first', () => {
    expect(fill(table, track({ currency: '€' })).notes).toEqual([
      { code: 'recommended_missing', field: 'properties.revenue', payloadField: 'amount', message: asks },
      { code: 'dropped', field: 'properties.currency', payloadField: 'currency', message: refuses },
    ]);
    expect(fill(table, track({ revenue: 1, currency: ' ' })).notes).toEqual([]);
    expect(fill(table, track({ revenue: 1, email: [] })).notes).toEqual([]);
  });

  it('says recommended where the only value is one that it may not note', () => {
    expect(fill(table, track({ total: 'free' })).notes).toEqual([
      { code: 'recommended_missing', field: 'properties.revenue', payloadField: 'amount', message: asks },
    ]);
  });

  it('reads from one object of the event, with a note for all rows', () => {
    const shop = fieldTable<Payload>(
      [
        { to: 'amount', from: ['revenue', 'price.total'], as: asAmount },
        { to: 'currency', from: 'currency', as: asCurrency, unusable: 'Its own text' },
      ],
      { from: 'properties', unusable: (to) => `Not as ${to}` },
    );
    expect(fill(shop, track({ price: { total: 3 } }))).toMatchObject({
      fields: { amount: 3 },
      sources: [['amount', 'properties.price.total']],
    });
    expect(fill(shop, track({ revenue: 'free', currency: 1 })).notes).toMatchObject([
      { field: 'properties.revenue', message: 'Not as amount' },
      { field: 'properties.currency', message: 'Its own text' },
    ]);
    for (const properties of [null, 'text', 7, []]) expect(fill(shop, track(properties)).fields).toEqual({});
  });

  it('F-52 counts a word for nothing in the place of an id as nothing, and notes what is no id', () => {
    const ids = fieldTable<Payload>([{ to: 'email', from: 'properties.id', as: usableId }], { unusable: refuses });
    const notesOn = (id: JsonValue) => fill(ids, track({ id })).notes.map(({ code, field }) => `${code} ${field}`);
    for (const nothing of ['null', '(not set)', '0000', 0, {}]) expect(notesOn(nothing)).toEqual([]);
    for (const odd of [2 ** 53, false, ['A-1']]) expect(notesOn(odd)).toEqual(['dropped properties.id']);
  });

  it('can count more than blank text as nothing, and can note every path that does not cast', () => {
    const isNothing = (value: JsonValue): boolean => typeof value !== 'string' || isNoId(value);
    const ids = fieldTable<Payload>(
      [{ to: 'email', from: ['properties.a', 'properties.b'], as: (value) => (value === 'good' ? value : undefined) }],
      { unusable: refuses, isNothing, noteEvery: true },
    );
    expect(fill(ids, track({ a: '000', b: 7 })).notes).toEqual([]);
    expect(fill(ids, track({ a: 'bad', b: 'good' }))).toMatchObject({
      fields: { email: 'good' },
      notes: [{ code: 'dropped', field: 'properties.a' }],
    });
    expect(fill(ids, track({ a: 'bad', b: 'bad' })).notes.map(({ field }) => field)).toEqual([
      'properties.a',
      'properties.b',
    ]);
  });

  it('truncates texts that are too long, never through a character, with a note', () => {
    const longest = { length: 4, message: 'Acme takes 4 characters' };
    const short = fieldTable<Payload>([{ to: 'email', from: 'properties.email', as: asText }], { longest });
    expect(fill(short, track({ email: 'four' }))).toMatchObject({ fields: { email: 'four' }, notes: [] });
    expect(fill(short, track({ email: 'abc🙂' }))).toMatchObject({
      fields: { email: 'abc' },
      notes: [{ code: 'truncated', field: 'properties.email', payloadField: 'email', message: longest.message }],
    });
  });

  it('fills any object, such as one product, under the path where it stands', () => {
    interface Product {
      price?: number;
      quantity?: number;
    }
    const product = fieldTable<Product>([
      { to: 'price', from: 'price', as: asAmount, unusable: 'A price is no number' },
      { to: 'quantity', from: ['quantity', 'count'], as: asCount, recommended: asks },
    ]);
    const sources: [string, string][] = [];
    const trace: Trace = { from: (field, source) => void sources.push([field, source]), note: () => undefined };
    const out = payloadBuilder<Product>({ trace }, {});
    product.of({ price: 'free', count: 2 }, out, 'properties.products[3]');
    expect(out.value).toEqual({ quantity: 2 });
    expect(sources).toEqual([['quantity', 'properties.products[3].count']]);
    expect(out.notes).toMatchObject([{ field: 'properties.products[3].price', payloadField: 'price' }]);
    const other = payloadBuilder<Product>({}, {});
    product.of({}, other, 'properties');
    expect(other.notes).toMatchObject([{ code: 'recommended_missing', field: 'properties.quantity' }]);
  });

  it('is not led astray by keys that touch prototypes', () => {
    const event = JSON.parse(
      '{"type":"track","event":"x","__proto__":{"context":{"traits":{"email":"planted@example.com"}}},' +
        '"properties":{"__proto__":{"revenue":5},"constructor":{"prototype":{"total":6}}}}',
    ) as CdpEvent;
    expect(fill(table, event).fields).toEqual({});
    expect(({} as Record<string, unknown>)['revenue']).toBeUndefined();
  });

  it('never throws, whatever the event is, and every note names a path of its rows', () => {
    const names = new Set(rows.flatMap(({ from }) => from));
    const properties = fc.record(
      { revenue: fc.jsonValue(), total: fc.jsonValue(), currency: fc.jsonValue() },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(properties, fc.jsonValue()), fc.jsonValue(), (given, context) => {
        const { notes, fields } = fill(table, track(given, { context }));
        expect(notes.filter(({ field }) => !names.has(field))).toEqual([]);
        const noted = new Set(notes.map(({ payloadField }) => payloadField));
        expect(Object.keys(fields).filter((name) => noted.has(name))).toEqual([]);
      }),
    );
    fc.assert(fc.property(fc.json(), (json) => void fill(table, JSON.parse(json) as CdpEvent & JsonObject)));
  });
});

describe('cutText', () => {
  it.each([
    ['short', 9, 'short'],
    ['exact', 5, 'exact'],
    ['longer', 4, 'long'],
    ['ab🙂', 4, 'ab🙂'],
    ['ab🙂', 3, 'ab'],
    ['🙂', 1, ''],
    ['x', 0, ''],
    ['x', -1, ''],
  ])('%s at most %d', (text, most, expected) => {
    expect(cutText(text, most)).toBe(expected);
  });

  it('gives the beginning of the text, at most one unit shorter than allowed, and never half a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, most) => {
        const cut = cutText(text, most);
        expect(text.startsWith(cut)).toBe(true);
        expect(cut.length).toBeLessThanOrEqual(most);
        expect(cut.length).toBeGreaterThanOrEqual(Math.min(text.length, most) - 1);
        expect(cut.isWellFormed()).toBe(true);
      }),
    );
  });
});

it('FieldsOf has a member for each row, of the type of its cast', () => {
  const rows = [
    { to: 'os', from: 'context.os.name', as: asText },
    { to: 'width', from: 'context.screen.width', as: asCount },
  ] as const;
  interface Payload extends FieldsOf<typeof rows> {
    name: string;
  }
  const payload: Payload = { name: 'a', os: 'iOS', width: 7 };
  // @ts-expect-error -- a text is no count
  payload.width = 'wide';
  // @ts-expect-error -- no row sets it
  payload.height = 7;
  const out = payloadBuilder<Payload>({}, { name: 'b' });
  fieldTable<Payload>(rows)({ type: 'track', event: 'e', context: { os: { name: 'iOS' } } }, out);
  expect(out.value).toEqual({ name: 'b', os: 'iOS' });
});

describe('a row with a reader', () => {
  interface Sale {
    currency: string;
    order?: string;
    pieces?: number;
    at?: number;
  }
  const fields = fieldTable<Sale>([
    { to: 'at', from: 'timestamp', read: eventSeconds, recommended: asks },
    { to: 'currency', read: currencyOf, unusable: refuses, required: asks },
    { to: 'order', read: orderIdOf, longest: { length: 3, message: 'cut' } },
    { to: 'pieces', read: quantityOf, unusable: refuses },
  ]);
  const sale = (properties: JsonObject, more: object = {}) => {
    const sources: [string, string][] = [];
    const trace: Trace = { from: (field, source) => void sources.push([field, source]), note: () => undefined };
    const out = payloadBuilder<Sale, 'currency'>({ trace }, {});
    fields(track(properties, more), out);
    const notes = out.notes.map(({ code, field, payloadField }) => `${code} ${field} ${payloadField}`);
    return { result: out.payload(), notes, sources };
  };

  it('takes what the reader finds, with its path, in the order of the rows', () => {
    const properties = { currency: 'eur', order_id: 'A-1', quantity: 2 };
    const { result, notes, sources } = sale(properties, { timestamp: '2026-01-15T11:59:00.900Z' });
    expect(result).toMatchObject({ payload: { at: 1768478340, currency: 'EUR', order: 'A-1', pieces: 2 } });
    expect(notes).toEqual([]);
    expect(sources).toEqual([
      ['at', 'timestamp'],
      ['currency', 'properties.currency'],
      ['order', 'properties.order_id'],
      ['pieces', 'properties.quantity'],
    ]);
  });

  it('notes what is unusable, missing or too long, as a row with paths does', () => {
    expect(sale({ currency: 'eur', order_id: 'A-1000', quantity: 'two' }).notes).toEqual([
      'recommended_missing timestamp at',
      'truncated properties.order_id order',
      'dropped properties.quantity pieces',
    ]);
  });

  it('refuses the event if what is required is missing or unusable', () => {
    const reason = { code: 'invalid_value', message: refuses, field: 'properties.currency' };
    expect(sale({ currency: 'euros' }).result).toMatchObject({ kind: 'rejected', reason });
    expect(sale({}).result).toMatchObject({ kind: 'rejected', reason: { code: 'missing_field', message: asks } });
  });

  it('reads events only: a part of one is a mistake of the folder', () => {
    expect(() => fields.of({ currency: 'EUR' }, payloadBuilder<Sale>({}, { currency: '' }), 'properties')).toThrow(
      'the row of "at" reads the event',
    );
  });
});
