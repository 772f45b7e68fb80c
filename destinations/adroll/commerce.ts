import {
  amountPaths,
  asCount,
  asCurrency,
  asDecimal,
  asText,
  builderAt,
  currencyOf,
  fieldTable,
  isBlank,
  maskEmails,
  orderIdOf,
  productIdOf,
  productsIn,
  searchTextOf,
  trimInvisible,
  type CdpEvent,
  type PayloadBuilder,
} from '../../core/api/index.ts';
import { emailMasks, type Config } from './config.ts';
import { listViewed, type AdRollEvent, type Attributes, type EventName, type Product } from './mapping.ts';

/**
 * The only four with products (ADROLL-51); the others have no attributes at all (ADROLL-53, ADROLL-58 to ADROLL-65).
 */
const withProducts: ReadonlySet<EventName> = new Set(['pageView', 'productSearch', 'addToCart', 'purchase']);

/** Events that may name a currency without an amount (ADROLL-55, ADROLL-56). */
const listsCurrency: ReadonlySet<EventName> = new Set(['addToCart', 'purchase']);

/** What was paid, in which currency, and the products, whose prices must be in the same one (ADROLL-49). */
export function addCommerce(out: PayloadBuilder<AdRollEvent>, event: CdpEvent, name: EventName, config: Config): void {
  const currency = currencyOf(event, config.defaultCurrency);
  const mask = emailMasks[config.sendEmail];
  if (withProducts.has(name)) {
    const attributes = out.part('event_attributes');
    if (name === 'purchase') orderId(event, attributes);
    // One string, also of a list of terms (ADROLL-54).
    if (name === 'productSearch')
      attributes.take('keywords', maskEmails(attributes, 'keywords', searchTextOf(event), mask));
    addProducts(attributes, event, name, currency?.value, config);
  }
  (name === 'purchase' ? valueOfPurchase : value)(event, out);

  const { conversion_value, event_attributes } = out.value;
  const hasAmount =
    conversion_value !== undefined || event_attributes?.products?.some(({ price }) => price !== undefined) === true;
  if (!hasAmount && !listsCurrency.has(name)) return;
  if (currency?.value !== undefined) out.set('currency', currency.value, currency.path);
  else if (currency !== undefined)
    out.drop(currency.path, 'The currency is not a three-letter ISO 4217 code', 'currency', config.strict);
  else if (hasAmount) out.recommend('properties.currency', 'The amounts have no currency', 'currency');
}

const orderId = fieldTable<Attributes>([
  {
    to: 'order_id',
    from: 'properties.order_id',
    read: orderIdOf,
    unusable: 'The order id of the purchase is not usable as one',
    recommended: 'A purchase should carry its order id',
  },
]);

/** What an event was worth, best first: a field of every event (ADROLL-27, ADROLL-56). Never a product's price. */
const amount = {
  to: 'conversion_value',
  from: amountPaths,
  as: asDecimal,
  unusable: 'The value of the event is not a plain number',
} as const;
const value = fieldTable<AdRollEvent>([amount]);
const valueOfPurchase = fieldTable<AdRollEvent>([
  { ...amount, recommended: 'A purchase should say what it was worth' },
]);

function addProducts(
  out: PayloadBuilder<Attributes>,
  event: CdpEvent,
  name: EventName,
  currency: string | undefined,
  { strict }: Config,
): void {
  const entries = productsIn(event, out, 'products', { single: isAboutOneProduct(event, name) });
  const products: Product[] = [];
  for (const entry of entries) {
    const product = builderAt<Product>(out, {}, `products[${products.length}]`);
    const at = entry.path === 'properties' ? entry.path : 'properties.products';
    product.take('product_id', productIdOf(entry));
    productFields.of(entry.item, product, at);
    const stated = entry.item['currency'] ?? null;
    if (product.value.price !== undefined && !isBlank(stated) && asCurrency(stated) !== currency) {
      delete product.value.price;
      product.drop(`${at}.price`, "A price is in another currency than the event's", 'price', strict);
    }
    // An empty object is never sent.
    if (Object.keys(product.value).length > 0) products.push(product.value);
  }
  if (products.length < entries.length)
    out.drop('properties.products', "A product with none of AdRoll's five fields is left out", 'products');
  // An empty object is never sent (ADROLL-34).
  if (products.length === 0) return;
  out.set('products', products, entries[0]?.path === 'properties' ? 'properties' : 'properties.products');
}

/**
 * "Product Viewed" and "Product Added" are about the product their properties describe, if those have a product's id
 * (ADROLL-55): without one, a price or a category could be anything's.
 */
const isAboutOneProduct = (event: CdpEvent, name: EventName): boolean =>
  event.type === 'track' &&
  (name === 'addToCart' || (name === 'pageView' && trimInvisible(event.event) !== listViewed));

/** ADROLL-46 to ADROLL-50. */
const productFields = fieldTable<Product>([
  { to: 'product_group', from: ['product_group', 'productGroup', 'department'], as: asText },
  { to: 'price', from: 'price', as: asDecimal, unusable: 'A price is not a plain number' },
  { to: 'quantity', from: 'quantity', as: asCount, unusable: 'A quantity is not a whole number of 0 or more' },
  { to: 'category', from: 'category', as: asText },
]);
