import { describe, expect, it } from '@jest/globals';
import { asAmount, asText, payloadBuilder, productTable, type CdpEvent, type Trace } from '../../core/api/index.ts';

interface Content {
  id?: string;
  price?: number;
  name?: string;
}
interface Cart {
  contents?: readonly Content[];
}

const contentsOf = productTable<Content>(
  [
    { to: 'price', from: 'price', as: asAmount, unusable: 'no price' },
    { to: 'name', from: ['name', 'title'], as: asText },
  ],
  { idTo: 'id', withoutId: 'no id' },
);

function fill(properties: unknown, options?: { readonly single?: boolean }) {
  const sources: [string, string][] = [];
  const trace: Trace = { from: (field, source) => void sources.push([field, source]), note: () => undefined };
  const out = payloadBuilder<Cart>({ trace }, {});
  const list = contentsOf(
    { type: 'track', event: 'Order Completed', properties } as CdpEvent,
    out,
    'contents',
    options,
  );
  const notes = out.notes.map(({ field, payloadField, message }) => `${field} ${payloadField}: ${message}`);
  return { payload: out.value, list, notes, sources };
}

describe('productTable', () => {
  it('makes the vendor’s list of the products, each with its paths', () => {
    const { payload, list, notes, sources } = fill({ products: [{ product_id: 'p-1', price: 5 }, { sku: 's-2' }] });
    expect(payload).toEqual({ contents: [{ id: 'p-1', price: 5 }, { id: 's-2' }] });
    expect(list).toBe(payload.contents);
    expect(notes).toEqual([]);
    expect(sources).toEqual([
      ['contents[0].id', 'properties.products[0].product_id'],
      ['contents[0].price', 'properties.products[0].price'],
      ['contents[1].id', 'properties.products[1].sku'],
      ['contents', 'properties.products'],
    ]);
  });

  it('F-61 leaves out what is no product and a product without an id, and notes it by its place in the event', () => {
    const { payload, notes } = fill({ products: [null, { name: 'Mug' }, { id: 'p-3', price: 'a lot' }] });
    expect(payload).toEqual({ contents: [{ id: 'p-3' }] });
    expect(notes).toEqual([
      'properties.products[0] contents: Left out: it is no product',
      'properties.products[1] contents: no id',
      'properties.products[2].price contents[0].price: no price',
    ]);
  });

  it('F-50 F-52 notes an id that is unusable at its own path', () => {
    expect(fill({ products: [{ product_id: 2 ** 53 }, { product_id: 'null' }] })).toMatchObject({
      payload: {},
      notes: ['properties.products[0].product_id contents: no id', 'properties.products[1] contents: no id'],
    });
  });

  it('sends no empty list', () => {
    for (const properties of [{}, { products: [] }, { products: [{ name: 'Mug' }] }, { product_id: 'p-1' }]) {
      const { payload, list } = fill(properties);
      expect([payload, list]).toEqual([{}, []]);
    }
  });

  it('takes the one product that an event is about, where the folder says so', () => {
    expect(fill({ product_id: 'p-1', title: 'Mug' }, { single: true })).toMatchObject({
      payload: { contents: [{ id: 'p-1', name: 'Mug' }] },
      sources: [
        ['contents[0].id', 'properties.product_id'],
        ['contents[0].name', 'properties.title'],
        ['contents', 'properties'],
      ],
    });
  });
});
