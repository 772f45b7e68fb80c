import {
  asCount,
  asDecimal,
  asText,
  currencyOf,
  stableIdOf,
  eventSeconds,
  fieldTable,
  optionReader,
  orderIdOf,
  productTable,
  quantityOf,
  revenuePaths,
  searchTextOf,
  usableId,
  type sharedPersonFields,
} from 'spillway/api';
import { manifest } from './manifest.ts';

/** CDP track events that mean the same to everybody. `lead` and `custom` are reached by settings only. */
export const defaultNames = {
  'Product Viewed': 'page_visit',
  'Product List Viewed': 'view_category',
  'Products Searched': 'search',
  'Product Added': 'add_to_cart',
  'Order Completed': 'checkout',
  'Signed Up': 'signup',
  'Video Playback Started': 'watch_video',
} as const;

/** The names that Pinterest's reports know (PINTEREST-10). */
export type EventName = (typeof defaultNames)[keyof typeof defaultNames] | 'lead' | 'custom';

export type ActionSource = 'web' | 'app_ios' | 'app_android' | 'offline';

type Texts<K extends string> = { [name in K]?: string };

/** One element of `data`: these members and no others, at every depth (PINTEREST-06). */
export interface PinterestEvent extends Texts<AboutApp> {
  event_name: EventName;
  action_source: ActionSource;
  event_time: number;
  event_id: string;
  user_data: UserData;
  opt_out?: boolean;
  custom_data?: CustomData;
}

type AboutApp = 'event_source_url' | 'app_name' | 'app_version' | 'device_brand' | 'device_model' | 'os_version';

/** Lists of SHA-256 digests, except the last three. */
export type UserData = { [name in keyof typeof sharedPersonFields | 'hashed_maids']?: readonly string[] } & Texts<
  'client_ip_address' | 'client_user_agent' | 'click_id'
>;

export interface CustomData extends Texts<'currency' | 'value' | 'order_id' | 'search_string' | 'opt_out_type'> {
  content_ids?: readonly string[];
  contents?: readonly Content[];
  num_items?: number;
}

interface Content extends Texts<'id' | 'item_price' | 'item_name' | 'item_category' | 'item_brand'> {
  quantity?: number;
}

/** The same id as that of the Pinterest tag, if the page tells it (PINTEREST-05). */
const ownIdOf = optionReader(manifest, 'event_id', usableId);

export const eventFields = fieldTable<PinterestEvent>([
  { to: 'event_time', from: 'timestamp', read: eventSeconds, required: 'Pinterest needs the time, with its zone' },
  { to: 'event_id', read: (event) => ownIdOf(event) ?? stableIdOf(event) },
  { to: 'event_source_url', from: ['context.page.url', 'properties.url'], as: asText },
  { to: 'app_name', from: 'context.app.name', as: asText },
  { to: 'app_version', from: 'context.app.version', as: asText },
  { to: 'device_brand', from: 'context.device.manufacturer', as: asText },
  { to: 'device_model', from: 'context.device.model', as: asText },
  { to: 'os_version', from: 'context.os.version', as: asText },
]);

/** The value is before tax and shipping, as text (PINTEREST-31). */
export const customFields = fieldTable<CustomData>([
  { to: 'value', from: revenuePaths, as: asDecimal, unusable: 'The value is not a plain number' },
  { to: 'currency', read: currencyOf, unusable: 'The currency is not a three-letter code' },
  { to: 'order_id', read: orderIdOf, unusable: 'It is no usable order id' },
  { to: 'search_string', read: searchTextOf },
  { to: 'num_items', read: quantityOf, unusable: 'The pieces cannot be counted' },
  { to: 'opt_out_type', read: optionReader(manifest, 'opt_out_type', asText) },
]);

export const contentsOf = productTable<Content>(
  [
    { to: 'item_price', from: 'price', as: asDecimal, unusable: 'A price is not a plain number' },
    { to: 'quantity', from: 'quantity', as: asCount, unusable: 'A quantity is not a whole number' },
    { to: 'item_name', from: 'name', as: asText },
    { to: 'item_category', from: 'category', as: asText },
    { to: 'item_brand', from: 'brand', as: asText },
  ],
  { idTo: 'id', withoutId: 'A product without an id is left out' },
);
