import { asDecimal, asText, compileFields, isMd5, isSha256, type JsonValue } from '../../core/api/index.ts';

/** Every event AdRoll knows, in its own spelling (ADROLL-20). */
export const eventNames = [
  'pageView',
  'homeView',
  'productSearch',
  'addToCart',
  'purchase',
  'highValuePage',
  'gatedContent',
  'demoRequest',
  'signupPlan',
  'signupTrial',
  'contactSales',
  'liveChat',
  'formFill',
] as const;
export type EventName = (typeof eventNames)[number];

/** CDP track events that mean the same to everybody. The other AdRoll events are reached by settings only. */
export const defaultNames = {
  'Product Viewed': 'pageView',
  'Product List Viewed': 'productSearch',
  'Products Searched': 'productSearch',
  'Product Added': 'addToCart',
  'Order Completed': 'purchase',
  'Signed Up': 'signupPlan',
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

/** ADROLL-45. */
export interface Product {
  product_id: string;
  product_group?: string;
  price?: string;
  quantity?: number;
  category?: string;
}

/** The four fields of an app, in the order its URL has them (ADROLL-23). */
export const appFields = ['device_os', 'device_type', 'package_app_name', 'package_app_version'] as const;

export const readApp = compileFields<Pick<AdRollEvent, (typeof appFields)[number]>>([
  { to: 'device_os', from: ['context.os.name'], as: asText },
  { to: 'device_type', from: ['context.device.type'], as: asText },
  { to: 'package_app_name', from: ['context.app.namespace'], as: asText },
  { to: 'package_app_version', from: ['context.app.version'], as: asText },
]);

/** What a purchase was worth, best first (ADROLL-56). */
export const valuePaths = ['properties.total', 'properties.revenue', 'properties.value'] as const;

export const readValue = compileFields<Pick<AdRollEvent, 'conversion_value'>>([
  { to: 'conversion_value', from: valuePaths, as: asDecimal },
]);

const asSha256 = (value: JsonValue) => digest(value, isSha256);
const asMd5 = (value: JsonValue) => digest(value, isMd5);

function digest(value: JsonValue, is: (text: string) => boolean): string | undefined {
  const text = typeof value === 'string' ? value.trim() : '';
  return is(text) ? text.toLowerCase() : undefined;
}

/** Addresses that arrive hashed, under their own name or in the place of the address (ADROLL-39 to ADROLL-41). */
export const readDigests = compileFields<Identifiers>([
  {
    to: 'email_sha256',
    from: ['context.traits.email', 'properties.email', 'context.traits.email_sha256', 'properties.email_sha256'],
    as: asSha256,
  },
  {
    to: 'email_md5',
    from: ['context.traits.email', 'properties.email', 'context.traits.email_md5', 'properties.email_md5'],
    as: asMd5,
  },
]);
