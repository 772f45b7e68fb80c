import {
  asCount,
  asText,
  isObject,
  type JsonObject,
  type JsonValue,
  type Note,
  type Trace,
} from '../../core/api/index.ts';
import { attributesPlace, type KnownEventAttributes } from './mapping.ts';

/** Adds what was bought: the quantity, and for a single product its details (ROKT-28 to ROKT-30). */
export function addItems(
  attributes: KnownEventAttributes,
  properties: JsonObject,
  notes: Note[],
  trace: Trace | undefined,
): void {
  const products: readonly JsonValue[] = Array.isArray(properties['products']) ? properties['products'] : noProducts;
  const quantity = addQuantity(attributes, properties, products, trace);
  if (quantity === 'unusable') notes.push(unusableQuantity);

  const lone = products.length === 0 ? describedBy(properties) : products.length === 1 ? products[0] : undefined;
  const place = products.length === 0 ? 'properties' : 'properties.products[0]';
  if (isObject(lone)) {
    addText(attributes, 'productname', lone, 'name', place, trace);
    if (quantity === 1 || quantity === 'unsaid') addText(attributes, 'sku', lone, 'sku', place, trace);
  }
  if (attributes.productname === undefined) {
    addText(attributes, 'productname', properties, 'product_name', 'properties', trace);
  }
}

const noProducts: readonly JsonValue[] = [];

/** An event about one product describes it in its own properties; without a product's id, `name` may be a person's. */
const describedBy = (properties: JsonObject): JsonObject | undefined =>
  productIds.some((name) => asText(properties[name] ?? '') !== undefined) ? properties : undefined;

const productIds = ['product_id', 'productId', 'sku'] as const;

const unusableQuantity: Note = {
  code: 'dropped',
  field: `${attributesPlace}.quantity`,
  message: 'A quantity is not a whole number of zero or more, so none is sent',
};

/** The sum over the products, else the quantity of the event. 'unsaid': one product without a quantity. */
function addQuantity(
  attributes: KnownEventAttributes,
  properties: JsonObject,
  products: readonly JsonValue[],
  trace: Trace | undefined,
): number | 'unsaid' | 'unusable' {
  const stated = properties['quantity'] ?? undefined;
  const summed = products.length === 0 ? undefined : sumOf(products);
  const quantity = summed ?? (stated === undefined ? undefined : asCount(stated));
  if (quantity === undefined) return products.length === 0 && stated === undefined ? 'unsaid' : 'unusable';
  attributes.quantity = quantity === 0 ? 0 : quantity;
  trace?.from(
    `${attributesPlace}.quantity`,
    summed === undefined ? 'properties.quantity' : 'properties.products[].quantity',
  );
  return quantity;
}

/** A product without a quantity is one item; `undefined` if one of them cannot be counted. */
function sumOf(products: readonly JsonValue[]): number | undefined {
  let sum = 0;
  for (const product of products) {
    if (!isObject(product)) return undefined;
    const count = asCount(product['quantity'] ?? 1);
    if (count === undefined) return undefined;
    sum += count;
  }
  return Number.isSafeInteger(sum) ? sum : undefined;
}

function addText(
  attributes: KnownEventAttributes,
  field: 'productname' | 'sku',
  object: JsonObject,
  name: string,
  place: string,
  trace: Trace | undefined,
): void {
  const value = object[name];
  const text = value === undefined || value === null ? undefined : asText(value);
  if (text === undefined) return;
  attributes[field] = text;
  trace?.from(`${attributesPlace}.${field}`, `${place}.${name}`);
}
