import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { reject } from '../../core/api/delivery.ts';
import type { JsonObject } from '../../core/api/event.ts';
import { fieldTable } from '../../core/api/fields/field-table.ts';
import { type Trace } from '../../core/api/fields/mapping.ts';
import { asText } from '../../core/api/fields/casts.ts';
import type { Note } from '../../core/api/outcome.ts';
import { builderAt, payloadBuilder } from '../../core/api/fields/payload-builder.ts';

interface Purchase {
  name: string;
  amount?: number;
  user?: { email?: string; address?: { city?: string } };
  items?: readonly { attributes: Record<string, string> }[];
}

function preview() {
  const sources: [string, string][] = [];
  const trace: Trace = { from: (field, source) => void sources.push([field, source]), note: () => undefined };
  return { trace, sources };
}

const builder = (trace?: Trace) =>
  payloadBuilder<Purchase>({ trace }, { name: 'purchase' }, { name: 'constant', amount: 'never set' });

describe('payloadBuilder', () => {
  it('makes a payload of the base and what is set; undefined sets nothing', () => {
    const out = builder();
    out.set('amount', 5, 'properties.total');
    out.set('amount', undefined, 'properties.revenue');
    expect(out.payload({ lanes: ['a'] })).toEqual({
      kind: 'payload',
      payload: { name: 'purchase', amount: 5 },
      lanes: ['a'],
      notes: undefined,
    });
  });

  it('takes what firstOf returned, and says whether there was something', () => {
    const { trace, sources } = preview();
    const out = builder(trace);
    expect([out.take('amount', undefined), out.take('amount', { value: 0, path: 'properties.total' })]).toEqual([
      false,
      true,
    ]);
    expect(out.value).toEqual({ name: 'purchase', amount: 0 });
    expect(sources).toContainEqual(['amount', 'properties.total']);
  });

  it('F-52 notes what a reader found and could not use, and sets nothing', () => {
    const { trace, sources } = preview();
    const out = builder(trace);
    expect(out.take('amount', { value: undefined, path: 'properties.total' })).toBe(false);
    expect(out.value).toEqual({ name: 'purchase' });
    expect(out.notes).toEqual([
      { code: 'dropped', field: 'properties.total', payloadField: 'amount', message: 'Left out: not usable as amount' },
    ]);
    expect(sources.map(([field]) => field)).not.toContain('amount');
  });

  it('tells preview the source of every field by its whole path, the base included, and only what is there', () => {
    const { trace, sources } = preview();
    const out = builder(trace);
    out.part('user').part('address').set('city', 'Bern', 'context.traits.city');
    out.part('user').set('email', undefined, 'context.traits.email');
    expect([out.traced, builder().traced]).toEqual([true, false]);
    expect(sources).toEqual([
      ['name', 'constant'],
      ['user.address.city', 'context.traits.city'],
    ]);
  });

  it('tells preview where the fields of a part come from that the base has, too', () => {
    const { trace, sources } = preview();
    const base = { name: 'purchase', user: { email: 'a@example.com', address: { city: 'Bern' } }, items: [] };
    const out = payloadBuilder<Purchase>({ trace }, base, {
      name: 'constant',
      user: { email: 'context.traits.email', address: { city: 'context.traits.city' } },
      items: 'properties.products',
    });
    out.part('user').set('email', 'b@example.com', 'properties.email');
    expect(sources).toEqual([
      ['name', 'constant'],
      ['user.email', 'context.traits.email'],
      ['user.address.city', 'context.traits.city'],
      ['items', 'properties.products'],
      ['user.email', 'properties.email'],
    ]);
    const absent = preview();
    payloadBuilder<Purchase>({ trace: absent.trace }, { name: 'x' }, { user: { email: 'properties.email' } });
    expect(absent.sources).toEqual([]);
  });

  it('never sends an empty part, however deep; a part joins at its first field', () => {
    const out = builder();
    const user = out.part('user');
    const address = user.part('address');
    expect(JSON.stringify(out.value)).toBe('{"name":"purchase"}');
    address.set('city', undefined, 'x');
    expect(JSON.stringify(out.value)).toBe('{"name":"purchase"}');
    address.set('city', 'Bern', 'x');
    user.set('email', 'a@example.com', 'x');
    out.set('amount', 1, 'x');
    expect(JSON.stringify(out.value)).toBe(
      '{"name":"purchase","user":{"address":{"city":"Bern"},"email":"a@example.com"},"amount":1}',
    );
  });

  it('gives the same part twice, and one that the base has', () => {
    const out = builder();
    out.part('user').set('email', 'a@example.com', 'x');
    out.part('user').part('address').set('city', 'Bern', 'x');
    expect(out.value.user).toEqual({ email: 'a@example.com', address: { city: 'Bern' } });
    const user = {};
    const withUser = payloadBuilder<Purchase>({}, { name: 'purchase', user });
    withUser.part('user').set('email', 'b@example.com', 'x');
    expect(user).toEqual({ email: 'b@example.com' });
  });

  it('builds an object that the folder put in its place itself, under its path', () => {
    const { trace, sources } = preview();
    const out = builder(trace);
    const attributes: Record<string, string> = {};
    out.set('items', [{ attributes }], 'constant');
    const inner = builderAt(out, attributes, 'items[0].attributes', { colour: 'constant' });
    inner.set('size', 'XL', 'properties.size');
    inner.drop('properties.gift', 'Acme takes no gift', 'gift');
    expect(out.value).toEqual({ name: 'purchase', items: [{ attributes: { size: 'XL' } }] });
    expect(sources.at(-1)).toEqual(['items[0].attributes.size', 'properties.size']);
    expect(out.notes).toEqual([
      {
        code: 'dropped',
        field: 'properties.gift',
        payloadField: 'items[0].attributes.gift',
        message: 'Acme takes no gift',
      },
    ]);
  });

  it('notes by the event’s path, and by the payload’s where a field is named', () => {
    const out = builder();
    out.drop('properties.total', 'No number', 'amount');
    out.recommend('context.traits.email', 'Acme asks for it');
    out.part('user').note('coerced', 'context.traits.city', 'As text', 'address');
    expect(out.payload()).toMatchObject({
      notes: [
        { code: 'dropped', field: 'properties.total', payloadField: 'amount', message: 'No number' },
        { code: 'recommended_missing', field: 'context.traits.email', message: 'Acme asks for it' },
        { code: 'coerced', field: 'context.traits.city', payloadField: 'user.address', message: 'As text' },
      ],
    });
  });

  it('adds the same note once, and of thousands the first hundred', () => {
    const out = builder();
    const constant: Note = Object.freeze({ code: 'dropped', field: 'properties.price', message: 'No number' });
    out.addNote(constant);
    out.addNote(constant);
    out.drop('properties.price', 'No number', 'amount');
    expect(out.notes).toEqual([constant]);
    out.drop('properties.price', 'Too long');
    out.note('coerced', 'properties.price', 'No number');
    expect(out.notes).toHaveLength(3);
    for (let index = 0; index < 5_000; index += 1) out.drop(`properties.products.${index}`, 'No id');
    expect(out.notes).toHaveLength(100);
  });

  it('keeps the names of prototypes as plain fields, in the payload and in its parts', () => {
    const name = fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', 'prototype');
    fc.assert(
      fc.property(name, name, (outer, inner) => {
        const out = payloadBuilder<Record<string, Record<string, string>>>({}, {});
        out.part(outer).set(inner, 'x', 'properties.x');
        expect(JSON.stringify(out.value)).toBe(`{"${outer}":{"${inner}":"x"}}`);
        expect(Object.getPrototypeOf(out.value)).toBe(Object.prototype);
        expect(({} as Record<string, unknown>)[inner]).not.toBe('x');
      }),
    );
  });
});

describe('an event that cannot be sent', () => {
  const need = fieldTable<{ ip?: string; kind: string }>([
    { to: 'ip', from: 'context.ip', as: asText, required: 'Acme needs the address', unusable: 'It is no address' },
  ]);
  const sent = (context: JsonObject) => {
    const out = payloadBuilder<{ ip?: string; kind: string }>({}, { kind: 'order' });
    need({ type: 'track', event: 'Order Completed', context }, out);
    out.refuse(reject('missing_identifier', 'Nobody is named'));
    return out.payload();
  };

  it('says so, for a folder that spares the rest', () => {
    const out = payloadBuilder<{ user?: { id?: string } }>({}, {});
    expect(out.isRefused).toBe(false);
    out.part('user').refuse(reject('missing_identifier', 'Nobody is named'));
    expect(out.isRefused).toBe(true);
  });
  it('is refused by a required row whose paths hold nothing', () => {
    expect(sent({})).toEqual(reject('missing_field', 'Acme needs the address', 'context.ip'));
  });
  it('is refused by a required row whose value does not cast', () => {
    expect(sent({ ip: { v: 4 } })).toEqual(reject('invalid_value', 'It is no address', 'context.ip'));
  });
  it('is refused for the first reason of several', () => {
    expect(sent({ ip: '203.0.113.9' })).toEqual(reject('missing_identifier', 'Nobody is named'));
  });
  it('is refused for a loss where a strict setting says so, and only noted otherwise', () => {
    const lossy = (strict: boolean) => {
      const out = payloadBuilder<{ kind: string; currency?: string }>({}, { kind: 'order' });
      out.drop('properties.currency', 'It is no currency', 'currency', strict);
      return out.payload();
    };
    expect(lossy(true)).toEqual(reject('invalid_value', 'It is no currency', 'properties.currency'));
    expect(lossy(false)).toMatchObject({ kind: 'payload', notes: [{ code: 'dropped', field: 'properties.currency' }] });
  });
});
