import type { CdpEvent, JsonObject } from '../../api/index.ts';
import { envelopeOf, traits } from './events-envelope.ts';
import { orderProducts } from './events-web.ts';

const envelope = envelopeOf('mobile', '8d7c6b5a-4e3f-4210-9a8b-7c6d5e4f3a2b');

const app = { name: 'Example Shop', version: '4.2.0', build: '4201', namespace: 'com.example.shop' };

const ios: JsonObject = {
  library: { name: 'analytics-ios', version: '4.1.8' },
  app,
  device: {
    type: 'ios',
    manufacturer: 'Apple',
    model: 'iPhone15,3',
    name: 'iPhone',
    id: 'C0FFEE00-1A2B-4C3D-8E4F-5A6B7C8D9E0F',
    advertisingId: 'A1B2C3D4-E5F6-4789-8ABC-DEF012345678',
    adTrackingEnabled: true,
    attTrackingStatus: 3,
  },
  os: { name: 'iOS', version: '17.5.1' },
  adjust: { adid: '00112233445566778899aabbccddeeff' },
  network: { cellular: false, wifi: true, carrier: 'Example Mobile' },
  screen: { width: 430, height: 932, density: 3 },
  ip: '203.0.113.40',
  userAgent: 'ExampleShop/4.2.0 (iPhone; iOS 17.5.1; Scale/3.00)',
  locale: 'en-US',
  timezone: 'America/New_York',
  traits,
};

const android: JsonObject = {
  library: { name: 'analytics-android', version: '4.11.3' },
  app,
  device: {
    type: 'android',
    manufacturer: 'Google',
    model: 'Pixel 8',
    name: 'shiba',
    id: '9a8b7c6d5e4f3a2b',
    advertisingId: 'f0e1d2c3-b4a5-4697-8879-6a5b4c3d2e1f',
    adTrackingEnabled: true,
  },
  os: { name: 'Android', version: '14' },
  adjust: { adid: 'ffeeddccbbaa99887766554433221100' },
  network: { cellular: true, wifi: false, carrier: 'Example Mobile' },
  screen: { width: 1080, height: 2400, density: 2.625 },
  ip: '203.0.113.41',
  userAgent: 'Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8 Build/UD1A.230803.041)',
  locale: 'en-US',
  timezone: 'America/New_York',
  traits,
};

const order = (orderId: string): JsonObject => ({
  order_id: orderId,
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
});

/** Calls as the mobile SDKs emit them. */
export const appEvents = {
  'order-completed-ios': {
    type: 'track',
    event: 'Order Completed',
    ...envelope('order-completed-ios'),
    properties: order('order-2002'),
    context: ios,
  },
  'order-completed-android': {
    type: 'track',
    event: 'Order Completed',
    ...envelope('order-completed-android'),
    properties: order('order-2003'),
    context: android,
  },
  'screen-ios': {
    type: 'screen',
    name: 'Product',
    category: 'Catalogue',
    ...envelope('screen-ios'),
    properties: { name: 'Product', category: 'Catalogue', product_id: 'prod-501' },
    context: ios,
  },
  'application-opened': {
    type: 'track',
    event: 'Application Opened',
    ...envelope('application-opened'),
    properties: { from_background: false, version: '4.2.0', build: '4201' },
    context: ios,
  },
} as const satisfies Readonly<Record<string, CdpEvent>>;
