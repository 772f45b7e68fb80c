import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  amountPaths,
  currencyOf,
  keywordsOf,
  onlyProductAmountOf,
  onlyProductOf,
  orderIdOf,
  orderIdPaths,
  productIdNames,
  productIdOf,
  payloadBuilder,
  productsIn,
  productsOf,
  quantityOf,
  revenuePaths,
  searchTextOf,
  type CdpEvent,
  type JsonObject,
  type JsonValue,
} from '../../core/api/index.ts';
import { isObject } from '../../core/api/fields/mapping.ts';

const event = (properties: unknown): CdpEvent => ({ type: 'track', event: 'Order Completed', properties }) as CdpEvent;

describe('the order id', () => {
  it.each<[JsonObject, string | undefined, string]>([
    [{ order_id: 'A-1', orderId: 'A-2' }, 'A-1', 'properties.order_id'],
    [{ order_id: '', orderId: 'A-2' }, 'A-2', 'properties.orderId'],
    [{ order_id: 50314 }, '50314', 'properties.order_id'],
    [{ order_id: ' A-1 ' }, 'A-1', 'properties.order_id'],
    [{ order_id: false, orderId: 'A-2' }, 'A-2', 'properties.orderId'],
    [{ id: 'A-1', transaction_id: 'T-1' }, undefined, ''],
  ])('of %j is %j', (properties, value, path) => {
    expect(orderIdOf(event(properties))).toEqual(value === undefined ? undefined : { value, path });
  });

  it('has the names of the e-commerce spec', () => {
    expect(orderIdPaths).toEqual(['properties.order_id', 'properties.orderId']);
  });
});

describe('an id that is none', () => {
  it.each([2 ** 53, false, true, ['A-1'], { id: 'A-1' }])(
    'F-50, F-51 of an order: %j is told with its path',
    (order_id) => {
      expect(orderIdOf(event({ order_id }))).toEqual({ value: undefined, path: 'properties.order_id' });
      expect(orderIdOf(event({ order_id, orderId: 'A-2' }))).toEqual({ value: 'A-2', path: 'properties.orderId' });
    },
  );

  it.each([2 ** 53, false, ['P-1']])('F-50, F-51 of a product: %j is told with its path', (sku) => {
    const path = 'properties.products[0]';
    expect(productIdOf({ item: { sku }, path })).toEqual({ value: undefined, path: `${path}.sku` });
    expect(productIdOf({ item: { product_id: sku, sku: 'S-1' }, path })).toEqual({ value: 'S-1', path: `${path}.sku` });
    expect(productsOf(event({ sku }), { single: true })).toEqual([]);
  });

  it.each(['null', 'undefined', '(not set)', 'NaN', '[object Object]', '0'])('F-52 %s is nothing', (word) => {
    expect(orderIdOf(event({ order_id: word }))).toBeUndefined();
    expect(productIdOf({ item: { product_id: word, sku: '' }, path: 'properties.products[0]' })).toBeUndefined();
    expect(productsOf(event({ product_id: word }), { single: true })).toEqual([]);
  });
});

describe('amounts', () => {
  it('are the whole first, or the revenue first', () => {
    expect(amountPaths).toEqual(['properties.total', 'properties.revenue', 'properties.value']);
    expect(revenuePaths).toEqual(['properties.revenue', 'properties.total', 'properties.value']);
  });
});

describe('the currency', () => {
  const own = (value: string | undefined) => ({ value, path: 'properties.currency' });
  const fallback = { value: 'EUR', path: 'config.defaultCurrency' };

  it.each<[JsonValue | undefined, object | undefined, object | undefined]>([
    ['usd', own('USD'), own('USD')],
    [' USD ', own('USD'), own('USD')],
    ['dollars', own(undefined), own(undefined)],
    [840, own(undefined), own(undefined)],
    [['USD'], own(undefined), own(undefined)],
    ['', undefined, fallback],
    ['  ', undefined, fallback],
    [null, undefined, fallback],
    [undefined, undefined, fallback],
  ])('that an event writes %j is %j, and with a default %j', (currency, alone, withDefault) => {
    expect(currencyOf(event({ currency }))).toEqual(alone);
    expect(currencyOf(event({ currency }), 'EUR')).toEqual(withDefault);
  });
});

describe('F-82 the currency of lines', () => {
  const line = (currency: JsonValue, price: JsonValue = 5) => ({ price, currency });
  const listed = { value: 'USD', path: 'properties.products[].currency' };
  const fallback = { value: 'EUR', path: 'config.defaultCurrency' };

  it.each<[string, JsonObject, unknown]>([
    ['is that of all lines with a price', { products: [line('usd'), line(' USD '), { currency: 'CHF' }] }, listed],
    ['counts before the default, of one product alone, too', { products: { ...line('USD'), sku: 'S-1' } }, listed],
    ['is nobody’s where the lines differ', { products: [line('USD'), line('CHF')] }, fallback],
    ['is nobody’s where one states none', { products: [line('USD'), line(null)] }, fallback],
    ['is nobody’s where one states what is none', { products: [line('USD'), line('dollars')] }, fallback],
    ['is nobody’s without a price', { products: [line('USD', null), line('USD', ' ')] }, fallback],
    ['is not counted of what is no product', { products: [null, 7, line('USD')] }, listed],
  ])('%s', (_, properties, wanted) => {
    expect(currencyOf(event(properties), 'EUR')).toEqual(wanted);
    expect(currencyOf(event(properties))).toEqual(wanted === fallback ? undefined : wanted);
  });

  it('never goes before the event’s own', () => {
    expect(currencyOf(event({ currency: 'CHF', products: [line('USD')] }), 'EUR')?.value).toBe('CHF');
    expect(currencyOf(event({ currency: 'francs', products: [line('USD')] }), 'EUR')?.value).toBeUndefined();
  });
});

describe('the products', () => {
  const shirt = { product_id: 'P-1', name: 'Shirt' };

  it('are the list of the event, each with its path', () => {
    expect(productsOf(event({ products: [shirt, { sku: 'S-2' }] }))).toEqual([
      { item: shirt, path: 'properties.products[0]' },
      { item: { sku: 'S-2' }, path: 'properties.products[1]' },
    ]);
  });

  const withLosses = (properties: JsonObject, single = false) => {
    const lost: string[] = [];
    return { products: productsOf(event(properties), { single, onLost: (path) => lost.push(path) }), lost };
  };

  it.each([[null], ['P-1'], [7], [[shirt]]])('F-61 keep their places: %j is no product, and told', (odd) => {
    expect(withLosses({ products: [odd, shirt] })).toEqual({
      products: [{ item: shirt, path: 'properties.products[1]' }],
      lost: ['properties.products[0]'],
    });
  });

  it.each<[string, unknown, readonly string[]]>([
    ['one product', shirt, ['properties.products']],
    ['one product without an id', { name: 'Shirt' }, ['properties.products']],
    ['numbered members', { 0: shirt, 2: { sku: 'S-2' } }, ['properties.products[0]', 'properties.products[2]']],
    ['JSON text of a list', JSON.stringify([shirt, shirt]), ['properties.products', 'properties.products']],
    ['JSON text of one product', ` ${JSON.stringify(shirt)}`, ['properties.products']],
    ['an empty list as PHP writes it', {}, []],
    ['JSON text of an empty list', '[]', []],
    ['blank text', ' ', []],
  ])('F-61 are read of %s', (_, products, paths) => {
    const { products: read, lost } = withLosses({ products } as JsonObject);
    expect(read.map(({ path }) => path)).toEqual(paths);
    expect(lost).toEqual([]);
    expect(read.every(({ item }) => (item['name'] ?? item['sku']) !== undefined)).toBe(true);
  });

  it.each<[unknown, string]>([
    ['P-1', 'properties.products'],
    [7, 'properties.products'],
    [false, 'properties.products'],
    [{ color: 'red' }, 'properties.products'],
    ['{"color":"red"}', 'properties.products'],
    ['[{', 'properties.products'],
    [JSON.stringify([{ name: 'x'.repeat(65_536) }]), 'properties.products'],
    ['[null]', 'properties.products'],
    [{ 0: null }, 'properties.products[0]'],
  ])('F-61 are told to be lost where there is none: %.60j', (products, path) => {
    expect(withLosses({ products } as JsonObject)).toEqual({ products: [], lost: [path] });
  });

  it('F-61 are noted where they are lost, for the field of the payload', () => {
    const out = payloadBuilder<{ items?: readonly string[] }>({}, {});
    expect(productsIn(event({ products: [null, shirt] }), out, 'items')).toHaveLength(1);
    const message = 'Left out: it is no product';
    expect(out.notes).toEqual([{ code: 'dropped', field: 'properties.products[0]', payloadField: 'items', message }]);
    expect(productsIn(event(shirt), out, 'items', { single: true })).toEqual([{ item: shirt, path: 'properties' }]);
    expect(out.notes).toHaveLength(1);
  });

  it.each<[unknown, boolean]>([
    [shirt, true],
    [{ productId: 7 }, true],
    [{ sku: 'S' }, true],
    [{ ...shirt, products: null }, true],
    [{ ...shirt, products: 'P-1' }, true],
    [{ ...shirt, products: [] }, true],
    [{ id: 'U-1', name: 'Ann' }, false],
    [{ product_id: ' ' }, false],
    [{}, false],
    [undefined, false],
  ])('of an event about one product, %j: its own properties? %j', (properties, isOne) => {
    const wanted = [{ item: properties, path: 'properties' }];
    expect(productsOf(event(properties), { single: true })).toEqual(isOne ? wanted : []);
    expect(productsOf(event(properties))).toEqual([]);
  });

  it.each([[[]], [{}], ['[]']])('F-61 an empty list %j beside one product is as good as none', (products) => {
    const alone = { product_id: 'p1', price: 5, products };
    expect(productsOf(event(alone), { single: true })).toEqual([{ item: alone, path: 'properties' }]);
    expect(productsOf(event(alone))).toEqual([]);
  });

  it('F-61 JSON text is read anew where a host fills the same object for its next event', () => {
    const properties = { products: '[{"product_id":"a"}]' };
    const idOf = () => productsOf(event(properties)).map(({ item }) => item['product_id']);
    expect(idOf()).toEqual(['a']);
    properties.products = '[{"product_id":"b"}]';
    expect(idOf()).toEqual(['b']);
    properties.products = '[{"product_id":';
    expect(idOf()).toEqual([]);
  });

  it('F-61 an object of numbers is gone through once, however long it is', () => {
    let listings = 0;
    const products = new Proxy(Object.fromEntries(Array.from({ length: 50 }, (_, n) => [n, { product_id: `p${n}` }])), {
      ownKeys: (target) => {
        listings += 1;
        return Reflect.ownKeys(target);
      },
    });
    expect(productsOf(event({ products }))).toHaveLength(50);
    expect(listings).toBeLessThan(10);
  });

  it('are one if the list has one, or if without a list the properties describe one', () => {
    expect(onlyProductOf(event({ products: [{ name: 'Shirt' }], sku: 'S-1' }))).toEqual({
      item: { name: 'Shirt' },
      path: 'properties.products[0]',
    });
    expect(onlyProductOf(event({ products: [null], sku: 'S-1' }))).toBeUndefined();
    expect(onlyProductOf(event({ products: [null, shirt] }))).toEqual({ item: shirt, path: 'properties.products[1]' });
    expect(onlyProductOf(event({ products: JSON.stringify(shirt) }))).toEqual({
      item: shirt,
      path: 'properties.products',
    });
    for (const products of [[], undefined, 'none'])
      expect(onlyProductOf(event({ ...shirt, products }))?.path).toBe('properties');
    expect(onlyProductOf(event({ ...shirt, products: [shirt, shirt] }))).toBeUndefined();
    expect(onlyProductOf(event({ products: [] }))).toBeUndefined();
  });

  it('have paths of their own, however many they are', () => {
    const paths = productsOf(event({ products: Array.from({ length: 120 }, () => shirt) })).map(({ path }) => path);
    expect(paths).toEqual(Array.from({ length: 120 }, (_, index) => `properties.products[${index}]`));
  });

  it.each<[JsonObject, string | undefined, string | undefined]>([
    [{ product_id: 'a', productId: 'b', id: 'c', sku: 'd' }, 'product_id', 'product_id'],
    [{ productId: 'b', id: 'c', sku: 'd' }, 'productId', 'productId'],
    [{ id: 'c', sku: 'd' }, 'id', 'sku'],
    [{ id: 'c' }, 'id', undefined],
    [{ product_id: '', sku: 0 }, undefined, undefined],
    [{ product_id: {} }, undefined, undefined],
  ])('have their id: of %j it is %s, and %s among the properties of an event', (item, listed, alone) => {
    expect(productIdOf({ item, path: 'properties.products[0]' })?.path.split('.').at(-1)).toBe(listed);
    expect(productIdOf({ item, path: 'properties' })?.path.split('.').at(-1)).toBe(alone);
  });

  it('have ids of four names', () => {
    expect(productIdNames).toEqual(['product_id', 'productId', 'id', 'sku']);
    expect(productIdOf({ item: { id: 7 }, path: 'properties.products[2]' })).toEqual({
      value: '7',
      path: 'properties.products[2].id',
    });
  });
});

describe('F-61 F-76 the quantity', () => {
  const listed = (value: number) => ({ value, path: 'properties.products[].quantity' });
  const own = (value: number) => ({ value, path: 'properties.quantity' });
  const unlisted = { value: undefined, path: 'properties.products[].quantity' };
  const unusable = { value: undefined, path: 'properties.quantity' };

  it.each<[JsonObject, unknown]>([
    [{ products: [{ quantity: 2 }, { quantity: '3' }] }, listed(5)],
    [{ products: [{ quantity: 2 }, {}, { quantity: null }] }, listed(4)],
    [{ products: [{}], quantity: 3 }, own(3)],
    [{ products: [{ quantity: 2 }, {}], quantity: 9 }, own(9)],
    [{ products: [{ quantity: 2 }, {}], quantity: 3 }, own(3)],
    [{ products: [{ quantity: 2 }, {}], quantity: 2 }, listed(3)],
    [{ products: [{ quantity: 2 }, {}], quantity: 'two' }, listed(3)],
    [{ products: [{ quantity: 3 }], quantity: 1 }, listed(3)],
    [{ products: [{ quantity: 2 }, { quantity: '' }] }, listed(3)],
    [{ products: [{ quantity: 2 }, { quantity: ' ' }], quantity: 9 }, own(9)],
    [{ products: [{ quantity: '' }] }, listed(1)],
    [{ products: [{ quantity: 2 }, null] }, listed(2)],
    [{ products: [{ quantity: 2 }, null], quantity: 5 }, own(5)],
    [{ products: [{ quantity: 2 }, null], quantity: 1 }, listed(2)],
    [{ products: { sku: 'S-1', quantity: 2 } }, listed(2)],
    [{ products: '[{"quantity":2},{"quantity":3}]' }, listed(5)],
    [{ products: {}, quantity: 2 }, own(2)],
    [{ products: [{ quantity: -0 }] }, listed(0)],
    [{ products: [{ quantity: 2 }], quantity: 9 }, listed(2)],
    [{ products: [{ quantity: 1.5 }], quantity: 9 }, own(9)],
    [{ products: [null], quantity: 9 }, own(9)],
    [{ products: [null] }, unlisted],
    [{ products: [{ quantity: 'two' }] }, unlisted],
    [{ products: [{ quantity: Number.MAX_SAFE_INTEGER }, {}] }, unlisted],
    [{ products: [null], quantity: 'two' }, unusable],
    [{ products: [], quantity: 2 }, own(2)],
    [{ quantity: '2' }, own(2)],
    [{ quantity: -0 }, own(0)],
    [{ quantity: -1 }, unusable],
    [{ quantity: '' }, undefined],
    [{ products: [null], quantity: ' ' }, unlisted],
    [{ products: 'x' }, undefined],
    [{ products: [] }, undefined],
    [{ quantity: null }, undefined],
    [{}, undefined],
  ])('of %j is %j', (properties, wanted) => {
    expect(quantityOf(event(properties))).toEqual(wanted);
  });
});

describe('the keywords', () => {
  it.each<[JsonObject, readonly string[] | undefined, string]>([
    [{ query: 'red shoes' }, ['red shoes'], 'query'],
    [{ query: ['red', ' ', null, 42, {}], keywords: 'x' }, ['red', '42'], 'query'],
    [{ query: ' ', keywords: 'boots' }, ['boots'], 'keywords'],
    [{ query: [], keywords: ['boots'] }, ['boots'], 'keywords'],
    [{ query: {} }, undefined, ''],
    [{}, undefined, ''],
  ])('of %j are %j', (properties, value, name) => {
    expect(keywordsOf(event(properties))).toEqual(value && { value, path: `properties.${name}` });
    expect(searchTextOf(event(properties))).toEqual(value && { value: value.join(' '), path: `properties.${name}` });
  });
});

it('any JSON in the place of properties and products is read without an error', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (properties, products) => {
      for (const odd of [event(properties), event({ products, quantity: products, query: products })]) {
        for (const product of productsOf(odd, { single: true })) productIdOf(product);
        orderIdOf(odd);
        currencyOf(odd);
        quantityOf(odd);
        keywordsOf(odd);
      }
      const list = productsOf(event({ products }));
      if (Array.isArray(products)) expect(list).toHaveLength(products.filter(isObject).length);
    }),
  );
});

describe('what the only product costs', () => {
  const product = { product_id: 'P-1', price: 9.99 };
  it.each<[unknown, number | undefined, string]>([
    [{ ...product, quantity: 3 }, 29.97, 'properties.price'],
    [product, 9.99, 'properties.price'],
    [{ ...product, price: '0.1', quantity: '3' }, 0.3, 'properties.price'],
    [{ products: [{ ...product, quantity: 2 }] }, 19.98, 'properties.products[0].price'],
    [{ ...product, price: 0 }, 0, 'properties.price'],
    [{ products: [product], quantity: 3 }, 29.97, 'properties.products[0].price'],
    [{ products: [{ ...product, quantity: 2 }], quantity: 3 }, 19.98, 'properties.products[0].price'],
    [{ products: [{ ...product, quantity: '' }], quantity: 3 }, 29.97, 'properties.products[0].price'],
    [{ products: [product], quantity: ' ' }, 9.99, 'properties.products[0].price'],
    [{ products: [product, null] }, undefined, ''],
    [{ ...product, price: -1 }, undefined, ''],
    [{ ...product, quantity: -1 }, undefined, ''],
    [{ ...product, quantity: 'many' }, undefined, ''],
    [{ ...product, price: 1e300, quantity: 1e300 }, undefined, ''],
    [{ product_id: 'P-1', quantity: 2 }, undefined, ''],
    [{ products: [product, product] }, undefined, ''],
    [{ price: 9.99 }, undefined, ''],
    [null, undefined, ''],
  ])('of %j is %j', (properties, value, path) => {
    expect(onlyProductAmountOf(event(properties))).toEqual(value === undefined ? undefined : { value, path });
  });
});
