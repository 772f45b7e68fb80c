import { createHash } from 'node:crypto';
import {
  checkFields,
  count,
  currency,
  email,
  epochMs,
  finite,
  ipAddress,
  isFields,
  oneOf,
  sha256Text,
  text,
  uuid,
  type Check,
  type Fields,
} from '../field-checks.ts';

/** What is wrong with a batch. Without a path the vendor's answer does not say where. */
export interface RoktProblem {
  readonly path?: string;
  readonly wrong: string;
  /** The value could not be read at all: the answer then gives a position in the text instead of an index (ROKT-62). */
  readonly unreadable?: boolean;
}

type Say = (problem: RoktProblem) => void;

const longestName = 256;
const longestValue = 4096;
const mostUserAttributes = 100;

const anything: Check = () => undefined;
const anObject: Check = (value) => (isFields(value) ? undefined : 'must be an object');
const environment = oneOf(new Set(['development', 'production']));

/** ROKT-38: the members of a batch; unknown ones are not allowed. */
const batchChecks: Readonly<Record<string, Check>> = {
  environment,
  user_identities: anObject,
  user_attributes: anObject,
  deleted_user_attributes: anything,
  events: (value) => (Array.isArray(value) && value.length > 0 ? undefined : 'must be an array that is not empty'),
  device_info: anObject,
  application_info: anObject,
  integration_attributes: anObject,
  ip: ipAddress,
  mpid: anything,
  source_request_id: text,
  timestamp_unixtime_ms: epochMs,
  consent_state: anObject,
  batch_context: anObject,
};

const otherIdentities = [
  'customer_id',
  'facebook',
  'twitter',
  'google',
  'microsoft',
  'yahoo',
  'alias',
  'mobile_number',
];
const numberedIdentities = [...Array(9).keys()].map((index) => `other_id_${index + 2}`);
const identityChecks: Readonly<Record<string, Check>> = {
  email,
  other: sha256Text,
  ...Object.fromEntries([...otherIdentities, ...numberedIdentities].map((name) => [name, text])),
  phone_number_2: text,
  phone_number_3: text,
};

/** ROKT-39, ROKT-40 */
const dataChecks: Readonly<Record<string, Check>> = {
  event_name: (value) => (value === 'conversion' ? undefined : 'must be conversion'),
  custom_event_type: oneOf(
    new Set(['navigation', 'location', 'search', 'transaction', 'user_content', 'user_preference', 'social', 'other']),
  ),
  custom_attributes: anObject,
  source_message_id: text,
  timestamp_unixtime_ms: epochMs,
  session_id: anything,
  session_uuid: text,
};

/** ROKT-25 to ROKT-35. Other names are the advertiser's own. */
const conversionChecks = new Map<string, Check>([
  ['amount', finite],
  ['currency', currency],
  ['quantity', count],
  ['conversiontype', text],
  ['productname', text],
  ['sku', text],
  ['paymenttype', text],
  ['margin', finite],
  ['transactionid', text],
  ['confirmationref', text],
  ['conversion_type', () => 'is spelt conversiontype'],
]);

const advertisingIds = ['ios_advertising_id', 'android_advertising_id', 'ios_idfv', 'android_uuid'];

/** Reports everything the documents forbid about one batch object. */
export function checkRoktBatch(batch: unknown, say: Say): void {
  if (!isFields(batch)) return say({ wrong: 'A batch must be an object' });
  const report = (path: string, wrong: string): void => say({ path, wrong });
  checkFields(batch, batchChecks, ['environment', 'user_identities', 'events'], '', report);
  if (isFields(batch['user_identities'])) checkIdentities(batch['user_identities'], report);
  if (isFields(batch['user_attributes'])) checkUserAttributes(batch['user_attributes'], report);
  if (Array.isArray(batch['events'])) batch['events'].forEach((event, index) => checkEvent(event, index, say));
  const device = isFields(batch['device_info']) ? batch['device_info'] : {};
  for (const name of advertisingIds) {
    const wrong = device[name] === undefined ? undefined : uuid(device[name]);
    if (wrong !== undefined) report(`device_info.${name}`, wrong);
  }
}

/** ROKT-13 to ROKT-16 */
function checkIdentities(identities: Fields, report: (path: string, wrong: string) => void): void {
  checkFields(identities, identityChecks, [], 'user_identities.', report);
  const { email: raw, other: hashed } = identities;
  if (raw === undefined && hashed === undefined) return report('user_identities.email', 'or other is required');
  if (typeof raw !== 'string' || hashed === undefined) return;
  const digest = createHash('sha256').update(raw.trim().toLowerCase()).digest('hex');
  if (hashed !== digest) report('user_identities.other', 'is not the digest of email');
}

/**
 * ROKT-19: the two documented forms, `3053211654` and `+1 (323) 867-5309`, and for other countries, of which the
 * document shows none, the one that the folder's README states: `+49301234567`.
 */
const mobile = /^(?:\d{10}|\+1 \(\d{3}\) \d{3}-\d{4}|\+[2-9]\d{6,14})$/;

/** ROKT-17 to ROKT-21, ROKT-48 to ROKT-50 */
function checkUserAttributes(attributes: Fields, report: (path: string, wrong: string) => void): void {
  const rows = Object.entries(attributes);
  if (rows.length > mostUserAttributes) report('user_attributes', `must not hold more than ${mostUserAttributes}`);
  for (const [name, value] of rows) {
    const path = `user_attributes.${name}`;
    if (name.length > longestName) report(path.slice(0, 40), 'has too long a name');
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (!values.every(isScalar)) report(path, 'must be text, a number, a flag or a list of them');
    else if (values.some(tooLong)) report(path, `is longer than ${longestValue} characters`);
    else if (['firstname', 'lastname', 'mobile'].includes(name) && text(value) !== undefined)
      report(path, 'must be text');
    else if (name === 'mobile' && !mobile.test(String(value))) report(path, 'is in none of the three forms');
    else if (name === 'ipaddress' && ipAddress(value) !== undefined) report(path, 'must be an IP address');
  }
}

function checkEvent(event: unknown, index: number, say: Say): void {
  const at = `events[${index}]`;
  if (!isFields(event)) return say({ path: at, wrong: 'must be an object' });
  if (!event['event_type']) return say({ wrong: 'Required event field "event_type" is missing or empty.' });
  if (event['event_type'] !== 'custom_event') say({ path: `${at}.event_type`, wrong: 'must be custom_event' });
  const stranger = Object.keys(event).find((name) => name !== 'event_type' && name !== 'data');
  if (stranger !== undefined) say({ path: `${at}.${stranger}`, wrong: 'is not a known field' });
  const { data } = event;
  if (!isFields(data)) return say({ path: `${at}.data`, wrong: 'must be an object' });
  if (!data['event_name']) return say({ wrong: 'Required event field "event_name" is missing or empty.' });
  checkFields(data, dataChecks, [], `${at}.data.`, (path, wrong) => say({ path, wrong }));
  if (isFields(data['custom_attributes'])) checkAttributes(data['custom_attributes'], say);
}

/** ROKT-37, ROKT-46, ROKT-47, and ROKT-30: no SKU for more than one item. */
function checkAttributes(attributes: Fields, say: Say): void {
  for (const [name, value] of Object.entries(attributes)) {
    const path = `data.custom_attributes.${name}`;
    if (name.length > longestName) say({ path: path.slice(0, 60), wrong: 'has too long a name' });
    if (!isScalar(value))
      say({ path, wrong: 'Unexpected character encountered while parsing value', unreadable: true });
    else if (tooLong(value)) say({ path, wrong: `is longer than ${longestValue} characters` });
    else {
      const wrong = conversionChecks.get(name)?.(value);
      if (wrong !== undefined) say({ path, wrong });
    }
  }
  const { quantity, sku } = attributes;
  if (sku !== undefined && typeof quantity === 'number' && quantity > 1) {
    say({ path: 'data.custom_attributes.sku', wrong: 'must be left out for more than one item' });
  }
}

const isScalar = (value: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof value);
const tooLong = (value: unknown): boolean => String(value).length > longestValue;
