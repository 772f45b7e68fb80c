import { asAmount, asText, compileFields, type FieldRule } from '../../../../api/index.ts';

export interface VendorEvent {
  readonly name: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly email: string;
  readonly order?: string;
  readonly amount?: number;
  readonly currency?: string;
}

/** The vendor's fields and their paths in the event: the first usable value wins. Conditions belong in transform.ts. */
const rules: readonly FieldRule<VendorEvent>[] = [
  { to: 'email', from: ['context.traits.email', 'properties.email'], as: asText },
  { to: 'order', from: ['properties.order_id'], as: asText },
  { to: 'amount', from: ['properties.total', 'properties.revenue'], as: asAmount },
  { to: 'currency', from: ['properties.currency'], as: asText },
];

export const fieldsOf = compileFields(rules);
