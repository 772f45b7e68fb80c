import sortBy from 'lodash/sortBy.js';
import { sha256, type ReasonCode } from '../../api/index.ts';
import type { CanonicalEventName } from './events.ts';

/** Paths of an event with the values they get; `undefined` removes what is there. See eventOf(). */
export type Paths = Readonly<Record<string, unknown>>;

/**
 * A value that sources write and a vendor must not get as it stands, and the plain spelling that must come to the same:
 * an event with `changes` leaves as one with `asIf`, whatever the folder makes of that. So one row fits every folder.
 */
export interface AwkwardEvent {
  /** The finding it comes from, such as `F-52`. */
  readonly id: string;
  /** What is odd. With the id, the name of the row. */
  readonly title: string;
  /** The canonical events it is tried with; of these, those that the folder sends. */
  readonly bases: readonly CanonicalEventName[];
  /** Keys with `<destination>` name the folder's destination. */
  readonly changes: Paths;
  /** The same in plain spelling; or what becomes of the event: `sent` says that it leaves in some form. */
  readonly asIf: Paths | AwkwardResult;
  /** The path that a note must name, where the payload of the plain event comes from there. */
  readonly noted?: string;
}

/** What becomes of an event, where no plain spelling comes to the same. */
export interface AwkwardResult {
  readonly kind: 'sent' | 'skipped' | 'rejected';
  readonly code?: ReasonCode;
}

const orders = ['order-completed-web', 'order-completed-ios', 'order-completed-android'] as const;
const phones = ['order-completed-ios', 'order-completed-android', 'application-opened'] as const;
const iPhones = ['order-completed-ios', 'screen-ios', 'application-opened'] as const;
const mails = ['unsubscribed', 'email-marked-as-spam'] as const;
const tracks = [...orders, ...mails, 'product-viewed', 'application-opened'] as const;
const most = [...tracks, 'page-home', 'screen-ios', 'identify'] as const;

/** A row whose odd value says the same as nothing. */
const asNothing = (
  id: string,
  title: string,
  path: string,
  value: unknown,
  bases: AwkwardEvent['bases'],
  noted?: string,
): AwkwardEvent => ({
  id,
  title,
  bases,
  changes: { [path]: value },
  asIf: { [path]: undefined },
  ...(noted === undefined ? {} : { noted }),
});

/** A row whose odd value says the same as a plain one. */
const asValue = (
  id: string,
  title: string,
  path: string,
  [odd, plain]: readonly [unknown, unknown],
  bases: AwkwardEvent['bases'] = most,
): AwkwardEvent => ({ id, title, bases, changes: { [path]: odd }, asIf: { [path]: plain } });

const lost = 2 ** 53;
const order = 'properties.order_id';
const email = 'context.traits.email';

const ids: readonly AwkwardEvent[] = [
  asNothing('F-50', 'an order id beyond 2^53', order, lost, orders, order),
  asNothing('F-50', 'a user id beyond 2^53', 'userId', lost, most, 'userId'),
  asNothing('F-50', 'a message id beyond 2^53', 'messageId', lost, most, 'messageId'),
  asNothing('F-51', 'an order id that is false', order, false, orders, order),
  asNothing('F-51', 'a first name that is false', 'context.traits.firstName', false, orders),
  asNothing('F-51', 'an SKU that is false', 'properties.products.0.sku', false, orders),
  asNothing('F-52', 'the order id "null"', order, 'null', orders),
  asNothing('F-52', 'the order id "[object Object]"', order, '[object Object]', orders),
  asNothing('F-52', 'an order id of zeros', order, '0000', orders),
  asNothing('F-52', 'the anonymous id "undefined"', 'anonymousId', 'undefined', most),
  asNothing('F-52', 'the user id "(null)"', 'userId', '(null)', most),
  asNothing('F-52', 'the message id "None"', 'messageId', 'None', most),
  asNothing('F-52', 'the adid "null"', 'context.adjust.adid', 'null', phones),
  asNothing('F-52', 'the device id "NaN"', 'context.device.id', 'NaN', phones),
  asNothing('F-51', 'the order id "false"', order, 'false', orders, order),
  ...['{00000000-0000-0000-0000-000000000000}', '\\N', '#N/A', '<no value>', 'not_set'].flatMap((word) => [
    asNothing('F-52', `the order id ${word}`, order, word, orders),
    asNothing('F-52', `the anonymous id ${word}`, 'anonymousId', word, most),
  ]),
  asNothing('F-52', 'an order id that nobody sees', order, '\u200B', orders),
  asNothing('F-52', 'an anonymous id that nobody sees', 'anonymousId', '\u2060\u200B', most),
  asNothing('F-53', 'the SHA-256 of the empty text as address', email, sha256(''), orders),
  {
    ...asNothing('F-53', 'the SHA-256 of "null" as address of a mail', 'properties.email', sha256('null'), mails),
    changes: { 'properties.email': sha256('null'), [email]: sha256('null') },
    asIf: { 'properties.email': undefined, [email]: undefined },
  },
];

const at = '2026-01-15T11:59:00.000Z';
const orderCompleted = 'Order Completed';
const listViewed = 'Product List Viewed';
const withDestination = (value: unknown) => ({ '<destination>': value });

const envelopes: readonly AwkwardEvent[] = [
  asValue('F-54', 'a number as user id', 'userId', [12345, '12345']),
  asValue('F-54', 'a number as anonymous id', 'anonymousId', [77701, '77701']),
  asValue('F-54', 'a number as message id', 'messageId', [987654, '987654']),
  asValue('F-54', 'a time in epoch milliseconds', 'timestamp', [Date.parse(at), at]),
  asValue('F-54', 'a time in epoch seconds', 'timestamp', [Date.parse(at) / 1000, at]),
  asValue('F-54', 'a time in epoch milliseconds as text', 'timestamp', [String(Date.parse(at)), at]),
  asValue('F-55', 'integrations as PHP writes none', 'integrations', [[], {}]),
  asValue('F-55', 'a context as PHP writes none', 'context', [[], {}]),
  asValue('F-55', 'properties as PHP writes none', 'properties', [[], {}], tracks),
  asValue('F-55', 'traits as PHP writes none', 'traits', [[], {}], ['identify']),
  asValue('F-58', 'blanks around the name of an event', 'event', [' Order Completed ', 'Order Completed'], orders),
  asValue('F-58', 'blanks around the name of a mail', 'event', ['Unsubscribed ', 'Unsubscribed'], ['unsubscribed']),
  asValue(
    'F-58',
    'an invisible end of the name of an event',
    'event',
    [`${orderCompleted}\u200B`, orderCompleted],
    orders,
  ),
  asValue(
    'F-58',
    'an invisible end of the name of a list',
    'event',
    [`${listViewed}\u200B`, listViewed],
    ['product-viewed'],
  ),
  asValue('F-58', 'an invisible end of an order id', order, ['order-2001\u200B', 'order-2001'], orders),
  asValue('F-58', 'an invisible end of a user id', 'userId', ['\uFEFFuser-1001\u2060', 'user-1001']),
  asValue('F-58', 'blanks around the name of a page', 'name', [' Home\n', 'Home'], ['page-home']),
  asValue('F-59', 'a zone of two digits', 'timestamp', ['2026-01-15T12:59:00+01', at]),
  asValue('F-59', 'a comma before the milliseconds', 'timestamp', ['2026-01-15T11:59:00,000Z', at]),
  asValue('F-59', 'a blank before the zone', 'timestamp', ['2026-01-15 11:59:00 +00:00', at]),
  asValue('F-59', 'a time as e-mail writes it', 'timestamp', ['Thu, 15 Jan 2026 11:59:00 GMT', at]),
  asValue('F-59', 'a leap second', 'timestamp', ['2025-12-31T23:59:60Z', '2026-01-01T00:00:00.000Z']),
  {
    id: 'F-62',
    title: 'a clock that is two days fast',
    bases: most,
    changes: { timestamp: '2026-01-17T11:59:00.000Z' },
    asIf: { kind: 'sent' },
    noted: 'timestamp',
  },
  ...[
    ['ALL', { ALL: false }],
    ['"false" for the destination', withDestination('false')],
    ['"n" for the destination', withDestination('n')],
    ['null for the destination', withDestination(null)],
    ['enabled: false for the destination', withDestination({ enabled: false })],
    ['the destination with a suffix', { '<destination> (Actions)': false }],
  ].map(([title, integrations]): AwkwardEvent => ({
    id: 'F-64',
    title: `${title as string} switches off`,
    bases: most,
    changes: { integrations },
    asIf: { kind: 'skipped', code: 'integration_disabled' },
  })),
  asValue('F-64', 'the destination with a suffix switches on', 'integrations', [
    { All: false, '<destination> (Actions)': true },
    { All: true },
  ]),
  asValue('F-65', 'a type in capitals', 'type', ['Track', 'track'], tracks),
  ...['record', 'audiencelist', 'merge'].map((type): AwkwardEvent => ({
    id: 'F-65',
    title: `the type ${type}`,
    bases: most,
    changes: { type },
    asIf: { kind: 'skipped', code: 'unsupported_event' },
  })),
];

/** Paths of the address in an event of that kind. */
const addresses = (address: string | undefined) => ({ 'properties.email': address, [email]: address });

const address = (title: string, odd: string, plain: string | AwkwardResult | undefined, noted?: string) => [
  {
    id: 'F-56',
    title: `${title} in an order`,
    bases: orders,
    changes: { [email]: odd },
    asIf: typeof plain === 'object' ? plain : { [email]: plain },
    ...(noted === undefined ? {} : { noted: email }),
  },
  {
    id: 'F-56',
    title: `${title} in a mail`,
    bases: mails,
    changes: addresses(odd),
    asIf: typeof plain === 'object' ? plain : addresses(plain),
  },
];

const persons: readonly AwkwardEvent[] = [
  ...address('an address with an invisible end', 'jane.doe@example.com\u200B', 'jane.doe@example.com'),
  ...address('an address with an invisible character inside', 'jane\u200B.doe@example.com', undefined, email),
  ...address('an address with two dots', 'jane..doe@example.com', undefined, email),
  ...address('an address under a punycode domain', 'ivan@example.xn--p1ai', { kind: 'sent' }),
  ...address('an address with & in it', 'smith&sons@example.com', { kind: 'sent' }),
  ...address('a mailbox beyond ASCII', 'josé@example.com', { kind: 'sent' }),
  asValue('F-57', '"NO" for ad tracking', 'context.device.adTrackingEnabled', ['NO', false], phones),
  asValue('F-57', '2 for ad tracking', 'context.device.adTrackingEnabled', [2, false], phones),
  asValue('F-57', '"YES" for ad tracking', 'context.device.adTrackingEnabled', ['YES', true], phones),
  asValue('F-57', '"y" for ad tracking', 'context.device.adTrackingEnabled', ['y\u200B', true], phones),
  asValue(
    'F-57',
    'the name of iOS for a denial',
    'context.device.attTrackingStatus',
    ['ATTrackingManagerAuthorizationStatusDenied', 2],
    iPhones,
  ),
  asNothing(
    'F-57',
    'the vendor id of an iPhone as its advertising id',
    'context.device.advertisingId',
    'C0FFEE00-1A2B-4C3D-8E4F-5A6B7C8D9E0F',
    iPhones,
  ),
  asValue('F-60', 'a national zero in parentheses', 'context.traits.phone', [
    '+44 (0)20 7946 0958',
    '+44 20 7946 0958',
  ]),
  asValue('F-60', '00 in place of +', 'context.traits.phone', ['0049 209 1234567', '+49 209 1234567']),
  asValue('F-63', 'a list of addresses of hosts', 'context.ip', ['10.0.0.1, 203.0.113.7, 198.51.100.2', '203.0.113.7']),
  asValue('F-63', 'an IPv4 address inside an IPv6 one', 'context.ip', ['::ffff:203.0.113.7', '203.0.113.7']),
  {
    id: 'F-63',
    title: 'the address that RudderStack saw',
    bases: most,
    changes: { 'context.ip': undefined, request_ip: '203.0.113.7' },
    asIf: { 'context.ip': '203.0.113.7' },
  },
];

const product = { product_id: 'prod-501', sku: 'TENT-2P-GRN', name: 'Two-person tent', price: 189.5, quantity: 2 };
const amounts = (amount: unknown) => ({
  'properties.revenue': amount,
  'properties.total': amount,
  'properties.value': amount,
});

const values: readonly AwkwardEvent[] = [
  asValue('F-61', 'a product that stands in no list', 'properties.products', [product, [product]], orders),
  asValue('F-61', 'products as JSON text', 'properties.products', [JSON.stringify([product]), [product]], orders),
  asValue('F-61', 'null beside a product', 'properties.products', [[product, null], [product]], orders),
  asValue('F-61', 'products under their numbers', 'properties.products', [{ 0: product }, [product]], orders),
  ...[
    ['an amount without a leading zero', '.99', 0.99],
    ['an amount with nothing behind its point', '12.', 12],
    ['an amount with zeros before it', '007.50', '7.50'],
    ['an amount with an invisible end', '\u200B12.50\u200B', '12.50'],
  ].map(([title, odd, plain]): AwkwardEvent => ({
    id: 'F-66',
    title: title as string,
    bases: orders,
    changes: amounts(odd),
    asIf: amounts(plain),
  })),
  asValue('F-66', '"n" for subscribed', 'traits.email_subscribed', ['n\u200B', false], ['identify']),
  asValue('F-66', '"TRUE" for unsubscribed', 'traits.unsubscribed', ['TRUE', true], ['identify']),
  asValue('F-66', '"no" for subscribed', 'traits.email_subscribed', ['no', false], ['identify']),
  { ...asValue('F-67', 'U+0000 in an order id', order, ['order\0-2001', 'order-2001'], orders), noted: order },
  { ...asValue('F-67', 'U+0000 in a user id', 'userId', ['user\0-1001', 'user-1001']), noted: 'userId' },
  {
    ...asValue('F-67', 'U+0000 in an address', email, ['jane.doe\0@example.com', 'jane.doe@example.com']),
    noted: email,
  },
  asValue('F-67', 'U+0000 in the name of an event', 'event', ['Order\0 Completed', 'Order Completed'], orders),
  asValue('F-67', 'U+0000 in a coupon', 'properties.coupon', ['SPRING\u00005', 'SPRING5'], orders),
];

/**
 * What sources write and no vendor may get as it stands: values, ids, times, addresses and switches in the spellings of
 * PHP, spreadsheets, phones and template languages.
 */
export const awkwardEvents: readonly AwkwardEvent[] = sortBy(
  [...ids, ...envelopes, ...persons, ...values],
  ({ id }) => id,
);
