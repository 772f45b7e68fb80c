import { asE164, asEmail, asText, fieldTable, orderIdPaths, personPaths, usableId } from '../../../../api/index.ts';

/** What an event can mean to the vendor, and how a form calls it. */
export const actionLabels = { purchase: 'Purchase', add_to_cart: 'Add to cart' } as const;
export type Action = keyof typeof actionLabels;

/** The track events that are sent unless the settings say otherwise. */
export const defaultNames: Readonly<Record<string, Action>> = {
  'Order Completed': 'purchase',
  'Product Added': 'add_to_cart',
};

/** The payload of one event, with the vendor's field names. */
export interface VendorEvent {
  readonly id: string;
  readonly action: Action;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly email: string;
  readonly phone?: string;
  readonly order_id?: string;
  readonly coupon?: string;
  readonly amount?: number;
  readonly currency?: string;
}

/** The vendor's fields and their paths in the event: the first usable value wins. Conditions belong in transform. */
export const fields = fieldTable<VendorEvent>([
  {
    to: 'email',
    from: personPaths.email,
    as: asEmail,
    required: 'The vendor needs an e-mail address',
    unusable: 'This is no e-mail address',
  },
  {
    to: 'phone',
    from: personPaths.phone,
    as: asE164,
    recommended: 'The vendor recognises more people with a phone number',
    unusable: 'This is no phone number with a country code',
  },
  { to: 'order_id', from: orderIdPaths, as: usableId, unusable: 'This is no usable order id' },
  { to: 'coupon', from: ['properties.coupon', 'context.campaign.name'], as: asText },
]);
