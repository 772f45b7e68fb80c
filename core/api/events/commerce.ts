import { propertiesOf, type CdpEvent, type JsonValue } from '../event.ts';
import { firstIdOf, type Found } from './first-of.ts';
import { productsCurrencyOf } from './products.ts';
import { isBlank } from '../fields/mapping.ts';
import { asCurrency, asText } from '../fields/casts.ts';

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
 * The currency of an event's amounts, as ISO 4217 in capitals: its own, else the one that all of its products with a
 * price share, else the fallback, a setting. `undefined` if nobody names one; a value of `undefined` if the event
 * itself names something that is no currency.
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
  const common = productsCurrencyOf(event);
  if (common !== undefined) return { value: common, path: 'properties.products[].currency' };
  return fallback === undefined ? undefined : { value: fallback, path: 'config.defaultCurrency' };
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
