import { expect, test } from '@jest/globals';
import { payload, skip, type CdpEvent } from '../../core/index.ts';
import { canonicalEvents, eventOf, folderUnderTest } from '../../core/testing/index.ts';
import paperplane from '../support/contract/paperplane/index.ts';

const settings = { account: 'acc-1', apiKey: 'key-1-example' };
const folder = folderUnderTest(paperplane, settings);
const order = eventOf('order-completed-web', { 'properties.revenue': 12.5 });

test('what a folder makes of an event: payload, text, sources, notes and routing', () => {
  const expected = { account: 'acc-1', at: 1768478340000, email: 'jane.doe@example.com', order: 'order-2001' };
  expect(folder.payload(order)).toEqual({ ...expected, amount: 12.5 });
  expect(JSON.parse(folder.text(order))).toEqual({ ...expected, amount: 12.5 });
  expect(folder.sources(order)).toMatchObject({ email: 'context.traits.email', amount: 'properties.revenue' });
  expect(folder.notes(order)).toEqual([]);
  expect(folder.reason(order)).toBeUndefined();
  expect(folder.routing(order).lanes).toBeUndefined();
});

test('why an event is not sent, also where its payload is asked for', () => {
  const page = eventOf('page-home');
  expect(folder.reason(page)).toMatchObject({ kind: 'skipped', code: 'unmapped_event' });
  expect(folder.notes(page)).toEqual([]);
  expect(() => folder.payload(page)).toThrow(/^the event is skipped \(unmapped_event\): /);
  expect(() => folder.request([order, page])).toThrow(/unmapped_event/);
});

test('settings that are changed, and settings that are refused', () => {
  const other = folder.with({ account: 'acc-2', events: ['Signed Up'] });
  expect(other.reason(order)).toMatchObject({ code: 'unmapped_event' });
  expect(other.config).toMatchObject({ account: 'acc-2', apiKey: 'key-1-example' });
  expect(() => folder.with({ acount: 'acc-2' })).toThrow(/acount/);
});

test('the request of some events is the one that leaves, with its body', () => {
  const request = folder.request([order, eventOf(order, { 'properties.order_id': 'o-2' })]);
  expect(request).toMatchObject({ method: 'POST', headers: { authorization: 'Bearer key-1-example' } });
  expect(JSON.parse(request.body ?? '')).toMatchObject([{ order: 'order-2001' }, { order: 'o-2' }]);
});

test('what an answer means, for each event, with the share of the reading that core has', () => {
  expect(folder.decision({ status: 202 })).toMatchObject({ kind: 'accept' });
  expect(folder.decision({ status: 202, body: { success: false } })).toMatchObject({ kind: 'reject' });
  expect(folder.decision({ status: 202, body: '<html>' })).toMatchObject({ kind: 'ambiguous' });
  expect(folder.decision({ status: 429, headers: { 'retry-after': '7' } })).toMatchObject({ afterMs: 7000 });
  expect(folder.decision({ kind: 'timeout', afterMs: 5000 })).toMatchObject({ kind: 'ambiguous' });
  const kinds = folder.decisions({ status: 202, body: { refused: [1] } }, [order, order]).map(({ kind }) => kind);
  expect(kinds).toEqual(['accept', 'reject']);
  expect(() => folder.with({ events: [] }).decision({ status: 202 })).toThrow(/no canonical event is sent/);
});

test('functions that disagree, and a payload that JSON cannot carry, are caught', () => {
  const disagreeing = { ...paperplane, validate: () => skip('unmapped_event', 'no purchase') };
  expect(() => folderUnderTest(disagreeing, settings).reason(order)).toThrow(/validate\(\) refuses the event/);
  const careless = {
    ...paperplane,
    transform: () => payload({ account: '1', at: Number.NaN, email: 'a@example.com' }),
  };
  expect(() => folderUnderTest(careless, settings).payload(order)).toThrow(/NaN at "at"/);
});

test('an event with paths set or removed leaves its original as it was', () => {
  const before = structuredClone(canonicalEvents['order-completed-web']);
  const products = [{ price: 1 }, { price: 2 }];
  const event = eventOf(eventOf('order-completed-web', { 'properties.products': products }), {
    'properties.products.0': undefined,
    'properties.no.such': undefined,
    'context.traits.address.city': 'Ulm',
    ['__proto__.polluted']: true,
  }) as unknown as { properties: { products: unknown }; context: { traits: { address: object } } };
  expect(event.properties.products).toEqual([{ price: 2 }]);
  expect(event.properties).not.toHaveProperty('no');
  expect(event.context.traits.address).toMatchObject({ city: 'Ulm' });
  expect(canonicalEvents['order-completed-web']).toEqual(before);
  expect(products).toHaveLength(2);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  expect((event as unknown as CdpEvent).messageId).toBe('m-order-completed-web');
});
