import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { md5, sha256, type CdpEvent, type Note } from '../../core/api/index.ts';
import rokt from '../../destinations/rokt/index.ts';
import { canonicalEvents, eventOf, folderUnderTest, type CanonicalEventName } from '../../core/testing/index.ts';

const settings = { pod: 'us1', apiKey: 'example-api-key', apiSecret: 'example-api-secret', environment: 'production' };
const address = 'jane.doe@example.com';
const digest = createHash('sha256').update(address).digest('hex');
const place = 'events[0].data.custom_attributes';

const folder = folderUnderTest(rokt, settings);
const event = (changes: Record<string, unknown> = {}, base: CanonicalEventName = 'order-completed-web') =>
  eventOf(base, changes);
const made = (input: CdpEvent, extra: Record<string, unknown> = {}) => folder.with(extra).payload(input);
const dataOf = (changes?: Record<string, unknown>, extra?: Record<string, unknown>) =>
  made(event(changes), extra).events[0].data;
const attributesOf = (changes?: Record<string, unknown>, extra?: Record<string, unknown>) =>
  dataOf(changes, extra).custom_attributes;
const userOf = (changes?: Record<string, unknown>, extra?: Record<string, unknown>) =>
  made(event(changes), extra).user_attributes;

const notesOf = (changes?: Record<string, unknown>, extra: Record<string, unknown> = {}, base?: CanonicalEventName) =>
  folder
    .with(extra)
    .notes(event(changes, base))
    .map(({ code, field, payloadField }) => `${code} ${payloadField ?? field}`);
const reasonOf = (changes?: Record<string, unknown>, extra: Record<string, unknown> = {}) =>
  folder.with(extra).reason(event(changes));

describe('which events are conversions', () => {
  it('ROKT-24 ROKT-45 every conversion is named conversion and carries its kind', () => {
    expect(dataOf().event_name).toBe('conversion');
    expect(attributesOf().conversiontype).toBe('purchase');
  });

  it('ROKT-25 the kind of a listed event is its own name, of a mapped one what the setting says', () => {
    expect(attributesOf({ event: 'Signed Up' }, { conversions: ['Signed Up'] }).conversiontype).toBe('Signed Up');
    const mapped = { conversions: { 'Order Completed': 'order', 'Trial Started': 'subscription' } };
    expect(attributesOf({}, mapped).conversiontype).toBe('order');
    for (const name of ['Order Completed ', '\u200BOrder Completed'])
      expect(attributesOf({}, { conversions: [name] }).conversiontype).toBe('purchase');
    expect(attributesOf({ event: 'Trial Started' }, mapped)).not.toHaveProperty('conversion_type');
  });

  it.each(['Product Viewed', 'order completed', 'constructor', '__proto__', '', 42, null])(
    'ROKT-24 the event %p is no conversion and is skipped',
    (name) => {
      expect(reasonOf({ event: name })).toMatchObject({ kind: 'skipped', code: 'unmapped_event' });
    },
  );
});

describe('who converted', () => {
  it.each([
    ['raw', { email: address }],
    ['hashed', { other: digest }],
    ['both', { email: address, other: digest }],
  ])('ROKT-13 ROKT-14 ROKT-16 with identity %p the address is normalised and sent so', (identity, sent) => {
    const given = event({ 'context.traits.email': ' Jane.Doe@Example.COM ' });
    expect(made(given, { identity }).user_identities).toStrictEqual(sent);
  });

  it('ROKT-13 ROKT-14 an address that is a hash already goes to other, in lower case', () => {
    for (const identity of ['hashed', 'both']) {
      const given = event({ 'context.traits.email': digest.toUpperCase() });
      expect(made(given, { identity }).user_identities).toStrictEqual({ other: digest });
    }
  });

  it('F-53 the digest of nothing is nobody', () => {
    for (const email of [sha256(''), md5('')]) {
      const missing = { kind: 'rejected', code: 'missing_identifier', field: 'context.traits.email' };
      expect(reasonOf({ 'context.traits.email': email })).toMatchObject(missing);
    }
  });

  it('ROKT-16 a hash alone is not enough where only the address itself may be sent', () => {
    expect(reasonOf({ 'context.traits.email': digest }, { identity: 'raw' })).toMatchObject({
      kind: 'rejected',
      code: 'missing_identifier',
      field: 'context.traits.email',
    });
  });

  it('ROKT-13 the address may stand in the properties, and wins over a hash in the traits', () => {
    const elsewhere = { 'context.traits.email': digest, 'properties.email': address };
    expect(made(event(elsewhere)).user_identities).toStrictEqual({ email: address, other: digest });
  });

  it.each([undefined, null, '', '  ', 'jane', 'jane@', 42, {}, [address], `${'x'.repeat(250)}@example.com`, 'abc123'])(
    'ROKT-15 an event with the address %p is rejected before sending',
    (written) => {
      expect(reasonOf({ 'context.traits.email': written })).toMatchObject({ code: 'missing_identifier' });
    },
  );

  it.each([
    ['context', null],
    ['context', 'text'],
    ['context.traits', [1]],
    ['context.traits', null],
  ])('ROKT-15 %s of %p has no address', (path, value) => {
    expect(reasonOf({ [path]: value })).toMatchObject({ code: 'missing_identifier' });
  });
});

describe('what is known of the person', () => {
  it('ROKT-17 ROKT-18 names are trimmed, and blank ones left out', () => {
    const names = { 'context.traits.firstName': ' Jane ', 'context.traits.lastName': ' ' };
    expect(userOf(names)).toMatchObject({ firstname: 'Jane' });
    expect(userOf(names)).not.toHaveProperty('lastname');
    // F-52: names, not ids
    for (const firstName of ['Nan', 'Na', 'Null']) {
      expect(userOf({ 'context.traits.firstName': `${firstName}\u200B` })?.firstname).toBe(firstName);
    }
    const snake = { 'context.traits.firstName': undefined, 'context.traits.first_name': 'Ann' };
    expect(userOf(snake)?.firstname).toBe('Ann');
  });

  it.each([
    ['3053211654', '3053211654'],
    [3053211654, '3053211654'],
    ['+1 (323) 867-5309', '+1 (323) 867-5309'],
    ['+13238675309', '+1 (323) 867-5309'],
    ['1-323-867-5309', '+1 (323) 867-5309'],
    [13238675309, '+1 (323) 867-5309'],
    ['001 323 867 5309', '+1 (323) 867-5309'],
    ['(+1) 323 867 5309', '+1 (323) 867-5309'],
    ['\u200B+1 323 867 5309', '+1 (323) 867-5309'],
    ['(001) 323 867 5309', '+1 (323) 867-5309'],
    ['(+1) 23 456 7890', undefined],
    ['\u200B+1 23 456 7890', undefined],
    ['(001) 23 456 7890', undefined],
    ['123-456-7890', undefined],
    ['0301234567', undefined],
    ['+1 123 456 7890', undefined],
    ['1 023 456 7890', undefined],
    ['+380 044 123 45 67', '+380441234567'],
    ['305.321.1654 ext. 12', '3053211654'],
    ['+44 20 7946 0958 x3', '+442079460958'],
    ['+49 (0)30 1234567', '+49301234567'],
    ['0049 30 1234567', '+49301234567'],
    ['+1 323 867', undefined],
    ['+0 323 867 5309', undefined],
    ['020 7946 0958', undefined],
    ['8675309', undefined],
    ['1-800-FLOWERS', undefined],
    ['12345', undefined],
    ['1234567890123456', undefined],
    [true, undefined],
    ['', undefined],
  ])(
    'F-77 ROKT-19 the phone number %p leaves as %p: in a documented shape, or with its own country code',
    (written, sent) => {
      expect(userOf({ 'context.traits.phone': written })?.mobile).toBe(sent);
    },
  );

  it('ROKT-19 an unusable phone number is noted, a blank one is not', () => {
    expect(notesOf({ 'context.traits.phone': '1-800-FLOWERS' })).toEqual(['dropped user_attributes.mobile']);
    expect(notesOf({ 'context.traits.phone': ' ' })).toEqual([]);
  });

  it.each([
    ['172.3.51.182', '172.3.51.182'],
    ['2001:db8::1', '2001:db8::1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['203.0.113.9:8080', '203.0.113.9'],
    ['0.0.0.0', undefined],
    ['::', undefined],
    ['999.1.1.1', undefined],
    ['localhost', undefined],
    [12, undefined],
  ])('ROKT-20 the IP address %p leaves as %p', (written, sent) => {
    expect(userOf({ 'context.ip': written })?.ipaddress).toBe(sent);
  });

  it('F-63 ROKT-20 of a list of addresses the first public one is sent; a private one alone draws a note', () => {
    expect(userOf({ 'context.ip': '10.0.0.1, 203.0.113.9' })?.ipaddress).toBe('203.0.113.9');
    expect(userOf({ 'context.ip': '::ffff:203.0.113.9' })?.ipaddress).toBe('203.0.113.9');
    expect(notesOf({ 'context.ip': '10.0.0.1' })).toEqual(['unadvised user_attributes.ipaddress']);
    expect(notesOf({ 'context.ip': 'localhost' })).toEqual(['dropped user_attributes.ipaddress']);
  });

  it('F-75 ROKT-20 an address may stand under the name that Rokt gives it', () => {
    const own = { 'context.ip': undefined, 'context.traits.ipaddress': '203.0.113.9' };
    expect(userOf(own)?.ipaddress).toBe('203.0.113.9');
  });

  it('ROKT-21 other traits travel when a setting names them', () => {
    const traits = { 'context.traits.age': 41, 'context.traits.member': true, 'context.traits.city': null };
    expect(userOf(traits)).not.toHaveProperty('age');
    const named = userOf(traits, { userAttributes: ['age', 'member', 'city', 'absent', 'toString'] });
    expect(named).toMatchObject({ age: '41', member: 'true' });
    expect(Object.keys(named ?? {})).not.toEqual(expect.arrayContaining(['city']));
    expect(Object.keys(named ?? {})).not.toEqual(expect.arrayContaining(['toString']));
  });

  it('ROKT-21 a person of whom only the address is known has no user attributes', () => {
    const bare = { 'context.traits': { email: address }, 'context.ip': undefined };
    expect(made(event(bare))).not.toHaveProperty('user_attributes');
  });
});

describe('the conversion', () => {
  it('ROKT-11 ROKT-22 ROKT-23 one person and one event of the fixed type, nested as documented', () => {
    const batch = made(event());
    expect(batch.events).toHaveLength(1);
    expect(batch.events[0]).toStrictEqual({ event_type: 'custom_event', data: expect.anything() });
    expect(batch.environment).toBe('production');
  });

  it.each([
    [{ 'properties.total': 20 }, 20],
    [{ 'properties.total': 0 }, 0],
    [{ 'properties.total': -0 }, 0],
    [{ 'properties.total': '20.00' }, 20],
    [{ 'properties.total': undefined }, 258],
    [{ 'properties.total': '1,000', 'properties.revenue': '12.5' }, 12.5],
    [{ 'properties.total': undefined, 'properties.revenue': null, 'properties.value': 7 }, 7],
    [{ 'properties.total': Number.NaN, 'properties.revenue': Infinity }, undefined],
  ])('ROKT-26 of %j the amount is %p, the order total as a number', (changes, amount) => {
    expect(attributesOf(changes).amount).toBe(amount);
  });

  it.each([
    [' usd ', 'USD'],
    ['CAD', 'CAD'],
    ['US$', undefined],
    ['EURO', undefined],
    [840, undefined],
  ])('ROKT-27 the currency %p leaves as %p', (written, sent) => {
    expect(attributesOf({ 'properties.currency': written }).currency).toBe(sent);
  });

  it.each([
    [[{ quantity: 2 }, { quantity: '3' }], 5],
    [[{ quantity: 2 }, {}], 3],
    [[{ quantity: 0 }], 0],
    [[{ quantity: -0 }], 0],
    [[{ quantity: 1.5 }], undefined],
    [[{ quantity: -1 }], undefined],
    [['not a product'], undefined],
    [[{ quantity: Number.MAX_SAFE_INTEGER }, { quantity: 1 }], undefined],
  ])('ROKT-28 the quantity of the products %j is %p', (products, quantity) => {
    expect(attributesOf({ 'properties.products': products }).quantity).toBe(quantity);
  });

  it('ROKT-28 a stated quantity counts where there are no products to add up', () => {
    expect(attributesOf({ 'properties.products': undefined, 'properties.quantity': '4' }).quantity).toBe(4);
    expect(attributesOf({ 'properties.products': [{ quantity: 'x' }], 'properties.quantity': 4 }).quantity).toBe(4);
    expect(notesOf({ 'properties.products': [], 'properties.quantity': 2.5 })).toEqual([`dropped ${place}.quantity`]);
  });

  const tent = { name: 'Two-person tent', sku: 'TENT-2P' };
  it.each([
    [{ 'properties.products': [tent] }, 'Two-person tent', 'TENT-2P'],
    [{ 'properties.products': [{ ...tent, quantity: 1 }] }, 'Two-person tent', 'TENT-2P'],
    [{ 'properties.products': [{ ...tent, quantity: 2 }] }, 'Two-person tent', undefined],
    [{ 'properties.products': [{ ...tent, quantity: 'x' }] }, 'Two-person tent', undefined],
    [{ 'properties.products': [tent, tent] }, undefined, undefined],
    [{ 'properties.products': [tent, tent], 'properties.product_name': 'Bundle' }, 'Bundle', undefined],
    [{ 'properties.products': [{}], 'properties.product_name': 'Bundle' }, 'Bundle', undefined],
    [{ 'properties.products': undefined, 'properties.name': 'Tent', 'properties.sku': 'T-1' }, 'Tent', 'T-1'],
    [{ 'properties.products': [], 'properties.sku': 'T-1', 'properties.quantity': 3 }, undefined, undefined],
    [{ 'properties.products': undefined, 'properties.name': 'Jane Doe' }, undefined, undefined],
    [{ 'properties.products': undefined, 'properties.name': 'Tent', 'properties.product_id': 7 }, 'Tent', undefined],
    [{ 'properties.products': 'none', 'properties.sku': 7, 'properties.quantity': 1 }, undefined, '7'],
    [{ 'properties.products': [tent, null], 'properties.sku': 'T-1' }, 'Two-person tent', undefined],
    [{ 'properties.products': [tent, null], 'properties.quantity': 1 }, 'Two-person tent', 'TENT-2P'],
    [{ 'properties.products': [tent], 'properties.quantity': 3 }, 'Two-person tent', undefined],
    [{ 'properties.products': tent }, 'Two-person tent', 'TENT-2P'],
    [{ 'properties.products': JSON.stringify([tent]) }, 'Two-person tent', 'TENT-2P'],
  ])('ROKT-29 ROKT-30 of %j the product name is %p and the SKU %p', (changes, productname, sku) => {
    const attributes = attributesOf(changes);
    expect(attributes.productname).toBe(productname);
    expect(attributes.sku).toBe(sku);
  });

  it.each([
    [{ 'properties.products': [{ name: false }] }, 'name'],
    [{ 'properties.products': [{ name: 2 ** 53 }] }, 'name'],
    [{ 'properties.products': [], 'properties.product_name': ['Bundle'] }, 'properties.product_name'],
    [{ 'properties.products': [], 'properties.productname': true }, 'properties.productname'],
  ])('F-51 of %j the product name is not sent, and noted', (changes, path) => {
    expect(attributesOf(changes)).not.toHaveProperty('productname');
    const notes = folder.notes(event(changes)).filter(({ payloadField }) => payloadField === `${place}.productname`);
    expect(notes).toMatchObject([{ code: 'dropped', field: expect.stringContaining(path) }]);
  });

  it('F-61 an entry that is no product is noted, and the good ones are counted', () => {
    const changes = { 'properties.products': [{ ...tent, quantity: 2 }, null, 'TENT-3P'] };
    expect(attributesOf(changes)).toMatchObject({ quantity: 2, productname: 'Two-person tent' });
    expect(folder.notes(event(changes)).map(({ field }) => field)).toEqual([
      'properties.products[1]',
      'properties.products[2]',
    ]);
  });

  it('F-76 a line without a quantity leaves the word to the event', () => {
    expect(attributesOf({ 'properties.products': [tent], 'properties.quantity': 3 })).toMatchObject({ quantity: 3 });
  });

  it('F-82 the currency that all products with a price share is that of the order', () => {
    const priced = { ...tent, price: 5, currency: 'eur' };
    const of = (products: unknown) =>
      attributesOf({ 'properties.products': products, 'properties.currency': undefined } as never).currency;
    expect([of([priced, priced, tent]), of([priced, { ...priced, currency: 'USD' }])]).toEqual(['EUR', undefined]);
  });

  it.each([2 ** 53, false, 'null'])('F-50 F-51 F-52 an order id of %j is none, neither here nor there', (id) => {
    const { transactionid, confirmationref } = attributesOf({ 'properties.order_id': id });
    expect([transactionid, confirmationref]).not.toContain(String(id));
  });

  it('ROKT-31 ROKT-33 payment type and transaction id are texts', () => {
    expect(attributesOf({ 'properties.payment_method': ' visa ', 'properties.order_id': 1001 })).toMatchObject({
      paymenttype: 'visa',
      transactionid: '1001',
    });
    const other = { 'properties.order_id': undefined, 'properties.transaction_id': 'T-9' };
    expect(attributesOf(other).transactionid).toBe('T-9');
  });

  it.each([
    [10, 10],
    ['10', 10],
    [0.1, 0.1],
    [-3, -3],
    ['10%', undefined],
  ])('ROKT-32 a margin of %p is passed as %p, never scaled', (margin, sent) => {
    expect(attributesOf({ 'properties.margin': margin }).margin).toBe(sent);
  });

  it('ROKT-34 confirmationref is the order id, and by setting the message id where there is none', () => {
    const noOrder = { 'properties.order_id': undefined };
    const byMessage = { confirmationRef: 'order_id_or_message_id' };
    expect(attributesOf().confirmationref).toBe('order-2001');
    expect(attributesOf({}, byMessage).confirmationref).toBe('order-2001');
    expect(attributesOf(noOrder)).not.toHaveProperty('confirmationref');
    expect(notesOf(noOrder)).toEqual([`recommended_missing ${place}.confirmationref`]);
    expect(attributesOf(noOrder, byMessage).confirmationref).toBe('m-order-completed-web');
    expect(attributesOf(noOrder, byMessage)).toEqual(attributesOf(noOrder, byMessage));
  });

  it('F-75 ROKT-34 an event that has a confirmation reference of its own keeps it beside the order id', () => {
    for (const name of ['confirmationref', 'confirmation_ref', 'confirmationRef']) {
      const own = { [`properties.${name}`]: ' XYZ123 ' };
      expect(attributesOf(own)).toMatchObject({ transactionid: 'order-2001', confirmationref: 'XYZ123' });
      expect(folder.sources(event(own))[`${place}.confirmationref`]).toBe(`properties.${name}`);
    }
  });

  it.each([true, 2 ** 53, { a: 1 }])('F-50 F-75 ROKT-34 a reference of %j is none, which is noted', (written) => {
    const unusable = { 'properties.confirmationref': written };
    expect(attributesOf(unusable).confirmationref).toBe('order-2001');
    expect(notesOf(unusable)).toEqual([`dropped ${place}.confirmationref`]);
  });

  it.each([true, 2 ** 53, 12.5])(
    'F-50 F-51 ROKT-33 an order id of %j is none, and the next source counts',
    (written) => {
      const unusable = { 'properties.order_id': written, 'properties.transaction_id': 'T-9' };
      expect(attributesOf(unusable)).toMatchObject({ transactionid: 'T-9', confirmationref: 'T-9' });
      const alone = { 'properties.order_id': written };
      expect(attributesOf(alone)).not.toHaveProperty('transactionid');
      expect(notesOf(alone)).toContain(`dropped ${place}.transactionid`);
    },
  );

  it('F-52 ROKT-30 ROKT-33 a word for nothing in the place of an id is nothing, and nothing to note', () => {
    const words = {
      'properties.order_id': 'null',
      'properties.confirmationref': 'undefined',
      'properties.products': [{ sku: '(not set)', name: 'Tent' }],
    };
    const attributes = attributesOf(words);
    for (const name of ['sku', 'transactionid', 'confirmationref']) expect(attributes).not.toHaveProperty(name);
    expect(notesOf(words)).toEqual([`recommended_missing ${place}.confirmationref`]);
  });

  it('F-75 events that use the names of Rokt are read, after those of the spec', () => {
    const own = {
      amount: '20.00',
      currency: 'USD',
      quantity: 1,
      conversiontype: 'subscription',
      productname: 'Maroon 5 t-shirt',
      sku: '230847',
      paymenttype: 'VISA',
      margin: 10,
      transactionid: 'ABC789',
      confirmationref: 'XYZ123',
    };
    expect(attributesOf({ properties: own })).toStrictEqual({ ...own, amount: 20 });
    expect(notesOf({ properties: own })).toEqual([]);
    const both = { 'properties.amount': 1, 'properties.paymenttype': 'x', 'properties.transactionid': 'x' };
    expect(attributesOf(both)).toStrictEqual(attributesOf());
  });

  it('F-75 ROKT-25 a type that the settings state counts before the one of the event', () => {
    const own = { 'properties.conversiontype': 'upgrade' };
    expect(attributesOf(own, { conversions: { 'Order Completed': 'order' } }).conversiontype).toBe('order');
    expect(attributesOf(own, { conversions: ['Order Completed'] }).conversiontype).toBe('upgrade');
    expect(attributesOf({ 'properties.conversiontype': 'x'.repeat(5_000) }).conversiontype).toHaveLength(4096);
  });

  it('ROKT-36 a missing amount or currency is noted; the four musts are always there', () => {
    const bare = { properties: { order_id: 'order-1' } };
    expect(notesOf(bare)).toEqual([`recommended_missing ${place}.amount`, `recommended_missing ${place}.currency`]);
    expect(attributesOf(bare).conversiontype).toBe('purchase');
    expect(notesOf({ 'properties.currency': 'US$' })).toEqual([`dropped ${place}.currency`]);
    expect(notesOf()).toEqual([]);
  });

  it('ROKT-40 message id and event time travel, the time in whole milliseconds', () => {
    expect(dataOf()).toMatchObject({
      source_message_id: 'm-order-completed-web',
      timestamp_unixtime_ms: Date.parse('2026-01-15T11:59:00.000Z'),
    });
    expect(dataOf({ timestamp: null }).timestamp_unixtime_ms).toBe(Date.parse('2026-01-15T11:59:00.000Z'));
    expect(dataOf({ messageId: 7 }).source_message_id).toBe('7');
    expect(dataOf({ messageId: 'null', timestamp: 'yesterday' })).not.toHaveProperty('source_message_id');
    for (const timestamp of ['yesterday', '1969-07-20T20:17:40.000Z', '2026-02-30T11:59:00Z']) {
      expect(dataOf({ timestamp })).not.toHaveProperty('timestamp_unixtime_ms');
      expect(notesOf({ timestamp })).toEqual(['dropped events[0].data.timestamp_unixtime_ms']);
    }
  });

  it('ROKT-39 the custom event type is sent only by setting', () => {
    expect(dataOf()).not.toHaveProperty('custom_event_type');
    expect(dataOf({}, { customEventType: 'transaction' }).custom_event_type).toBe('transaction');
  });

  it('ROKT-38 whatever an event carries, the batch has known members alone', () => {
    const noisy = { ...canonicalEvents['order-completed-ios'], mpid: 'x', extra: { deep: 1 } } as unknown as CdpEvent;
    const batch = made(noisy, { advertisingIds: true });
    expect(Object.keys(batch).sort()).toEqual([
      'device_info',
      'environment',
      'events',
      'user_attributes',
      'user_identities',
    ]);
    expect(Object.keys(batch.device_info ?? {})).toEqual(['ios_advertising_id']);
  });

  it('preview learns of every field where it came from', () => {
    const rich = event({ 'properties.rtid': 'abc', 'properties.products': [tent], 'properties.margin': 1 });
    const all = { customAttributes: ['coupon'], userAttributes: ['plan'], customEventType: 'other', clickId: true };
    const batch = made(rich, all);
    const sources = folder.with(all).sources(rich);
    const leaves = (value: unknown, at: string): string[] =>
      typeof value === 'object' && value !== null
        ? Object.entries(value).flatMap(([key, part]) =>
            leaves(part, Array.isArray(value) ? `${at}[${key}]` : at === '' ? key : `${at}.${key}`),
          )
        : [at];
    expect(Object.keys(sources).sort()).toEqual(leaves(batch, '').sort());
    expect(sources[`${place}.amount`]).toBe('properties.total');
    expect(sources[`${place}.confirmationref`]).toBe('properties.order_id');
    expect(sources[`${place}.sku`]).toBe('properties.products[0].sku');
  });
});

describe('what helps Rokt match', () => {
  it('F-51 ROKT-41 a click id that is none is told', () => {
    expect(notesOf({ 'properties.rtid': true }, { clickId: true })).toEqual([
      'dropped integration_attributes.1277.passbackconversiontrackingid',
    ]);
  });

  it('F-79 ROKT-41 the click id is sent where a setting asks for it, in its own case', () => {
    const asked = { clickId: true };
    for (const path of ['properties.rtid', 'properties.rclid', 'context.traits.rclid']) {
      const given = event({ [path]: ' RtAb12 ' });
      expect(made(given, asked).integration_attributes).toEqual({ '1277': { passbackconversiontrackingid: 'RtAb12' } });
      expect(made(given)).not.toHaveProperty('integration_attributes');
    }
    expect(made(event(), asked)).not.toHaveProperty('integration_attributes');
    const field = 'dropped integration_attributes.1277.passbackconversiontrackingid';
    for (const rtid of ['x'.repeat(4097), false, ['a'], 2 ** 53]) {
      expect(made(event({ 'properties.rtid': rtid }), asked)).not.toHaveProperty('integration_attributes');
      expect([rtid, notesOf({ 'properties.rtid': rtid }, asked)]).toEqual([rtid, [field]]);
    }
    expect(notesOf({ 'properties.rtid': '(not set)' }, asked)).toEqual([]);
  });

  const asked = { advertisingIds: true };

  const ios = (changes: Record<string, unknown>) => event(changes, 'order-completed-ios');
  it('F-79 ROKT-42 where a setting asks for it, an advertising id goes to the member of its platform', () => {
    expect(made(ios({}), asked).device_info).toEqual({ ios_advertising_id: 'A1B2C3D4-E5F6-4789-8ABC-DEF012345678' });
    expect(made(event({}, 'order-completed-android'), asked).device_info).toEqual({
      android_advertising_id: 'f0e1d2c3-b4a5-4697-8879-6a5b4c3d2e1f',
    });
    expect(made(ios({}))).not.toHaveProperty('device_info');
  });

  it.each(['not-a-guid', '00000000-0000-0000-0000-000000000000', 42, {}, 'a1b2c3d4e5f647898abcdef012345678'])(
    'ROKT-42 the advertising id %p is dropped rather than the batch lost',
    (id) => {
      const changes = { 'context.device.advertisingId': id };
      expect(made(ios(changes), asked)).not.toHaveProperty('device_info');
      expect(notesOf(changes, asked, 'order-completed-ios')).toEqual(['dropped device_info.ios_advertising_id']);
    },
  );

  it('ROKT-42 an IDFA may go by that name', () => {
    const idfa = 'A1B2C3D4-E5F6-4789-8ABC-DEF012345678';
    const named = { 'context.device.advertisingId': undefined, 'context.device.idfa': idfa };
    expect(made(ios(named), asked).device_info).toEqual({ ios_advertising_id: idfa });
  });

  it.each([
    { adTrackingEnabled: false },
    { adTrackingEnabled: 'false' },
    { attTrackingStatus: 2 },
    { attTrackingStatus: '1' },
    { attTrackingStatus: null, trackingStatus: 'denied' },
  ])('ROKT-42 no id is sent where tracking is limited, as by %p', (limits) => {
    const paths = Object.entries(limits).map(([name, value]) => [`context.device.${name}`, value]);
    const changes = Object.fromEntries(paths) as Record<string, unknown>;
    expect(made(ios(changes), asked)).not.toHaveProperty('device_info');
    expect(notesOf(changes, asked, 'order-completed-ios')).toEqual(['dropped device_info.ios_advertising_id']);
  });

  it('ROKT-42 no id is sent for a platform nobody knows', () => {
    const unknown = { 'context.device.type': 'constructor', 'context.os.name': 'toString' };
    expect(made(ios(unknown), asked)).not.toHaveProperty('device_info');
    expect(made(ios({ 'context.device.type': 'fire' }), asked)).not.toHaveProperty('device_info');
  });

  it('F-57 ROKT-42 the id of a vendor that poses as an advertising id stays at home, which is noted', () => {
    const idfv = 'C0FFEE00-1111-4222-8333-444455556666';
    const posing = { 'context.device.advertisingId': idfv, 'context.device.id': idfv };
    expect(made(ios(posing), asked)).not.toHaveProperty('device_info');
    expect(notesOf(posing, asked, 'order-completed-ios')).toEqual(['dropped device_info.ios_advertising_id']);
  });
});

const note = (code: Note['code'], name: string) => `${code} ${place}.${name}`;

describe('attributes of the tenant', () => {
  const pass = (value: unknown) => attributesOf({ 'properties.gift': value }, { customAttributes: ['gift'] })['gift'];

  it.each([
    ['text', 'text'],
    ['', ''],
    [7, 7],
    [-0, 0],
    [true, true],
    [{ a: 1 }, '{"a":1}'],
    [['a', 2], '["a",2]'],
    [null, undefined],
    [undefined, undefined],
    [Number.NaN, undefined],
  ])('ROKT-37 a property of %p leaves as the scalar %p', (value, sent) => {
    expect(pass(value)).toBe(sent);
  });

  it('ROKT-37 nested values are noted as coerced, impossible ones as dropped', () => {
    const changes = {
      'properties.gift': { a: 1 },
      'properties.odd': Number.NaN,
      'properties.long': ['x'.repeat(4100)],
    };
    expect(notesOf(changes, { customAttributes: ['gift', 'odd', 'long', 'absent'] })).toEqual([
      note('coerced', 'gift'),
      note('dropped', 'odd'),
      note('dropped', 'long'),
    ]);
  });

  it('ROKT-37 lists are for user attributes alone, as texts', () => {
    const traits = {
      'context.traits.sizes': ['S', 40, true, null],
      'context.traits.deep': [{ a: 1 }],
      'context.traits.none': [],
    };
    expect(userOf(traits, { userAttributes: ['sizes', 'deep', 'none'] })).toMatchObject({
      sizes: ['S', '40', 'true'],
      deep: '[{"a":1}]',
    });
    expect(userOf(traits, { userAttributes: ['none'] })).not.toHaveProperty('none');
    const long = { 'context.traits.sizes': Array.from({ length: 1001 }, () => '\u{1f600}'.repeat(300)) };
    const [first, ...others] = userOf(long, { userAttributes: ['sizes'] })?.['sizes'] ?? [];
    expect([first, others.length]).toEqual(['\u{1f600}'.repeat(256), 999]);
    expect(notesOf(long, { userAttributes: ['sizes'] })).toContain('truncated user_attributes.sizes');
  });

  it('F-75 ROKT-35 the keys of the vendor are spelt as documented, and no setting can take their place', () => {
    const full = { 'properties.margin': 1, 'properties.products': [{ name: 'Tent', sku: 'TENT-2P' }] };
    const sent = Object.keys(attributesOf(full));
    expect(sent).toHaveLength(10);
    for (const name of [...sent, 'Currency'])
      expect(() => attributesOf({}, { customAttributes: ['orderId', name] })).toThrow('customAttributes');
    for (const name of [...Object.keys(userOf() ?? {}), 'FirstName'])
      expect(() => userOf({}, { userAttributes: ['plan', name] })).toThrow('userAttributes');
    const attributes = attributesOf({ 'properties.orderId': 'o' }, { customAttributes: ['orderId'] });
    expect(attributes).toStrictEqual({ ...attributesOf(), orderId: 'o' });
    expect(userOf({ 'context.traits.mobile': '1' }, { userAttributes: ['Email'] })).toStrictEqual(userOf());
  });

  it('ROKT-35 a key named like a part of every object is only what the event says it is', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
    expect(attributesOf({}, { customAttributes: names })).toStrictEqual(attributesOf());
    const own = attributesOf(
      { 'properties.constructor': 'C', 'properties.__proto__': { polluted: 1 } },
      { customAttributes: names },
    );
    expect(Object.getPrototypeOf(own)).toBe(Object.prototype);
    expect(own).toStrictEqual({ ...attributesOf(), constructor: 'C' });
  });

  it('ROKT-46 ROKT-49 a name of more than 256 characters is dropped with a note, one of 256 is not', () => {
    const [fits, long] = ['n'.repeat(256), 'n'.repeat(257)];
    const names = { customAttributes: [fits, long], userAttributes: [fits, long] };
    const values = {
      [`properties.${fits}`]: 1,
      [`properties.${long}`]: 1,
      [`context.traits.${fits}`]: 1,
      [`context.traits.${long}`]: 1,
    };
    expect(attributesOf(values, names)).toMatchObject({ [fits]: 1 });
    expect(attributesOf(values, names)).not.toHaveProperty(long);
    expect(userOf(values, names)).not.toHaveProperty(long);
    expect(notesOf(values, names)).toEqual([note('dropped', long), `dropped user_attributes.${long}`]);
  });

  it('ROKT-47 ROKT-50 a value of more than 4096 characters is cut, never through a character', () => {
    const exact = 'x'.repeat(4096);
    expect(pass(exact)).toBe(exact);
    expect(pass(`${exact}y`)).toBe(exact);
    expect(pass(`${'x'.repeat(4095)}\u{1f600}`)).toBe('x'.repeat(4095));
    expect(pass(`${'x'.repeat(4094)}\u{1f600}z`)).toBe(`${'x'.repeat(4094)}\u{1f600}`);
    const long = {
      'properties.payment_method': `${exact}y`,
      'context.traits.firstName': `${exact}y`,
      'context.traits.plan': `${exact}y`,
    };
    expect(attributesOf(long).paymenttype).toBe(exact);
    expect(userOf(long, { userAttributes: ['plan'] })).toMatchObject({ firstname: exact, plan: exact });
    expect(notesOf(long, { userAttributes: ['plan'] })).toEqual([
      note('truncated', 'paymenttype'),
      'truncated user_attributes.firstname',
      'truncated user_attributes.plan',
    ]);
  });

  it('ROKT-47 an id that is too long is not cut: the conversion is rejected', () => {
    const long = 'x'.repeat(4097);
    expect(reasonOf({ 'properties.order_id': long })).toMatchObject({
      code: 'invalid_value',
      field: 'properties.order_id',
    });
    const byMessage = { confirmationRef: 'order_id_or_message_id' };
    expect(reasonOf({ 'properties.order_id': undefined, messageId: long }, byMessage)).toMatchObject({
      code: 'invalid_value',
      field: 'messageId',
    });
    expect(reasonOf({ 'properties.confirmationref': long })).toMatchObject({ field: 'properties.confirmationref' });
    const beside = { 'properties.confirmationref': 'ref', 'properties.order_id': long };
    expect(reasonOf(beside)).toMatchObject({ field: 'properties.order_id' });
    expect(attributesOf({ 'properties.order_id': 'x'.repeat(4096) }).transactionid).toHaveLength(4096);
  });

  it('ROKT-48 of more than 100 user attributes the four of Rokt and the first named ones stay', () => {
    const userAttributes = Array.from({ length: 120 }, (_, index) => `trait${index}`);
    const traits = Object.fromEntries(userAttributes.map((name) => [`context.traits.${name}`, 'x']));
    const user = userOf(traits, { userAttributes }) ?? {};
    expect(Object.keys(user)).toHaveLength(100);
    expect(user).toMatchObject({ firstname: 'Jane', ipaddress: '203.0.113.25', trait95: 'x' });
    expect(user).not.toHaveProperty('trait96');
    expect(notesOf(traits, { userAttributes })).toHaveLength(24);
  });

  it('ROKT-51 a batch beyond 128,000 bytes is noted and still sent', () => {
    const customAttributes = Array.from({ length: 40 }, (_, index) => `p${index}`);
    const large = Object.fromEntries(customAttributes.map((name) => [`properties.${name}`, 'x'.repeat(4096)]));
    expect(notesOf(large, { customAttributes })).toEqual([`unadvised ${place}`]);
    expect(notesOf(large, { customAttributes: customAttributes.slice(0, 20) })).toEqual([]);
  });
});
