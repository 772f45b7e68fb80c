import { propertiesOf, type CdpEvent, type JsonObject, type JsonValue } from '../event.ts';
import type { Found } from './first-of.ts';
import { isNoId, usableId } from '../person/identifier.ts';
import { isBlank, isObject, type Path } from '../fields/mapping.ts';
import { asAmount, asCount, asCurrency } from '../fields/casts.ts';
import type { AnyPayloadBuilder } from '../fields/payload-builder.ts';

// Names and shapes: see commerce.ts.

/** One product of an event: its properties, and the path where they stand, for notes and provenance. */
export interface ProductEntry {
  readonly item: JsonObject;
  readonly path: Path;
}

/** The names of a product's id among its own properties, best first. */
export const productIdNames = ['product_id', 'productId', 'id', 'sku'] as const;

/** Among the properties of an event, `id` could identify anything. */
const singleIdNames: readonly string[] = productIdNames.filter((name) => name !== 'id');

/**
 * The id of a product; of an event about one product, never its `id`. A value of `undefined` if the product has
 * something in its place that is no id.
 */
export function productIdOf({ item, path }: ProductEntry): Found<string | undefined> | undefined {
  const names = path === single ? singleIdNames : productIdNames;
  let unusable: string | undefined;
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index] as string;
    const raw = item[name];
    if (raw === undefined || raw === null) continue;
    const value = usableId(raw);
    if (value !== undefined) return { value, path: `${path}.${name}` };
    if (unusable === undefined && !isNoId(raw)) unusable = name;
  }
  return unusable === undefined ? undefined : { value: undefined, path: `${path}.${unusable}` };
}

export interface ProductsOptions {
  /**
   * Whether an event without the list, or with an empty one, is about the one product that its own properties describe,
   * if they have a product's id: so are the spec's Product Viewed, Product Added, Product Removed and Product Clicked.
   */
  readonly single?: boolean;
  /** Hears the path of each entry that is no product, and is left out: `productsIn` leaves a note on it. */
  readonly onLost?: (path: Path) => void;
}

/**
 * The products of an event, in its order: of the list `properties.products`. What sources write for a list is read,
 * too: one product alone, an object whose members are 0, 1, 2, as PHP makes of a list with gaps, and JSON text of any
 * of these, up to 64 KiB. An entry that is no object is left out.
 *
 * @example
 * interface Content {
 *   id?: string;
 *   price?: number;
 * }
 * const contentFields = fieldTable<Content>([
 *   { to: 'id', from: productIdNames, as: usableId, unusable: 'Acme does not take it as an id' },
 *   { to: 'price', from: 'price', as: asAmount },
 * ]);
 * const contents = productsOf(event, { single: true }).map(({ item, path }, index) => {
 *   const content: Content = {};
 *   contentFields.of(item, builderAt(out, content, `contents[${index}]`), path);
 *   return content;
 * });
 */
export function productsOf(event: CdpEvent, options: ProductsOptions = noOptions): readonly ProductEntry[] {
  const properties = propertiesOf(event);
  const entries = entriesIn(properties);
  if (entries === undefined || entries.length === 0) {
    if (entries === undefined && !isBlank(properties['products'])) options.onLost?.(list);
    const product = options.single === true ? singleProductOf(event) : undefined;
    return product === undefined ? none : [product];
  }
  const products: ProductEntry[] = [];
  const pathOf = pathsOf(properties['products']);
  for (let index = 0; index < entries.length; index += 1) {
    const item = entries[index];
    const path = pathOf(index);
    if (isObject(item)) products.push({ item, path });
    else options.onLost?.(path);
  }
  return products;
}

/**
 * The same, with a note on each entry that is left out, for the payload's field `field`; `onLost` hears of it as well.
 *
 * @example
 * const items = productsIn(event, out, 'items', { single: true }).map(({ item }) => asText(item['name'] ?? null));
 */
export const productsIn = (
  event: CdpEvent,
  out: AnyPayloadBuilder,
  field: string,
  { single: isSingle = false, onLost }: ProductsOptions = noOptions,
): readonly ProductEntry[] =>
  productsOf(event, {
    single: isSingle,
    onLost: (path) => {
      out.drop(path, 'Left out: it is no product', field);
      onLost?.(path);
    },
  });

/**
 * The only product of an event: that of a list of one, entries that are no product not counted, or without a list, or
 * with an empty one, the one that its own properties describe. `undefined` if there are several, or none.
 *
 * @example
 * const product = onlyProductOf(event);
 * if (product !== undefined) out.take('product_id', productIdOf(product));
 */
export function onlyProductOf(event: CdpEvent): ProductEntry | undefined {
  const properties = propertiesOf(event);
  const entries = entriesIn(properties);
  if (entries === undefined || entries.length === 0) return singleProductOf(event);
  let only: ProductEntry | undefined;
  for (let index = 0; index < entries.length; index += 1) {
    const item = entries[index];
    if (!isObject(item)) continue;
    if (only !== undefined) return undefined;
    only = { item, path: pathsOf(properties['products'])(index) };
  }
  return only;
}

/** The product that an event's own properties describe; `undefined` if they have no product's id. */
function singleProductOf(event: CdpEvent): ProductEntry | undefined {
  const product = { item: propertiesOf(event), path: single };
  return productIdOf(product)?.value === undefined ? undefined : product;
}

const single = 'properties';
const list = 'properties.products';
const none: readonly ProductEntry[] = Object.freeze([]);
const noOptions: ProductsOptions = Object.freeze({});

/** Made once for the products that most orders have. */
const pathAt = (index: number): Path => knownPaths[index] ?? `${list}[${index}]`;
const knownPaths = Array.from({ length: 100 }, (_, index) => `${list}[${index}]`);

/** Where each entry stands. One product alone, and those in JSON text, have no path of their own. */
function pathsOf(products: JsonValue | undefined): (index: number) => Path {
  if (Array.isArray(products)) return pathAt;
  if (!isNumbered(products)) return () => list;
  const names = Object.keys(products);
  return (index) => pathAt(Number(names[index]));
}

/** The entries of `products`; `undefined` if there is nothing there that has any. */
function entriesIn(properties: JsonObject): readonly JsonValue[] | undefined {
  const { products } = properties;
  if (Array.isArray(products)) return products as readonly JsonValue[];
  return typeof products === 'string' ? entriesOfText(properties, products) : entriesOf(products);
}

function entriesOf(products: JsonValue | undefined): readonly JsonValue[] | undefined {
  if (Array.isArray(products)) return products as readonly JsonValue[];
  if (!isObject(products)) return undefined;
  if (isNumbered(products)) return Object.values(products) as readonly JsonValue[];
  return productIdOf({ item: products, path: list })?.value === undefined && isBlank(products['name'])
    ? undefined
    : [products];
}

/** PHP writes an empty list as {} and one with gaps as an object of its numbers. */
const isNumbered = (products: JsonValue | undefined): products is JsonObject =>
  isObject(products) && Object.keys(products).every((name) => /^\d{1,6}$/.test(name));

const longestText = 65_536;

/** What JSON text holds, by the properties that hold it, because several readers ask for the same products. */
const textEntries = new WeakMap<
  JsonObject,
  { readonly text: string; readonly entries: ReturnType<typeof entriesOf> }
>();

function entriesOfText(properties: JsonObject, text: string): readonly JsonValue[] | undefined {
  // A host may fill the same object anew for its next event.
  const earlier = textEntries.get(properties);
  if (earlier?.text === text) return earlier.entries;
  if (text.length > longestText || !/^\s*[[{]/.test(text)) return undefined;
  const entries = entriesOf(parsed(text));
  textEntries.set(properties, { text, entries });
  return entries;
}

function parsed(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

/**
 * How many pieces: the sum over the products, of which each without a quantity is one piece. Where some state none, or
 * an entry is no product, the event's own quantity counts if it is not less than that sum; so it does without products,
 * or if one of them cannot be counted. `undefined` if the event says nothing of it; a value of `undefined` if a
 * quantity is not a whole number of zero or more.
 *
 * @example
 * interface Cart {
 *   items?: number;
 * }
 * const cart = fieldTable<Cart>([{ to: 'items', read: quantityOf, unusable: 'The pieces cannot be counted' }]);
 */
export function quantityOf(event: CdpEvent): Found<number | undefined> | undefined {
  const properties = propertiesOf(event);
  const entries = entriesIn(properties);
  if (entries === undefined || entries.length === 0) return ownQuantityOf(properties);
  let pieces = 0;
  let products = 0;
  let isStated = true;
  for (let index = 0; index < entries.length; index += 1) {
    const entry = entries[index];
    const quantity = isObject(entry) ? entry['quantity'] : undefined;
    if (isBlank(quantity)) isStated = false;
    if (!isObject(entry)) continue;
    const count = isBlank(quantity) ? 1 : asCount(quantity);
    if (count === undefined) {
      products = 0;
      break;
    }
    pieces += count;
    products += 1;
  }
  if (products === 0 || !Number.isSafeInteger(pieces))
    return ownQuantityOf(properties) ?? { value: undefined, path: quantityPath };
  const own = isStated ? undefined : ownQuantityOf(properties);
  return own?.value !== undefined && own.value >= pieces ? own : { value: pieces, path: quantityPath };
}

const quantityPath = `${list}[].quantity`;

const ownQuantityOf = ({ quantity }: JsonObject): Found<number | undefined> | undefined =>
  isBlank(quantity) ? undefined : { value: asCount(quantity), path: 'properties.quantity' };

/** The one currency that all products with a price state; `undefined` if one of them states none, or another. */
export function productsCurrencyOf(event: CdpEvent): string | undefined {
  let common: string | undefined;
  for (const entry of entriesIn(propertiesOf(event)) ?? noEntries) {
    if (!isObject(entry) || isBlank(entry['price'])) continue;
    const currency = asCurrency(entry['currency'] ?? null);
    if (currency === undefined || (common !== undefined && currency !== common)) return undefined;
    common = currency;
  }
  return common;
}

const noEntries: readonly JsonValue[] = Object.freeze([]);

/**
 * What the only product of an event costs, price times quantity (its own, else the event's, else one), for events that
 * name no amount; `undefined` if there are several products, or an entry that is none, or a part is no number of zero
 * or more. Rounded to a millionth, because binary fractions are not exact.
 *
 * @example
 * const valueOf = firstOf(amountPaths, asAmount);
 * out.take('value', valueOf(event) ?? onlyProductAmountOf(event));
 */
export function onlyProductAmountOf(event: CdpEvent): Found<number> | undefined {
  const properties = propertiesOf(event);
  const product = onlyProductOf(event);
  if (product === undefined || (entriesIn(properties)?.length ?? 0) > 1) return undefined;
  const price = asAmount(product.item['price'] ?? null);
  const [source = 1] = [product.item['quantity'], properties['quantity']].filter((one) => !isBlank(one));
  const quantity = asAmount(source);
  if (price === undefined || quantity === undefined || price < 0 || quantity < 0) return undefined;
  const value = Math.round(price * quantity * 1e6) / 1e6;
  return Number.isFinite(value) ? { value, path: `${product.path}.price` } : undefined;
}
