import {
  amountPaths,
  asAmount,
  asText,
  currencyOf,
  fieldTable,
  firstIdOf,
  orderIdPaths,
  productsIn,
  quantityOf,
  reject,
  usableId,
  type CdpEvent,
  type Found,
  type PayloadBuilder,
} from '../../core/api/index.ts';
import type { Config } from './config.ts';
import { longest, messageIdOf, unusable, type EventAttributes, type KnownEventAttributes } from './mapping.ts';

const paymentNames = ['payment_method', 'payment_type', 'paymentMethod', 'paymenttype'];
const paymentPaths = paymentNames.map((name) => `properties.${name}`);
const transactionNames = ['transaction_id', 'transactionId', 'transactionid'];
const orderPaths = [...orderIdPaths, ...transactionNames.map((name) => `properties.${name}`)];
const orderIdOf = firstIdOf(orderPaths);
const referencePaths = ['properties.confirmationref', 'properties.confirmation_ref', 'properties.confirmationRef'];
const referenceOf = firstIdOf(referencePaths);
const recommended = 'Rokt asks for it';

/**
 * Its absence is noted where Rokt asks for it (ROKT-26, ROKT-27, ROKT-31 to ROKT-34, ROKT-36). The spec's names come
 * before Rokt's own.
 */
export const addOrder = fieldTable<KnownEventAttributes>(
  [
    { to: 'amount', from: [...amountPaths, 'properties.amount'], as: asAmount, recommended },
    { to: 'currency', from: 'properties.currency', read: currencyOf, recommended },
    { to: 'paymenttype', from: paymentPaths, as: asText, longest },
    // Under Rokt's own name alone; what the settings say of the event's name counts first (ROKT-25).
    { to: 'conversiontype', from: ['properties.conversiontype', 'properties.conversion_type'], as: asText, longest },
    { to: 'margin', from: 'properties.margin', as: asAmount },
    { to: 'transactionid', read: orderIdOf },
  ],
  { unusable },
);

/** Adds what was bought: the quantity, and for a single product its details (ROKT-28 to ROKT-30). */
export function addItems(out: PayloadBuilder<EventAttributes>, event: CdpEvent): void {
  addQuantity(event, out);
  let isListWhole = true;
  const onLost = (): void => {
    isListWhole = false;
  };
  const products = productsIn(event, out, 'productname', { single: true, onLost });
  const product = products.length === 1 ? products[0] : undefined;
  if (product !== undefined) {
    addName.of(product.item, out, product.path);
    if (isOneItem(event, isListWhole)) addSku.of(product.item, out, product.path);
  }
  if (out.value.productname === undefined) addBundleName(event, out);
}

/** Whether it is provably one item: an entry of the list that is no product may have been a second one (ROKT-30). */
function isOneItem(event: CdpEvent, isListWhole: boolean): boolean {
  const quantity = quantityOf(event);
  if (quantity !== undefined && quantity.value !== 1) return false;
  return isListWhole || quantity?.path === 'properties.quantity';
}

const uncounted = 'A quantity is not a whole number of zero or more, so none is sent';
const addQuantity = fieldTable<KnownEventAttributes>([{ to: 'quantity', read: quantityOf, unusable: uncounted }]);
const addName = fieldTable<KnownEventAttributes>([{ to: 'productname', from: 'name', as: asText, longest }], {
  unusable,
});
const addSku = fieldTable<KnownEventAttributes>([{ to: 'sku', from: 'sku', as: usableId, longest }], { unusable });
const addBundleName = fieldTable<KnownEventAttributes>(
  [{ to: 'productname', from: ['properties.product_name', 'properties.productname'], as: asText, longest }],
  { unusable },
);

/**
 * Adds Rokt's deduplication key where the event has none of its own: the order id, which is stable for a conversion
 * (ROKT-34). Nothing is generated. An id that is too long is not cut: half an order id would be another order's
 * (ROKT-47).
 */
export function addReference(out: PayloadBuilder<EventAttributes>, event: CdpEvent, { confirmationRef }: Config): void {
  const orderId = orderIdOf(event);
  const own = referenceOf(event);
  out.take('confirmationref', own);
  let reference = own?.value === undefined ? orderId : own;
  if (reference?.value === undefined && confirmationRef !== 'order_id') reference = messageIdOf(event);
  if (isTooLong(orderId)) refuse(out, 'transactionid', orderId.path);
  else if (isTooLong(reference)) refuse(out, 'confirmationref', reference.path);
  else if (reference?.value === undefined) out.recommend('properties.order_id', noReference, 'confirmationref');
  else out.take('confirmationref', reference);
}

const isTooLong = (id: Found<string | undefined> | undefined): id is Found<string> =>
  id?.value !== undefined && id.value.length > longest.length;

const refuse = (out: PayloadBuilder<EventAttributes>, field: string, path: string): void =>
  out.refuse(reject('invalid_value', `Rokt takes a ${field} of ${longest.length} characters at most`, path));

const noReference = 'Without an order id Rokt cannot tell a repeated conversion from a new one';
