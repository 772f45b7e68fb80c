import type { JsonObject } from '../../../api/index.ts';
import type { Random } from '../random.ts';

export interface Product {
  readonly id: string;
  readonly name: string;
  readonly category: string;
  readonly price: number;
  /** The order line for one, two and three of it. */
  readonly lines: readonly [JsonObject, JsonObject, JsonObject];
  readonly page: JsonObject;
}

export interface Visitor {
  readonly anonymousId: string;
  readonly email: string;
  readonly traits: JsonObject;
  /** What differs between a Segment and a RudderStack call at the top level. */
  readonly envelope: { readonly integrations: JsonObject; readonly channel?: 'web' };
  readonly segment: boolean;
  /** All of the web context but the page. */
  readonly context: JsonObject;
}

export interface Phone {
  readonly platform: 'ios' | 'android';
  readonly anonymousId: string;
  readonly envelope: { readonly integrations: JsonObject; readonly channel?: 'mobile' };
  readonly context: JsonObject;
}

/** The people, phones and goods a stream of events draws from: shared between events, hence frozen. */
export interface ShopData {
  readonly products: readonly [Product, ...Product[]];
  readonly visitors: readonly [Visitor, ...Visitor[]];
  readonly iPhones: readonly [Phone, ...Phone[]];
  readonly androids: readonly [Phone, ...Phone[]];
}

export const shop = 'https://shop.example.com';

export const makeShopData = (random: Random, people: number, phones: number): ShopData => ({
  products: several(120, (index) => makeProduct(random, index)),
  visitors: several(people, (index) => makeVisitor(random, index)),
  iPhones: several(Math.ceil(phones / 2), (index) => makePhone(random, index, 'ios')),
  androids: several(Math.ceil(phones / 2), (index) => makePhone(random, index, 'android')),
});

const several = <T>(count: number, make: (index: number) => T): readonly [T, ...T[]] => [
  make(0),
  ...Array.from({ length: Math.max(0, count - 1) }, (_, index) => make(index + 1)),
];

export const cents = (amount: number): number => Math.round(amount * 100) / 100;

const kinds = ['Shoes', 'Shirts', 'Jackets', 'Bags', 'Audio', 'Kitchen', 'Garden', 'Café & Thé'] as const;
const makes = ['Trail', 'Urban', 'Coast', 'Alpine', 'Studio', 'Classic', 'Nordic', 'Zoë'] as const;

function makeProduct(random: Random, index: number): Product {
  const category = random.pick(kinds);
  const name = `${random.pick(makes)} ${category} ${index + 100}`;
  const id = `507f1f77bcf8${random.hex(8)}`;
  const price = cents(5 + random.next() * 195);
  const path = `/products/${index + 100}`;
  const line = (quantity: number): JsonObject =>
    frozen({
      product_id: id,
      sku: `SKU-${index + 100}`,
      name,
      category,
      variant: random.pick(['black', 'navy', 'sand']),
      price,
      quantity,
      url: `${shop}${path}`,
    });
  const lines = [line(1), line(2), line(3)] as const;
  return { id, name, category, price, lines, page: page(path, name) };
}

/** The page object of a browser SDK. */
export const page = (path: string, title: string, search = ''): JsonObject =>
  frozen({ path, referrer: `${shop}/`, search, title, url: `${shop}${path}${search}` });

const browsers = [
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
] as const;
const firstNames = ['Jane', 'Omar', 'Zoë', 'Li', 'Ana', 'Björn', 'Priya', 'Sam'] as const;
const lastNames = ['Doe', 'Haddad', 'Müller', 'Wang', 'Silva', "O'Neil", 'Rao', 'Jones'] as const;
const consented = {
  segment: { consent: { categoryPreferences: { Advertising: true, Analytics: true, Functional: true } } },
  rudder: { consentManagement: { provider: 'oneTrust', allowedConsentIds: ['C0001', 'C0004'], deniedConsentIds: [] } },
};

function makeVisitor(random: Random, index: number): Visitor {
  const segment = random.chance(0.5);
  const traits = makeTraits(random, index);
  const cookie = `${random.hex(32)}-${1_750_000_000_000 + random.below(1e9)}`;
  const cookieInContext = random.chance(0.9);
  const adroll = cookieInContext ? {} : { AdRoll: { first_party_cookie: cookie } };
  const integrations = frozen(segment ? adroll : { All: true, ...adroll });
  const context = frozen({
    library: segment
      ? { name: 'analytics.js', version: 'npm:next-1.76.0' }
      : { name: 'RudderLabs JavaScript SDK', version: '3.11.14' },
    ip: ipOf(random, 0.1),
    userAgent: random.pick(browsers),
    locale: random.pick(['en-US', 'de-DE', 'pt-BR']),
    timezone: 'America/New_York',
    ...(cookieInContext ? { adroll: { firstPartyCookie: cookie } } : {}),
    ...(random.chance(0.5) ? (segment ? consented.segment : consented.rudder) : {}),
    traits,
  });
  return {
    anonymousId: random.uuid(),
    email: traits['email'] as string,
    traits,
    envelope: segment ? { integrations } : { channel: 'web', integrations },
    segment,
    context,
  };
}

function makeTraits(random: Random, index: number): JsonObject {
  const digits = String(2_000_000_000 + random.below(999_999_999));
  const local = digits.replace(/(\d{3})(\d{3})(\d{4})/, '+1 ($1) $2-$3');
  return frozen({
    email: `${random.chance(0.2) ? 'Person' : 'person'}.${index}@example.com`,
    firstName: random.pick(firstNames),
    lastName: random.pick(lastNames),
    phone: random.chance(0.5) ? digits : local,
  });
}

/** Addresses of the ranges set aside for documentation. */
function ipOf(random: Random, ipv6: number): string {
  return random.chance(ipv6) ? `2001:db8::${random.hex(4)}` : `203.0.113.${1 + random.below(254)}`;
}

function makePhone(random: Random, index: number, platform: 'ios' | 'android'): Phone {
  const ios = platform === 'ios';
  const segment = random.chance(0.5);
  const tracked = random.chance(0.8);
  const library = ios
    ? { name: segment ? 'analytics-ios' : 'rudder-ios-library', version: '4.1.8' }
    : { name: segment ? 'analytics-kotlin' : 'com.rudderstack.android.sdk.core', version: '1.27.0' };
  const context = frozen({
    app: { build: '4201', name: 'Example Shop', namespace: 'com.example.shop', version: '4.2.0' },
    device: {
      ...(ios ? { id: random.uuid().toUpperCase() } : { id: `9${random.hex(15)}` }),
      ...(tracked ? { advertisingId: ios ? random.uuid().toUpperCase() : random.uuid() } : {}),
      adTrackingEnabled: tracked,
      ...(ios ? { attTrackingStatus: tracked ? 3 : 2 } : {}),
      manufacturer: ios ? 'Apple' : 'Google',
      model: ios ? 'iPhone15,3' : 'Pixel 8',
      name: ios ? 'iPhone' : 'shiba',
      type: platform,
    },
    library,
    locale: 'en-US',
    network: { carrier: 'Example Mobile', cellular: true, wifi: false },
    os: ios ? { name: 'iOS', version: '17.5.1' } : { name: 'Android', version: '14' },
    screen: { density: 3, height: 2400, width: 1080 },
    timezone: 'Europe/Berlin',
    userAgent: ios ? 'ExampleShop/4.2.0 (iPhone; iOS 17.5.1)' : 'Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8)',
    ip: ipOf(random, 0.2),
    ...(random.chance(0.6) ? { adjust: { adid: random.hex(32) } } : {}),
    adroll: { firstPartyCookie: `${random.hex(32)}-${1_750_000_000_000 + index}` },
    traits: makeTraits(random, 1_000_000 + index),
  });
  const integrations = frozen(segment ? {} : { All: true });
  return {
    platform,
    anonymousId: random.uuid(),
    envelope: segment ? { integrations } : { channel: 'mobile', integrations },
    context,
  };
}

function frozen<T extends JsonObject>(value: T): T {
  for (const inner of Object.values(value)) {
    if (typeof inner === 'object' && inner !== null) frozen(inner as JsonObject);
  }
  return Object.freeze(value);
}
