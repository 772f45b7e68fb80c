import type { Note } from '../../core/api/index.ts';

/** What an event lost or lacks. Fields are event paths, which the customer can correct. */
const note = (code: Note['code'], field: string, message: string): Note => Object.freeze({ code, field, message });

export const noUserAgent = note(
  'recommended_missing',
  'context.userAgent',
  "AdRoll wants the browser's user agent with events that begin on the web",
);
export const noTime = note('dropped', 'timestamp', 'The event has no usable time: AdRoll will take its own');
export const noValue = note('recommended_missing', 'properties.total', 'A purchase should say what it was worth');
export const noOrderId = note('recommended_missing', 'properties.order_id', 'A purchase should carry its order id');
export const noCurrency = note('recommended_missing', 'properties.currency', 'The amounts have no currency');
export const badCurrency = note('dropped', 'properties.currency', 'The currency is not a three-letter ISO 4217 code');
export const badValue = note('dropped', 'properties.total', 'The value of the purchase is not a plain number');
export const badEmail = note('dropped', 'context.traits.email', 'The e-mail is neither an address nor a digest of one');
export const badExternalData = note('dropped', 'properties.external_data', 'External data must be JSON');
export const badProduct = note('dropped', 'properties.products', 'A product without an id is left out');
export const badPrice = note('dropped', 'properties.products.price', 'A price is not a plain number');
export const badQuantity = note(
  'dropped',
  'properties.products.quantity',
  'A quantity is not a whole number of 0 or more',
);
export const otherCurrency = note(
  'dropped',
  'properties.products.price',
  "A price is in another currency than the event's",
);
export const shortCookie = note(
  'recommended_missing',
  'context.adroll.firstPartyCookie',
  "The first-party cookie is shorter than the 32 characters of AdRoll's own",
);

/** Notes that become a rejection when the connection is strict. */
const grave: ReadonlySet<Note> = new Set([badCurrency, otherCurrency, shortCookie]);

export const firstGrave = (notes: readonly Note[]): Note | undefined => notes.find((one) => grave.has(one));

/** Adds a note only once, however many products it is about. */
export function add(notes: Note[], one: Note): void {
  if (!notes.includes(one)) notes.push(one);
}
