import { createHash } from 'node:crypto';
import { parseJson } from '../received-request.ts';
import {
  checkFields,
  count,
  currency,
  decimalText,
  email,
  ipAddress,
  isFields,
  matching,
  md5Text,
  oneOf,
  sha256Text,
  text,
  type Check,
  type Fields,
  type Report,
} from '../field-checks.ts';

/** Which identifier an event cannot do without; AdRoll says its rule will change (ADROLL-36). */
export type IdentifierPolicy = 'first_party_cookie' | 'first_party_cookie_or_adct' | 'any';

export interface AdrollAccount {
  readonly advertisableEid: string;
  /** Any pixel will do when left out. */
  readonly pixelEid?: string | undefined;
  readonly identifierPolicy?: IdentifierPolicy | undefined;
}

/** ADROLL-20, each with the attributes it documents (ADROLL-51 to ADROLL-65). */
const attributesOf = new Map<string, ReadonlySet<string>>([
  ['pageView', new Set(['products'])],
  ['homeView', new Set()],
  ['productSearch', new Set(['keywords', 'products'])],
  ['addToCart', new Set(['products'])],
  ['purchase', new Set(['order_id', 'products'])],
  ...['highValuePage', 'gatedContent', 'demoRequest', 'signupPlan', 'signupTrial', 'contactSales', 'liveChat'].map(
    (name) => [name, new Set<string>()] as const,
  ),
  ['formFill', new Set()],
]);

const appFields = ['device_os', 'device_type', 'package_app_name', 'package_app_version'] as const;

const urlIn = (value: string): URL | undefined => {
  try {
    return new URL(value);
  } catch {
    return undefined;
  }
};

const pageLocation: Check = (value) =>
  typeof value === 'string' && /^https?:\/\/[^/?#\s]/.test(value) && urlIn(value) !== undefined
    ? undefined
    : 'must be a full http(s) URL';

/** ADROLL-29, ADROLL-30: seconds, with at most three decimals. Later than year 5138 is milliseconds by mistake. */
const seconds: Check = (value) =>
  typeof value === 'number' && value > 0 && value < 1e11 && Math.round(value * 1000) / 1000 === value
    ? undefined
    : 'must be epoch seconds, with at most three decimals';

const jsonText: Check = (value) =>
  typeof value === 'string' && parseJson(value) !== undefined ? undefined : 'must be a string that holds JSON';

const filled: Check = (value) =>
  isFields(value) && Object.keys(value).length > 0 ? undefined : 'must be an object that is not empty';

const eventChecks: Readonly<Record<string, Check>> = {
  advertisable_eid: text,
  pixel_eid: text,
  event_name: oneOf(new Set(attributesOf.keys())),
  event_attributes: filled,
  external_data: jsonText,
  ip: ipAddress,
  user_agent: text,
  conversion_value: decimalText,
  currency,
  page_location: pageLocation,
  device_os: text,
  device_type: text,
  package_app_name: text,
  package_app_version: text,
  timestamp: seconds,
  identifiers: filled,
};
const required = ['advertisable_eid', 'pixel_eid', 'event_name', 'page_location', 'ip', 'identifiers'];

const identifierChecks: Readonly<Record<string, Check>> = {
  adct: text,
  email,
  email_sha256: sha256Text,
  email_md5: md5Text,
  device_id: matching(/^(?![0-]+$)\S+$/, 'a device id that is not all zeros'),
  first_party_cookie: text,
  user_id: text,
};

const productChecks: Readonly<Record<string, Check>> = {
  product_id: text,
  product_group: text,
  price: decimalText,
  quantity: count,
  category: text,
};

/** Reports everything AdRoll's documents forbid about one event. */
export function checkAdrollEvent(event: unknown, account: AdrollAccount, report: Report): void {
  if (!isFields(event)) return report('', 'an event must be an object');
  checkFields(event, eventChecks, required, '', report);
  if (event['advertisable_eid'] !== account.advertisableEid)
    report('advertisable_eid', 'is not the advertisable asked for');
  if (account.pixelEid !== undefined && event['pixel_eid'] !== account.pixelEid)
    report('pixel_eid', 'is not a known pixel');
  if (isFields(event['identifiers'])) checkIdentifiers(event['identifiers'], account, report);
  if (isFields(event['event_attributes'])) checkAttributes(event['event_attributes'], event['event_name'], report);
  checkAppUrl(event, report);
}

function checkIdentifiers(
  ids: Fields,
  { identifierPolicy = 'first_party_cookie' }: AdrollAccount,
  report: Report,
): void {
  checkFields(ids, identifierChecks, [], 'identifiers.', report);
  const enough =
    identifierPolicy === 'any' ||
    ids['first_party_cookie'] !== undefined ||
    (identifierPolicy === 'first_party_cookie_or_adct' && ids['adct'] !== undefined);
  if (!enough) report('identifiers.first_party_cookie', 'is required');
  const address = ids['email'];
  if (typeof address !== 'string') return;
  for (const algorithm of ['sha256', 'md5']) {
    const digest = ids[`email_${algorithm}`];
    const expected = createHash(algorithm).update(address.trim().toLowerCase()).digest('hex');
    if (digest !== undefined && digest !== expected)
      report(`identifiers.email_${algorithm}`, 'is not the digest of email');
  }
}

function checkAttributes(attributes: Fields, eventName: unknown, report: Report): void {
  const allowed = attributesOf.get(String(eventName));
  for (const [name, value] of Object.entries(attributes)) {
    const path = `event_attributes.${name}`;
    if (allowed !== undefined && !allowed.has(name)) report(path, `does not belong to ${String(eventName)}`);
    if (name === 'products') checkProducts(value, report);
    else {
      const wrong = text(value);
      if (wrong !== undefined) report(path, wrong);
    }
  }
}

function checkProducts(products: unknown, report: Report): void {
  if (!Array.isArray(products) || products.length === 0) {
    return report('event_attributes.products', 'must be an array that is not empty');
  }
  products.forEach((product: unknown, index) => {
    const at = `event_attributes.products[${index}]`;
    if (filled(product) === undefined) checkFields(product as Fields, productChecks, [], `${at}.`, report);
    else report(at, 'must be an object that is not empty');
  });
}

/** ADROLL-22 to ADROLL-24: what the made-up URL of an app says, the event says too, in the documented order. */
function checkAppUrl(event: Fields, report: Report): void {
  const present = appFields.filter((name) => event[name] !== undefined);
  const location = event['page_location'];
  const url = typeof location === 'string' ? urlIn(location) : undefined;
  if (present.length === 0 || url === undefined) return;
  const said = [...url.searchParams].filter(([name]) => appFields.some((field) => field === name));
  if (said.length === 0) return;
  const same =
    said.length === present.length && said.every(([name, value], i) => name === present[i] && value === event[name]);
  if (!same) report('page_location', 'must carry the four app parameters as the event does, in the documented order');
}
