import type { AnyDestination, CdpEvent, JsonObject } from '../../../core/index.ts';
import adjust from '../../../destinations/adjust/index.ts';
import adroll from '../../../destinations/adroll/index.ts';

/** A vendor, the settings of a customer, and an event of theirs that tells its number on the wire. */
export interface VendorCase {
  readonly destination: AnyDestination;
  readonly config: Readonly<Record<string, unknown>>;
  readonly eventOf: (n: number, at: number) => CdpEvent;
  /** The numbers of the events in a request. */
  readonly numbersIn: (text: string) => readonly number[];
}

const shop = (n: number, at: number, context: JsonObject): CdpEvent => ({
  type: 'track',
  event: 'Order Completed',
  messageId: `m-${n}`,
  userId: `user-${n}`,
  timestamp: new Date(at).toISOString(),
  properties: { order_id: `o-${n}`, total: 10, currency: 'USD' },
  context: { ip: '203.0.113.7', userAgent: 'Mozilla/5.0', traits: { email: `user-${n}@example.com` }, ...context },
});

const hex = (n: number, digits: number): string => n.toString(16).padStart(digits, '0');

export const vendorCases = {
  adjust: {
    destination: adjust,
    config: { appToken: 'app5imulated', environment: 'sandbox', eventTokens: { 'Order Completed': 'tok001' } },
    eventOf: (n, at) =>
      shop(n, at, {
        os: { name: 'Android', version: '14' },
        device: {
          type: 'android',
          advertisingId: `a0a0a0a0-0000-4000-8000-${hex(n, 12)}`,
          adTrackingEnabled: true,
        },
      }),
    numbersIn: (text) =>
      [...text.matchAll(/gps_adid=[\da-f-]{24}([\da-f]{12})/g)].map(([, n]) => parseInt(n ?? '', 16)),
  },
  adroll: {
    destination: adroll,
    config: {
      advertisableEid: 'ADVERTISABLE0000000001',
      pixelEid: 'PIXEL00000000000000001',
      serverAccessToken: 'sat-simulated',
      identifierPolicy: 'any',
      // Compression takes real time, which a virtual clock does not wait for.
      gzip: false,
    },
    eventOf: (n, at) => shop(n, at, { page: { url: 'https://shop.example.com/thanks' } }),
    numbersIn: (text) => [...text.matchAll(/"user_id":"user-(\d+)"/g)].map(([, n]) => Number(n)),
  },
} satisfies Record<string, VendorCase>;
