import {
  amountPaths,
  asAmount,
  asCurrency,
  asText,
  fieldTable,
  firstIdOf,
  onlyProductOf,
  orderIdPaths,
  quantityOf,
  reject,
  usableId,
  type CdpEvent,
  type PayloadBuilder,
} from '../../core/api/index.ts';
import type { Config } from './config.ts';
import { longest, messageIdOf, unusable, type EventAttributes, type KnownEventAttributes } from './mapping.ts';

const orderPaths = [...orderIdPaths, 'properties.transaction_id', 'properties.transactionId'];
const orderIdOf = firstIdOf(orderPaths);
const recommended = 'Rokt asks for it';

/** Its absence is noted where Rokt asks for it (ROKT-26, ROKT-27, ROKT-31 to ROKT-33, ROKT-36). */
export const addOrder = fieldTable<KnownEventAttributes>(
  [
    { to: 'amount', from: amountPaths, as: asAmount, recommended },
    { to: 'currency', from: 'properties.currency', as: asCurrency, recommended },
    {
      to: 'paymenttype',
      from: ['properties.payment_method', 'properties.payment_type', 'properties.paymentMethod'],
      as: asText,
      longest,
    },
    { to: 'margin', from: 'properties.margin', as: asAmount },
    { to: 'transactionid', read: orderIdOf },
  ],
  { unusable },
);

/** Adds what was bought: the quantity, and for a single product its details (ROKT-28 to ROKT-30). */
export function addItems(out: PayloadBuilder<EventAttributes>, event: CdpEvent): void {
  addQuantity(event, out);
  const product = onlyProductOf(event);
  if (product !== undefined) {
    addName.of(product.item, out, product.path);
    const quantity = quantityOf(event);
    if (quantity === undefined || quantity.value === 1) addSku.of(product.item, out, product.path);
  }
  if (out.value.productname === undefined) addBundleName(event, out);
}

const uncounted = 'A quantity is not a whole number of zero or more, so none is sent';
const addQuantity = fieldTable<KnownEventAttributes>([{ to: 'quantity', read: quantityOf, unusable: uncounted }]);
const addName = fieldTable<KnownEventAttributes>([{ to: 'productname', from: 'name', as: asText, longest }]);
const addSku = fieldTable<KnownEventAttributes>([{ to: 'sku', from: 'sku', as: usableId, longest }]);
const addBundleName = fieldTable<KnownEventAttributes>([
  { to: 'productname', from: 'properties.product_name', as: asText, longest },
]);

/**
 * Rokt's deduplication key: stable for a conversion, never generated (ROKT-34). An id that is too long is not cut: half
 * an order id would be another order's (ROKT-47).
 */
export function addReference(out: PayloadBuilder<EventAttributes>, event: CdpEvent, { confirmationRef }: Config): void {
  const orderId = orderIdOf(event);
  const reference = orderId?.value === undefined && confirmationRef !== 'order_id' ? messageIdOf(event) : orderId;
  if (reference?.value === undefined) {
    out.recommend('properties.order_id', noReference, 'confirmationref');
  } else if (reference.value.length > longest.length) {
    const field = orderId === undefined ? 'confirmationref' : 'transactionid';
    const message = `Rokt takes a ${field} of ${longest.length} characters at most`;
    out.refuse(reject('invalid_value', message, reference.path));
  } else out.take('confirmationref', reference);
}

const noReference = 'Without an order id Rokt cannot tell a repeated conversion from a new one';
