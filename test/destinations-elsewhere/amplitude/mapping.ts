import {
  asAmount,
  asCount,
  asText,
  clientIpOf,
  fieldTable,
  usableId,
  type FieldsOf,
  type JsonObject,
} from 'spillway/api';

type TableFields = FieldsOf<typeof deviceRows> & FieldsOf<typeof revenueRows> & FieldsOf<typeof saleRows>;

/** One event: these, and what the tables below set. One of user_id and device_id is required. */
export interface AmplitudeEvent extends TableFields {
  event_type: string;
  /** Amplitude ignores an event with the device_id and insert_id of one of the last seven days. */
  insert_id: string;
  user_id?: string;
  device_id?: string;
  /** Epoch ms, as is the beginning of the session. */
  time?: number;
  session_id?: number;
  event_properties?: JsonObject;
  user_properties?: { readonly $set: JsonObject };
  group_properties?: { readonly $set: JsonObject };
  groups?: Readonly<Record<string, string>>;
  platform?: string;
  ip?: string;
  idfa?: string;
  idfv?: string;
  adid?: string;
  android_id?: string;
}

/** Amplitude's own events, and the two calls that a track event must not imitate. */
export const reservedName =
  /^(?:\[Amplitude\] (?:(?:Start|End) Session|Revenue(?: \((?:Unv|V)erified\))?|Merged User)|\$(?:group)?identify)$/;

/** Of every text of an event. */
export const longestText = 1_024;
const longest = { length: longestText, message: `Amplitude takes ${longestText} characters at most` };

const deviceRows = [
  { to: 'app_version', from: 'context.app.version', as: asText },
  { to: 'os_name', from: 'context.os.name', as: asText },
  { to: 'os_version', from: 'context.os.version', as: asText },
  { to: 'device_brand', from: 'context.device.brand', as: asText },
  { to: 'device_manufacturer', from: 'context.device.manufacturer', as: asText },
  { to: 'device_model', from: 'context.device.model', as: asText },
  { to: 'carrier', from: 'context.network.carrier', as: asText },
  { to: 'country', from: 'context.location.country', as: asText },
  { to: 'region', from: 'context.location.region', as: asText },
  { to: 'city', from: 'context.location.city', as: asText },
  { to: 'location_lat', from: 'context.location.latitude', as: asAmount },
  { to: 'location_lng', from: 'context.location.longitude', as: asAmount },
  { to: 'language', from: 'context.locale', as: asText },
] as const;

const revenueRows = [
  { to: 'revenue', from: 'properties.revenue', as: asAmount, unusable: 'It is not a plain number' },
] as const;

/** Amplitude would take price times quantity instead of the revenue, so the price stays among the properties. */
const saleRows = [
  { to: 'quantity', from: 'quantity', as: asCount },
  { to: 'productId', from: ['product_id', 'productId', 'sku'], as: usableId },
  { to: 'revenueType', from: ['revenueType', 'revenue_type'], as: asText },
] as const;

/** Where the event happened; what it brought; and what was sold, of an event that brought something. */
export const deviceFields = fieldTable<AmplitudeEvent>(
  [...deviceRows, { to: 'ip', read: clientIpOf, unusable: "The user's IP address is not one" }],
  { longest },
);
export const revenueField = fieldTable<AmplitudeEvent>(revenueRows);
export const saleFields = fieldTable<AmplitudeEvent>(saleRows, { from: 'properties', longest });
