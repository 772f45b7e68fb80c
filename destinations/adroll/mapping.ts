import type { eventLabels } from './config.ts';

export type EventName = keyof typeof eventLabels;

/** The one default name of a page with several products. */
export const listViewed = 'Product List Viewed';

/**
 * CDP track events that mean the same to everybody. The other AdRoll events are reached by settings only: so is
 * signupPlan, a sign-up for a plan (ADROLL-61), where the spec's Signed Up is one for an account.
 */
export const defaultNames = {
  'Product Viewed': 'pageView',
  [listViewed]: 'pageView',
  'Products Searched': 'productSearch',
  'Product Added': 'addToCart',
  'Order Completed': 'purchase',
  'Trial Started': 'signupTrial',
} as const satisfies Readonly<Record<string, EventName>>;

/** One element of the request's array: these keys and no others (ADROLL-15). */
export interface AdRollEvent {
  advertisable_eid: string;
  pixel_eid: string;
  event_name: EventName;
  page_location: string;
  ip: string;
  identifiers: Identifiers;
  event_attributes?: Attributes;
  /** JSON text, not an object (ADROLL-33). */
  external_data?: string;
  user_agent?: string;
  conversion_value?: string;
  currency?: string;
  device_os?: string;
  device_type?: string;
  package_app_name?: string;
  package_app_version?: string;
  /** Epoch seconds with up to three decimals (ADROLL-29, ADROLL-30). */
  timestamp?: number;
}

/** ADROLL-35. */
export interface Identifiers {
  adct?: string;
  email?: string;
  email_sha256?: string;
  email_md5?: string;
  device_id?: string;
  first_party_cookie?: string;
  user_id?: string;
}

/** An object, though AdRoll's envelope shows a string (ADROLL-34). */
export interface Attributes {
  order_id?: string;
  keywords?: string;
  products?: Product[];
}

/** ADROLL-45: each of them may be missing, not all. */
export interface Product {
  product_id?: string;
  product_group?: string;
  price?: string;
  quantity?: number;
  category?: string;
}
