import type { JsonObject } from '../../../api/index.ts';

const deep = (levels: number): JsonObject => {
  let nested: JsonObject = { end: true };
  for (let level = 0; level < levels; level += 1) nested = { nested };
  return nested;
};

/** Properties that break what trusts them. All of them survive JSON, so that they may come from a file. */
const specimens: readonly JsonObject[] = [
  JSON.parse('{"__proto__":{"currency":"XXX"},"constructor":{"prototype":{"polluted":true}}}') as JsonObject,
  { total: '1,299.00 $', revenue: 'NaN', currency: 'usd ' },
  { total: 1e308, revenue: 1e-9 },
  { order_id: { toString: 'no' }, products: 'none', currency: ['USD'] },
  { order_id: null, products: null, total: null, revenue: null, currency: null },
  { products: [null, 7, 'x', [], {}, { quantity: -1, price: '', name: '' }] },
  { order_id: 'x'.repeat(5000), payment_method: '\ud83d', affiliation: 'a\u0000b\u2028c\u202e' },
  { affiliation: '😀'.repeat(1500), query: '<script>alert("&amp;")</script>' },
  { extra: deep(70) },
  { ['k'.repeat(300)]: 'long name', hasOwnProperty: 'mine', toString: 'mine' },
  { total: 0, revenue: true, currency: 'ÜSD' },
  Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`custom_${index}`, index])),
];

export const hostileProperties = (index: number): JsonObject => specimens[index % specimens.length] ?? {};
