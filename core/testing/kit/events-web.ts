import type { CdpEvent, JsonObject, PageEvent, TrackEvent } from '../../api/index.ts';
import { envelopeOf, traits } from './events-envelope.ts';

const envelope = envelopeOf('web', '5f2c9a7e-3b41-4d0a-9c86-0e1f2a3b4c5d');

const browser = (path: string, title: string, search = ''): JsonObject => ({
  library: { name: 'analytics.js', version: '4.1.0' },
  ip: '203.0.113.25',
  userAgent:
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
  locale: 'en-US',
  timezone: 'America/New_York',
  page: {
    url: `https://shop.example.com${path}${search}`,
    path,
    search,
    title,
    referrer: 'https://www.example.com/search?q=trail+shoes',
  },
  traits,
  adroll: { firstPartyCookie: '0f1e2d3c4b5a69788796a5b4c3d2e1f0-a_1768478340' },
});

const tentProduct = {
  product_id: 'prod-501',
  sku: 'TENT-2P-GRN',
  name: 'Two-person tent',
  brand: 'Northfield',
  category: 'Tents',
  price: 189.5,
  quantity: 1,
  url: 'https://shop.example.com/products/two-person-tent',
};
const stoveProduct = {
  product_id: 'prod-502',
  sku: 'STOVE-GAS-1',
  name: 'Gas stove',
  brand: 'Northfield',
  category: 'Cooking',
  price: 34.25,
  quantity: 2,
  url: 'https://shop.example.com/products/gas-stove',
};
export const orderProducts = [tentProduct, stoveProduct];

const track = (name: string, event: string, properties: JsonObject, context: JsonObject): TrackEvent => ({
  type: 'track',
  event,
  ...envelope(name),
  properties,
  context,
});

const page = (name: string, title: string, path: string, category: string): PageEvent => ({
  type: 'page',
  name: title,
  category,
  ...envelope(name),
  properties: {
    url: `https://shop.example.com${path}`,
    path,
    search: '',
    title,
    referrer: 'https://www.example.com/search?q=trail+shoes',
    category,
  },
  context: browser(path, title),
});

/** A mail provider reports on behalf of a person: no page, no cookie. */
const mail = (name: string, event: string): TrackEvent =>
  track(
    name,
    event,
    {
      email: 'jane.doe@example.com',
      email_id: 'mail-9001',
      email_subject: 'Spring sale',
      campaign_id: 'camp-77',
      campaign_name: 'Spring sale 2026',
      list_id: 'list-12',
      list_name: 'Newsletter',
    },
    {
      library: { name: 'mail-provider', version: '1.3.0' },
      ip: '203.0.113.25',
      userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)',
      locale: 'en-US',
      traits,
    },
  );

/** Calls as a browser SDK (and a mail provider's server) emits them. */
export const webEvents = {
  'order-completed-web': track(
    'order-completed-web',
    'Order Completed',
    {
      checkout_id: 'chk-3001',
      order_id: 'order-2001',
      affiliation: 'Example Outdoor Shop',
      subtotal: 258,
      total: 278.73,
      revenue: 258,
      shipping: 5,
      tax: 20.73,
      discount: 5,
      coupon: 'SPRING5',
      currency: 'USD',
      payment_method: 'credit_card',
      products: orderProducts,
    },
    browser('/checkout/thank-you', 'Thank you for your order', '?order=order-2001'),
  ),
  'product-viewed': track(
    'product-viewed',
    'Product Viewed',
    { ...tentProduct, currency: 'USD', value: 189.5, position: 3 },
    browser('/products/two-person-tent', 'Two-person tent'),
  ),
  'product-added': track(
    'product-added',
    'Product Added',
    { cart_id: 'cart-4001', ...stoveProduct, currency: 'USD' },
    browser('/products/gas-stove', 'Gas stove'),
  ),
  'product-list-viewed': track(
    'product-list-viewed',
    'Product List Viewed',
    { list_id: 'plist-1', category: 'Camping', products: orderProducts },
    browser('/camping', 'Camping'),
  ),
  'products-searched': track(
    'products-searched',
    'Products Searched',
    { query: 'trail shoes' },
    browser('/search', 'Search results', '?q=trail+shoes'),
  ),
  'signed-up': track(
    'signed-up',
    'Signed Up',
    { type: 'customer', plan: 'free', username: 'jane.doe', email: 'jane.doe@example.com' },
    browser('/welcome', 'Welcome'),
  ),
  'trial-started': track(
    'trial-started',
    'Trial Started',
    { trial_plan_name: 'Plus', trial_start_date: '2026-01-15', trial_end_date: '2026-02-14', plan: 'Plus' },
    browser('/trial', 'Your trial has started'),
  ),
  'page-home': page('page-home', 'Home', '/', 'Home'),
  'page-product': page('page-product', 'Two-person tent', '/products/two-person-tent', 'Product'),
  identify: {
    type: 'identify',
    ...envelope('identify'),
    traits: { ...traits, name: 'Jane Doe', createdAt: '2025-06-01T08:00:00.000Z', plan: 'free' },
    context: browser('/account', 'Your account'),
  },
  group: {
    type: 'group',
    groupId: 'group-31',
    ...envelope('group'),
    traits: { name: 'Example Outdoor Club', industry: 'Retail', employees: 42, plan: 'Plus' },
    context: browser('/team', 'Your team'),
  },
  alias: {
    type: 'alias',
    previousId: '5f2c9a7e-3b41-4d0a-9c86-0e1f2a3b4c5d',
    ...envelope('alias'),
    context: browser('/welcome', 'Welcome'),
  },
  unsubscribed: mail('unsubscribed', 'Unsubscribed'),
  'email-marked-as-spam': mail('email-marked-as-spam', 'Email Marked as Spam'),
} as const satisfies Readonly<Record<string, CdpEvent>>;
