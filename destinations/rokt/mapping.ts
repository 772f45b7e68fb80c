import { asE164, asPhone, firstOf, usableId, type Cast, type TextLimit } from '../../core/api/index.ts';
import type { Config } from './config.ts';

/** One mParticle batch: one person, one conversion (ROKT-11). mParticle refuses unknown members (ROKT-38). */
export interface RoktBatch {
  environment: Config['environment'];
  user_identities: UserIdentities;
  user_attributes?: UserAttributes;
  device_info?: DeviceInfo;
  integration_attributes?: { [rokt]?: { passbackconversiontrackingid?: string } };
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
  /** See asMobile() (ROKT-19). */
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

/**
 * Of an attribute's value (ROKT-47, ROKT-50): with a longer one mParticle would set none of the event's attributes. It
 * counts as JavaScript does, in UTF-16 units.
 */
export const longest: TextLimit = { length: 4096, message: 'Rokt takes 4096 characters at most' };
export const unusable = 'The event has a value here that Rokt would not take';

/** The message id, for what Rokt and mParticle do not count twice. */
export const messageIdOf = firstOf(['messageId'], usableId);

/** No area code of North America begins with 0 or 1. */
const tenDigits = /^[2-9]\d{9}$/;
/** A number that has one of Rokt's shapes already, as many have. */
const asDocumented = /^(?:\+1 \([2-9]\d\d\) \d{3}-\d{4}|[2-9]\d{9})$/;
const northAmerican = /^1([2-9]\d{2})(\d{3})(\d{4})$/;

/**
 * A phone number in one of the two shapes that Rokt documents (ROKT-19): `+1 (323) 867-5309` where it has the country
 * code of North America, written with `+` or as 11 digits, and the ten bare digits of a national number, `3053211654`.
 * The document shows no other country's: such a number leaves with its `+` and bare digits, `+49301234567`.
 */
export const asMobile: Cast<string> = (value) => {
  if (typeof value === 'string' && asDocumented.test(value)) return value;
  const full = asE164(value);
  if (full?.startsWith('+1') === false) return full;
  // Of what is not written internationally, asPhone has the digits as they stand.
  const digits = full === undefined ? asPhone(value) : full.slice(1);
  if (digits === undefined || tenDigits.test(digits)) return digits;
  const [, area, exchange, line] = northAmerican.exec(digits) ?? [];
  return area === undefined ? undefined : `+1 (${area}) ${exchange}-${line}`;
};
