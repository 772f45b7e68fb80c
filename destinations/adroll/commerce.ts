import {
  amountPaths,
  asCount,
  asCurrency,
  asDecimal,
  asText,
  builderAt,
  currencyOf,
  fieldTable,
  firstOf,
  isBlank,
  isMissing,
  orderIdOf,
  productIdOf,
  productsOf,
  propertiesOf,
  type Cast,
  type CdpEvent,
  type JsonValue,
  type Note,
  type PayloadBuilder,
} from '../../core/api/index.ts';
import type { Config } from './config.ts';
import type { AdRollEvent, Attributes, EventName, Product } from './mapping.ts';

/**
 * The only four with products (ADROLL-51); the others have no attributes at all (ADROLL-53, ADROLL-58 to ADROLL-65).
 */
const withProducts: ReadonlySet<EventName> = new Set(['pageView', 'productSearch', 'addToCart', 'purchase']);

/** Events that may name a currency without an amount (ADROLL-55, ADROLL-56). */
const listsCurrency: ReadonlySet<EventName> = new Set(['addToCart', 'purchase']);

/** What was paid, in which currency, and the products, whose prices must be in the same one (ADROLL-49). */
export function addCommerce(
  out: PayloadBuilder<AdRollEvent>,
  event: CdpEvent,
  name: EventName,
  { defaultCurrency }: Config,
): void {
  const currency = currencyOf(event, defaultCurrency);
  if (withProducts.has(name)) addAttributes(out.part('event_attributes'), event, name, currency?.value);
  if (name === 'purchase') value(event, out);

  const { conversion_value, event_attributes } = out.value;
  const amounts =
    conversion_value !== undefined || event_attributes?.products?.some(({ price }) => price !== undefined);
  if (amounts !== true && !listsCurrency.has(name)) return;
  if (currency?.value !== undefined) out.set('currency', currency.value, currency.path);
  else if (currency !== undefined) out.addNote(badCurrency);
  else if (amounts === true) out.recommend('properties.currency', 'The amounts have no currency', 'currency');
}

/** What a purchase was worth, best first (ADROLL-56). */
const value = fieldTable<AdRollEvent>([
  {
    to: 'conversion_value',
    from: amountPaths,
    as: asDecimal,
    unusable: 'The value of the purchase is not a plain number',
    recommended: 'A purchase should say what it was worth',
  },
]);

/** An empty object is never sent (ADROLL-34). */
function addAttributes(
  out: PayloadBuilder<Attributes>,
  event: CdpEvent,
  name: EventName,
  currency: string | undefined,
): void {
  if (name === 'purchase' && !out.take('order_id', orderIdOf(event)))
    out.recommend('properties.order_id', 'A purchase should carry its order id', 'order_id');
  if (name === 'productSearch') out.take('keywords', keywordsOf(event));
  addProducts(out, event, name, currency);
}

/** One string, also of a list of terms (ADROLL-54). */
const asKeywords: Cast<string> = (terms) => {
  const words = (Array.isArray(terms) ? (terms as readonly JsonValue[]) : [terms]).map((term) => asText(term));
  return words.filter((word) => word !== undefined).join(' ') || undefined;
};
const keywordsOf = firstOf(['properties.query', 'properties.keywords'], asKeywords);

function addProducts(
  out: PayloadBuilder<Attributes>,
  event: CdpEvent,
  name: EventName,
  currency: string | undefined,
): void {
  const { products: listed } = propertiesOf(event);
  if (!isMissing(listed) && !Array.isArray(listed)) out.addNote(noProductId);
  const entries = productsOf(event, { single: isAboutOneProduct(event, name) });
  const products: Product[] = [];
  for (const entry of entries) {
    const id = productIdOf(entry);
    if (id === undefined) {
      out.addNote(noProductId);
      continue;
    }
    const { item } = entry;
    const product = builderAt<Product>(out, { product_id: id.value }, `products[${products.length}]`);
    const otherCurrency = !isBlank(item['currency']) && asCurrency(item['currency'] ?? null) !== currency;
    productFields.of(item, product, 'properties.products');
    if (otherCurrency && product.value.price !== undefined) {
      delete product.value.price;
      out.addNote(foreignPrice);
    }
    products.push(product.value);
  }
  if (products.length > 0)
    out.set('products', products, entries[0]?.path === 'properties' ? 'properties' : 'properties.products');
}

/** "Product Viewed" and "Product Added" are about the product their properties describe (ADROLL-55). */
const isAboutOneProduct = (event: CdpEvent, name: EventName): boolean =>
  event.type === 'track' && (name === 'addToCart' || name === 'pageView');

/** ADROLL-46 to ADROLL-50. */
const productFields = fieldTable<Product>([
  { to: 'product_group', from: ['product_group', 'productGroup', 'department'], as: asText },
  { to: 'price', from: 'price', as: asDecimal, unusable: 'A price is not a plain number' },
  { to: 'quantity', from: 'quantity', as: asCount, unusable: 'A quantity is not a whole number of 0 or more' },
  { to: 'category', from: 'category', as: asText },
]);

const noProductId: Note = Object.freeze({
  code: 'dropped',
  field: 'properties.products',
  payloadField: 'event_attributes.products',
  message: 'A product without an id is left out',
});
export const badCurrency: Note = Object.freeze({
  code: 'dropped',
  field: 'properties.currency',
  payloadField: 'currency',
  message: 'The currency is not a three-letter ISO 4217 code',
});
export const foreignPrice: Note = Object.freeze({
  code: 'dropped',
  field: 'properties.products.price',
  message: "A price is in another currency than the event's",
});
