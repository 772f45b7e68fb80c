import {
  asCount,
  asCurrency,
  asDecimal,
  asText,
  isObject,
  propertiesOf,
  textReader,
  type CdpEvent,
  type JsonObject,
  type JsonValue,
  type Note,
  type Trace,
} from '../../core/api/index.ts';
import type { Attributes, EventName, Product } from './mapping.ts';
import { add, badPrice, badProduct, badQuantity, noOrderId, otherCurrency } from './notes.ts';

/**
 * The only four with products (ADROLL-51); the others have no attributes at all (ADROLL-53, ADROLL-58 to ADROLL-65).
 */
const withProducts: ReadonlySet<EventName> = new Set(['pageView', 'productSearch', 'addToCart', 'purchase']);

/** The currency that a product must have, and the notes for what is dropped. */
interface Till {
  readonly currency: string | undefined;
  readonly notes: Note[];
}

/** `undefined` if there are none: an empty object is never sent (ADROLL-34). */
export function attributesOf(
  event: CdpEvent,
  name: EventName,
  till: Till,
  trace: Trace | undefined,
): Attributes | undefined {
  if (!withProducts.has(name)) return undefined;
  const attributes: Attributes = {};
  if (name === 'purchase') {
    const orderId = orderIdOf(event, trace, 'event_attributes.order_id');
    if (orderId === undefined) add(till.notes, noOrderId);
    else attributes.order_id = orderId;
  }
  if (name === 'productSearch') {
    const keywords = keywordsOf(event, trace);
    if (keywords !== undefined) attributes.keywords = keywords;
  }
  const products = productsOf(event, name, till, trace);
  if (products.length > 0) attributes.products = products;
  return (attributes.order_id ?? attributes.keywords ?? attributes.products) ? attributes : undefined;
}

const orderIdOf = textReader('properties.order_id', 'properties.orderId');

/** One string, also of a list of terms (ADROLL-54). */
function keywordsOf(event: CdpEvent, trace: Trace | undefined): string | undefined {
  const properties = propertiesOf(event);
  for (const name of ['query', 'keywords']) {
    const terms = properties[name];
    const words = (Array.isArray(terms) ? (terms as readonly JsonValue[]) : [terms])
      .map((term) => asText(term ?? null))
      .filter((word) => word !== undefined);
    if (words.length === 0) continue;
    trace?.from('event_attributes.keywords', `properties.${name}`);
    return words.join(' ');
  }
  return undefined;
}

function productsOf(event: CdpEvent, name: EventName, till: Till, trace: Trace | undefined): Product[] {
  const properties = propertiesOf(event);
  const listed = properties['products'];
  if (Array.isArray(listed)) {
    const products: Product[] = [];
    for (const item of listed as readonly JsonValue[]) {
      const product = isObject(item) ? productOf(item, idOf(item), till) : undefined;
      if (product === undefined) add(till.notes, badProduct);
      else products.push(product);
    }
    if (products.length > 0) trace?.from('event_attributes.products', 'properties.products');
    return products;
  }
  if (listed !== undefined && listed !== null) add(till.notes, badProduct);
  const single = isAboutOneProduct(event, name) ? productOf(properties, singleIdOf(properties), till) : undefined;
  if (single === undefined) return [];
  trace?.from('event_attributes.products', 'properties');
  return [single];
}

/** "Product Viewed" and "Product Added" are about the product their properties describe (ADROLL-55). */
const isAboutOneProduct = (event: CdpEvent, name: EventName): boolean =>
  event.type === 'track' && (name === 'addToCart' || name === 'pageView');

/** ADROLL-46. */
const idOf = (product: JsonObject): string | undefined =>
  textIn(product, 'product_id') ?? textIn(product, 'productId') ?? textIn(product, 'id') ?? textIn(product, 'sku');

/** Among an event's own properties, `id` could identify anything. */
const singleIdOf = (properties: JsonObject): string | undefined =>
  textIn(properties, 'product_id') ?? textIn(properties, 'productId') ?? textIn(properties, 'sku');

function productOf(from: JsonObject, id: string | undefined, till: Till): Product | undefined {
  if (id === undefined) return undefined;
  const product: Product = { product_id: id };
  const group = textIn(from, 'product_group') ?? textIn(from, 'productGroup') ?? textIn(from, 'department');
  if (group !== undefined) product.product_group = group;
  const price = priceOf(from, till);
  if (price !== undefined) product.price = price;
  const quantity = usable(from['quantity'], asCount, badQuantity, till);
  if (quantity !== undefined) product.quantity = quantity;
  const category = textIn(from, 'category');
  if (category !== undefined) product.category = category;
  return product;
}

/** The price of one piece, only in the currency of the event (ADROLL-48, ADROLL-49). */
function priceOf(from: JsonObject, till: Till): string | undefined {
  const price = usable(from['price'], asDecimal, badPrice, till);
  const currency = from['currency'];
  if (price === undefined || isAbsent(currency) || asCurrency(currency) === till.currency) return price;
  add(till.notes, otherCurrency);
  return undefined;
}

function usable<T>(
  value: JsonValue | undefined,
  cast: (value: JsonValue) => T | undefined,
  loss: Note,
  till: Till,
): T | undefined {
  if (isAbsent(value)) return undefined;
  const result = cast(value);
  if (result === undefined) add(till.notes, loss);
  return result;
}

export const isAbsent = (value: JsonValue | undefined): value is undefined | null | '' =>
  value === undefined || value === null || value === '';

function textIn(object: JsonObject, name: string): string | undefined {
  const value = object[name];
  return value === undefined || value === null ? undefined : asText(value);
}
