import { asAmount, fieldTable, usableId } from '../../../../core/api/index.ts';

/** A sale as Kites takes it. */
export interface Sale {
  email: string;
  order?: string;
  amount?: number;
}

export const fields = fieldTable<Sale>([
  { to: 'order', from: 'properties.order_id', as: usableId, unusable: 'It is no usable order id' },
  { to: 'amount', from: ['properties.revenue', 'properties.total'], as: asAmount },
]);
