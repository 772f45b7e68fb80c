import {
  asE164,
  asEmail,
  asText,
  fieldTable,
  hashed,
  orderIdPaths,
  personPaths,
  usableId,
} from '../../../core/api/index.ts';

/** What an event can mean to Lighthouse. */
export const actionLabels = { purchase: 'Purchase', cart: 'Cart' } as const;
export type Action = keyof typeof actionLabels;

/** The track events that are sent unless the settings say otherwise. */
export const defaultNames: Readonly<Record<string, Action>> = {
  'Order Completed': 'purchase',
  'Product Added': 'cart',
};

/** The payload of one event, with the vendor's field names. */
export interface LighthouseOrder {
  readonly id: string;
  readonly action: Action;
  /** Epoch milliseconds. */
  readonly at: number;
  /** SHA-256 of the address. */
  readonly email: string;
  readonly phone?: string;
  readonly order?: string;
  readonly campaign?: string;
  readonly amount?: number;
  readonly currency?: string;
}

/** The vendor's fields, and where they are in the event: the first value that casts counts. */
export const fields = fieldTable<LighthouseOrder>([
  {
    to: 'email',
    from: personPaths.email,
    as: hashed(asEmail),
    required: 'Lighthouse takes no event without an e-mail address',
    unusable: 'This is no e-mail address',
  },
  {
    to: 'phone',
    from: personPaths.phone,
    as: asE164,
    recommended: 'Lighthouse recognises more people with a phone number',
    unusable: 'This is no phone number with a country code',
  },
  { to: 'order', from: orderIdPaths, as: usableId, unusable: 'This is no usable order id' },
  { to: 'campaign', from: ['properties.campaign_id', 'context.campaign.id'], as: asText },
]);
