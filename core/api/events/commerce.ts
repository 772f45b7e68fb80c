import { propertiesOf, type CdpEvent, type JsonObject, type JsonValue } from '../event.ts';
import { firstIdOf, type Found } from './first-of.ts';
import { isNoId, usableId } from '../person/identifier.ts';
import { isBlank, isMissing, isObject } from '../fields/mapping.ts';
import { asAmount, asCount, asCurrency, asText } from '../fields/casts.ts';

// Names and shapes: Segment's e-commerce spec v2 (https://segment.com/docs/connections/spec/ecommerce/v2/), which
// RudderStack's follows (https://www.rudderstack.com/docs/event-spec/ecommerce-events-spec/). Version 1 of Segment's
// spec wrote `orderId`, and many sources write `productId` still.

/** Where an event names its order, best first. */
export const orderIdPaths = ['properties.order_id', 'properties.orderId'] as const;

/**
 * The id of the order. A value of `undefined` if the event has something in its place that is no id.
 *
 * @example
 * out.take('order_id', orderIdOf(event));
 */
export const orderIdOf: (event: CdpEvent) => Found<string | undefined> | undefined = firstIdOf(orderIdPaths);

/**
 * What an event was worth, the whole amount first. In the spec `total` has tax and shipping in it, `revenue` has
 * neither, and `value` is what other events than orders have. An amount is in full units of the event's currency.
 */
export const amountPaths = ['properties.total', 'properties.revenue', 'properties.value'] as const;

/** The same, for vendors that want the merchant's revenue: without tax and shipping where the event says so. */
export const revenuePaths = ['properties.revenue', 'properties.total', 'properties.value'] as const;

/**
 * The currency of an event's amounts, as ISO 4217 in capitals. `undefined` if nobody names one; a value of `undefined`
 * if the event names something that is no currency. The fallback, a setting, counts only where the event says nothing.
 *
 * @example
 * interface Sale {
 *   currency?: string;
 * }
 * const sale = fieldTable<Sale>([{ to: 'currency', read: currencyOf, unusable: 'It is not a three-letter code' }]);
 */
export function currencyOf(event: CdpEvent, fallback?: string): Found<string | undefined> | undefined {
  const stated = propertiesOf(event)['currency'];
  if (!isBlank(stated)) return { value: asCurrency(stated), path: 'properties.currency' };
  return fallback === undefined ? undefined : { value: fallback, path: 'config.defaultCurrency' };
}

/** One product of an event: its properties, and the path where they stand, for notes and provenance. */
export interface ProductEntry {
  readonly item: JsonObject;
  readonly path: string;
}

/** The names of a product's id among its own properties, best first. */
export const productIdNames = ['product_id', 'productId', 'id', 'sku'] as const;

/** Among the properties of an event, `id` could identify anything. */
const singleIdNames = productIdNames.filter((name) => name !== 'id');

/**
 * The id of a product; of an event about one product, never its `id`. A value of `undefined` if the product has
 * something in its place that is no id.
 */
export function productIdOf({ item, path }: ProductEntry): Found<string | undefined> | undefined {
  let unusable: string | undefined;
  for (const name of path === single ? singleIdNames : productIdNames) {
    const raw = item[name];
    if (isMissing(raw)) continue;
    const value = usableId(raw);
    if (value !== undefined) return { value, path: `${path}.${name}` };
    if (unusable === undefined && !isNoId(raw)) unusable = name;
  }
  return unusable === undefined ? undefined : { value: undefined, path: `${path}.${unusable}` };
}

/**
 * The products of an event, in its order: of the list `properties.products`. An entry of the list that is no object is
 * a product without properties, so that what needs its id finds none and can say so.
 *
 * With `single`, an event without the list is about the one product that its own properties describe, if they have a
 * product's id: so are the spec's Product Viewed, Product Added, Product Removed and Product Clicked.
 *
 * @example
 * interface Content {
 *   id?: string;
 *   price?: number;
 * }
 * const contentFields = fieldTable<Content>([
 *   { to: 'id', from: productIdNames, as: asText, unusable: 'Acme does not take it as an id' },
 *   { to: 'price', from: 'price', as: asAmount },
 * ]);
 * const contents = productsOf(event, { single: true }).map(({ item, path }, index) => {
 *   const content: Content = {};
 *   contentFields.of(item, builderAt(out, content, `contents[${index}]`), path);
 *   return content;
 * });
 */
export function productsOf(event: CdpEvent, options: { readonly single?: boolean } = {}): readonly ProductEntry[] {
  const listed = propertiesOf(event)['products'];
  if (Array.isArray(listed)) {
    return (listed as readonly JsonValue[]).map((item, index) => ({
      item: isObject(item) ? item : noItem,
      path: pathOf(index),
    }));
  }
  const product = options.single === true ? singleProductOf(event) : undefined;
  return product === undefined ? none : [product];
}

/** Made once for the products that most orders have. */
const pathOf = (index: number): string => knownPaths[index] ?? `properties.products[${index}]`;
const knownPaths = Array.from({ length: 100 }, (_, index) => `properties.products[${index}]`);

/**
 * The only product of an event: that of a list of one, or without a list, or with an empty one, the one that its own
 * properties describe. `undefined` if there are several, or none.
 *
 * @example
 * const product = onlyProductOf(event);
 * if (product !== undefined) out.take('product_id', productIdOf(product));
 */
export function onlyProductOf(event: CdpEvent): ProductEntry | undefined {
  const listed = propertiesOf(event)['products'];
  const count = Array.isArray(listed) ? listed.length : 0;
  if (count === 0) return singleProductOf(event);
  return count === 1 ? productsOf(event)[0] : undefined;
}

/** The product that an event's own properties describe; `undefined` if they have no product's id. */
function singleProductOf(event: CdpEvent): ProductEntry | undefined {
  const product = { item: propertiesOf(event), path: single };
  return productIdOf(product)?.value === undefined ? undefined : product;
}

const single = 'properties';
const noItem: JsonObject = Object.freeze({});
const none: readonly ProductEntry[] = Object.freeze([]);

/**
 * How many pieces: the sum over the products, of which each without a quantity is one piece; without products, or if
 * one of them cannot be counted, the quantity of the event. `undefined` if the event says nothing of it; a value of
 * `undefined` if a quantity is not a whole number of zero or more.
 *
 * @example
 * interface Cart {
 *   items?: number;
 * }
 * const cart = fieldTable<Cart>([{ to: 'items', read: quantityOf, unusable: 'The pieces cannot be counted' }]);
 */
export function quantityOf(event: CdpEvent): Found<number | undefined> | undefined {
  const { products, quantity } = propertiesOf(event);
  const listed = Array.isArray(products) && products.length > 0 ? (products as readonly JsonValue[]) : undefined;
  const sum = listed === undefined ? undefined : sumOf(listed);
  if (sum !== undefined) return { value: sum, path: 'properties.products[].quantity' };
  if (!isMissing(quantity)) return { value: asCount(quantity), path: 'properties.quantity' };
  return listed === undefined ? undefined : { value: undefined, path: 'properties.products[].quantity' };
}

function sumOf(products: readonly JsonValue[]): number | undefined {
  let sum = 0;
  for (const product of products) {
    const count = isObject(product) ? asCount(product['quantity'] ?? 1) : undefined;
    if (count === undefined) return undefined;
    sum += count;
  }
  return Number.isSafeInteger(sum) ? sum : undefined;
}

/**
 * The same as one text, for vendors that take no list.
 *
 * @example
 * interface Search {
 *   query?: string;
 * }
 * const search = fieldTable<Search>([{ to: 'query', read: searchTextOf }]);
 */
export function searchTextOf(event: CdpEvent): Found<string> | undefined {
  const keywords = keywordsOf(event);
  return keywords && { value: keywords.value.join(' '), path: keywords.path };
}

/**
 * What a person searched for: the spec's `query`, else `keywords`; one entry for a text, several for a list of terms.
 */
export function keywordsOf(event: CdpEvent): Found<readonly string[]> | undefined {
  const properties = propertiesOf(event);
  for (const name of ['query', 'keywords']) {
    const terms = properties[name] ?? null;
    const value = (Array.isArray(terms) ? (terms as readonly JsonValue[]) : [terms])
      .map((term) => asText(term))
      .filter((term) => term !== undefined);
    if (value.length > 0) return { value, path: `properties.${name}` };
  }
  return undefined;
}

/**
 * What the only product of an event costs, price times quantity (one, if it has none), for events that name no amount;
 * `undefined` if there are several products, or a part is no number of zero or more. Rounded to a millionth, because
 * binary fractions are not exact.
 *
 * @example
 * const valueOf = firstOf(amountPaths, asAmount);
 * out.take('value', valueOf(event) ?? onlyProductAmountOf(event));
 */
export function onlyProductAmountOf(event: CdpEvent): Found<number> | undefined {
  const product = onlyProductOf(event);
  if (product === undefined) return undefined;
  const price = asAmount(product.item['price'] ?? null);
  const quantity = asAmount(product.item['quantity'] ?? 1);
  if (price === undefined || quantity === undefined || price < 0 || quantity < 0) return undefined;
  const value = Math.round(price * quantity * 1e6) / 1e6;
  return Number.isFinite(value) ? { value, path: `${product.path}.price` } : undefined;
}
