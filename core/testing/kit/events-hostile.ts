import type { CdpEvent } from '../../api/index.ts';
import { appEvents } from './events-app.ts';
import { webEvents } from './events-web.ts';

/** An event no SDK should send and some host will. `make` builds it anew, because some take megabytes. */
export interface HostileEvent {
  readonly title: string;
  readonly make: () => CdpEvent;
}

const web = webEvents['order-completed-web'];
const ios = appEvents['order-completed-ios'];

/** Makes a good event hostile: `web`, or `ios` where it is about a device. */
interface Hostility {
  readonly title: string;
  readonly make: (web: CdpEvent, ios: CdpEvent) => CdpEvent;
}

/** The type is a promise made outside; these break it on purpose. */
const lie = (value: unknown): CdpEvent => value as CdpEvent;
const withFields = (event: CdpEvent, fields: Record<string, unknown>): CdpEvent => lie({ ...event, ...fields });
const contextOf = (event: CdpEvent): Record<string, unknown> => ({ ...(event as { context?: object }).context });
const propertiesOf = (event: CdpEvent): object => ({ ...(event as { properties?: object }).properties });
const property = (title: string, properties: Record<string, unknown>): Hostility => ({
  title,
  make: (web) => withFields(web, { properties: { ...propertiesOf(web), ...properties } }),
});
const device = (title: string, fields: Record<string, unknown>): Hostility => ({
  title,
  make: (_, ios) => {
    const context = contextOf(ios);
    return withFields(ios, { context: { ...context, device: { ...(context['device'] as object), ...fields } } });
  },
});
const time = (title: string, timestamp: unknown): Hostility => ({
  title,
  make: (web) => withFields(web, { timestamp }),
});

function nested(depth: number): unknown {
  let value: unknown = 'bottom';
  for (let level = 0; level < depth; level += 1) value = { next: value };
  return value;
}

const wrongTypes: readonly unknown[] = [42, true, 'text', [], ['a'], {}, { toString: 'not a function' }];
const envelopeFields = [
  'type',
  'event',
  'messageId',
  'userId',
  'anonymousId',
  'timestamp',
  'originalTimestamp',
  'sentAt',
  'receivedAt',
  'context',
  'properties',
  'integrations',
];

const wrongEnvelopes: readonly Hostility[] = envelopeFields.flatMap((field) =>
  [null, ...wrongTypes].map((value) => ({
    title: `${field} is ${JSON.stringify(value)}`,
    make: (web) => withFields(web, { [field]: value }),
  })),
);

const wrongInside: readonly Hostility[] = [null, ...wrongTypes].flatMap((value) => [
  property(`every property is ${JSON.stringify(value)}`, {
    order_id: value,
    total: value,
    revenue: value,
    currency: value,
    products: value,
    coupon: value,
  }),
  property(`every product is ${JSON.stringify(value)}`, { products: [value, value] }),
  {
    title: `every part of the context is ${JSON.stringify(value)}`,
    make: (web, ios) =>
      withFields(web, { context: Object.fromEntries(Object.keys(contextOf(ios)).map((key) => [key, value])) }),
  },
]);

const hugeNumbers = [-1, -0, 1e308, -1e308, 1e21, 1e-7, Number.MAX_SAFE_INTEGER + 2, Number.NaN, Infinity, -Infinity];

/** What broke connectors before, and what will. */
const hostilities: readonly Hostility[] = [
  { title: 'null instead of an event', make: () => lie(null) },
  { title: 'an array instead of an event', make: (web) => lie([web]) },
  { title: 'a string instead of an event', make: () => lie('track') },
  { title: 'an empty object', make: () => lie({}) },
  { title: 'an empty track call', make: () => lie({ type: 'track' }) },
  { title: 'a track call with a blank name', make: (web) => withFields(web, { event: '   ' }) },
  { title: 'a track call named "constructor"', make: (web) => withFields(web, { event: 'constructor' }) },
  { title: 'a track call named "__proto__"', make: (web) => withFields(web, { event: '__proto__' }) },
  { title: 'a track call named "toString"', make: (web) => withFields(web, { event: 'toString' }) },
  { title: 'a type named "constructor"', make: (web) => withFields(web, { type: 'constructor' }) },
  {
    title: 'objects without a prototype',
    make: (web) =>
      lie(
        Object.assign(Object.create(null), web, { properties: Object.assign(Object.create(null), propertiesOf(web)) }),
      ),
  },
  {
    title: 'an own key "__proto__" everywhere',
    make: (web) => {
      const poisoned = '{"__proto__":{"type":"ios","email":"polluted@example.com","polluted":true}}';
      return lie({
        ...web,
        ...(JSON.parse(`{"__proto__":{"polluted":true}}`) as object),
        properties: JSON.parse(poisoned.replace('{"__proto__"', '{"order_id":"order-2001","__proto__"')) as unknown,
        context: JSON.parse(poisoned) as unknown,
        integrations: JSON.parse(poisoned) as unknown,
      });
    },
  },
  property('own keys named like methods', {
    constructor: 'x',
    toString: 'x',
    valueOf: 'x',
    hasOwnProperty: 'x',
    toJSON: 'x',
    length: -1,
  }),
  property('lone surrogates in values', { order_id: 'order-\ud83d', currency: '\udc00SD', coupon: '\ud800' }),
  property('lone surrogates in keys', { ['\ud83d']: 'value' }),
  property('control characters', { order_id: 'a\u0000b\r\nx-injected: 1', coupon: '\u2028\u2029\ufeff' }),
  { title: 'a lone surrogate as the id', make: (web) => withFields(web, { messageId: '\ud83d', userId: '\udc00' }) },
  ...hugeNumbers.map((value) =>
    property(`amounts of ${Object.is(value, -0) ? '-0' : value}`, {
      total: value,
      revenue: value,
      value,
      price: value,
      quantity: value,
      products: [{ product_id: 'prod-501', price: value, quantity: value }],
    }),
  ),
  property('10,000 products', {
    products: Array.from({ length: 10_000 }, () => ({ product_id: 'prod-501', price: 1 })),
  }),
  { title: 'properties 10,000 levels deep', make: (web) => withFields(web, { properties: nested(10_000) }) },
  { title: 'context 10,000 levels deep', make: (web) => withFields(web, { context: nested(10_000) }) },
  {
    title: 'a property of 10 MB',
    make: (web) => withFields(web, { properties: { order_id: 'x'.repeat(10_000_000) } }),
  },
  {
    title: 'an event name of 10 MB',
    make: (web) => withFields(web, { event: 'x'.repeat(10_000_000) }),
  },
  time('a timestamp of NaN', Number.NaN),
  time('a timestamp that is garbage', 'yesterday, about noon'),
  time('a timestamp without a zone', '2026-01-15T11:59:00.000'),
  time('a timestamp in epoch milliseconds', 1_768_478_340_000),
  time('a timestamp of the year 275760', '+275760-09-13T00:00:00.001Z'),
  time('a timestamp before 1970', '1969-07-20T20:17:40.000Z'),
  time('an empty timestamp', ''),
  device('a device type of "constructor"', { type: 'constructor' }),
  device('a device type of "__proto__"', { type: '__proto__' }),
  device('an advertising id of zeros', { advertisingId: '00000000-0000-0000-0000-000000000000' }),
  device('a device without ids', { advertisingId: '', id: ' ' }),
  ...wrongEnvelopes,
  ...wrongInside,
];

/** Canonical events that are hostile: every promise of the kit is checked with these, too. */
export const hostileEvents: readonly HostileEvent[] = hostilities.map(({ title, make }) => ({
  title,
  make: () => make(web, ios),
}));

/** The same out of any event: some vendors take an order elsewhere than another event. */
export const hostileVariantsOf = (event: CdpEvent): readonly HostileEvent[] =>
  hostilities.map(({ title, make }) => ({ title, make: () => make(event, event) }));
