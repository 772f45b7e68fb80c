import { asAmount, asCurrency, asText, ipAddress, isBlankIp, phoneDigits, type Cast } from '../../core/api/index.ts';
import type { Config } from './config.ts';
import type { Renaming } from './rename.ts';

/** One mParticle batch: one person, one conversion (ROKT-11). mParticle refuses unknown members (ROKT-38). */
export interface RoktBatch {
  environment: Config['environment'];
  user_identities: UserIdentities;
  user_attributes?: UserAttributes;
  device_info?: DeviceInfo;
  integration_attributes?: { readonly [rokt]: { readonly passbackconversiontrackingid: string } };
  events: readonly [RoktEvent];
}

/** Rokt's own number among mParticle's integrations (ROKT-41). */
export const rokt = '1277';

export interface UserIdentities {
  email?: string;
  /** Lower-case hex SHA-256 of the address (ROKT-14). */
  other?: string;
}

export interface KnownUserAttributes {
  firstname?: string;
  lastname?: string;
  /** Bare digits, of the two shapes Rokt takes (ROKT-19). */
  mobile?: string;
  ipaddress?: string;
}
export type UserAttributes = KnownUserAttributes & Record<string, string | readonly string[]>;

export interface DeviceInfo {
  ios_advertising_id?: string;
  android_advertising_id?: string;
}

export interface RoktEvent {
  readonly event_type: 'custom_event';
  readonly data: EventData;
}

export interface EventData {
  event_name: 'conversion';
  custom_event_type?: NonNullable<Config['customEventType']>;
  source_message_id?: string;
  /** Epoch milliseconds of the event itself (ROKT-40). */
  timestamp_unixtime_ms?: number;
  custom_attributes: EventAttributes;
}

export interface KnownEventAttributes {
  /** Total of the whole order, in `currency` (ROKT-26). */
  amount?: number;
  currency?: string;
  quantity?: number;
  conversiontype?: string;
  productname?: string;
  sku?: string;
  paymenttype?: string;
  /** As in the event: Rokt's page says percentage and shows money, so the unit is agreed with Rokt (ROKT-32). */
  margin?: number;
  transactionid?: string;
  confirmationref?: string;
}
export type EventAttributes = KnownEventAttributes & Record<string, string | number | boolean>;

/** The path of the attributes in the payload, by which notes and preview name fields. */
export const attributesPlace = 'events[0].data.custom_attributes';
export const userPlace = 'user_attributes';

/** Rokt's own attribute names, which a customer's attributes may not use in any case (ROKT-35). */
export const knownEventAttributes: readonly (keyof KnownEventAttributes)[] = [
  'amount',
  'currency',
  'quantity',
  'conversiontype',
  'productname',
  'sku',
  'paymenttype',
  'margin',
  'transactionid',
  'confirmationref',
];
export const knownUserAttributes: readonly (keyof KnownUserAttributes)[] = [
  'firstname',
  'lastname',
  'mobile',
  'ipaddress',
];

/** Minus zero does not survive JSON. */
const asNumber: Cast<number> = (value) => {
  const amount = asAmount(value);
  return amount === 0 ? 0 : amount;
};

const asPhone: Cast<string> = (value) =>
  typeof value === 'string' ? phoneDigits(value) : typeof value === 'number' ? phoneDigits(String(value)) : undefined;

const asUserIp: Cast<string> = (value) => {
  const address = typeof value === 'string' ? ipAddress(value) : undefined;
  return address === undefined || isBlankIp(address) ? undefined : address;
};

/** Of `context.traits`. */
export const traitRules: readonly Renaming<KnownUserAttributes>[] = [
  { to: 'firstname', names: ['firstName', 'first_name', 'firstname'], as: asText },
  { to: 'lastname', names: ['lastName', 'last_name', 'lastname'], as: asText },
  { to: 'mobile', names: ['phone', 'mobile'], as: asPhone },
];

/** Of `context`. */
export const contextRules: readonly Renaming<KnownUserAttributes>[] = [
  { to: 'ipaddress', names: ['ip'], as: asUserIp },
];

/** Where an event may name its order, best first. */
export const orderIdNames = ['order_id', 'orderId', 'transaction_id', 'transactionId'] as const;

/**
 * Of `properties`; items, conversion type and confirmation reference are not in a table, because they need a choice.
 */
export const propertyRules: readonly Renaming<KnownEventAttributes>[] = [
  { to: 'amount', names: ['total', 'revenue', 'value'], as: asNumber, recommended: true },
  { to: 'currency', names: ['currency'], as: asCurrency, recommended: true },
  { to: 'paymenttype', names: ['payment_method', 'payment_type', 'paymentMethod'], as: asText },
  { to: 'margin', names: ['margin'], as: asNumber },
  { to: 'transactionid', names: orderIdNames, as: asText },
];
