import type { CdpEvent, JsonObject } from '../../../api/index.ts';
import { appEvents } from './app-events.ts';
import { hostileProperties } from './hostile-properties.ts';
import type { EventDraw, MakeEvent } from './event-draw.ts';
import { webEvents } from './web-events.ts';

const order = webEvents['web-order'];
const iosOrder = appEvents['ios-order'];

type Change = (context: JsonObject, draw: EventDraw) => JsonObject;

/** A regular event with another context. */
const inContext =
  (make: MakeEvent, change: Change): MakeEvent =>
  (draw) => {
    const event = make(draw);
    return { ...event, context: change(event.context ?? {}, draw) };
  };

/** A regular track event with further, or other, properties. */
const withProperties =
  (make: MakeEvent, change: (draw: EventDraw) => JsonObject): MakeEvent =>
  (draw) => {
    const event = make(draw);
    return event.type === 'track' ? { ...event, properties: { ...event.properties, ...change(draw) } } : event;
  };

const withFields =
  (make: MakeEvent, fields: Partial<CdpEvent> | ((draw: EventDraw) => Partial<CdpEvent>)): MakeEvent =>
  (draw) =>
    ({ ...make(draw), ...(typeof fields === 'function' ? fields(draw) : fields) }) as CdpEvent;

const without = (object: JsonObject, name: string): JsonObject => {
  const { [name]: _, ...rest } = object;
  return rest;
};

const part = (context: JsonObject, name: string): JsonObject => (context[name] ?? {}) as JsonObject;

const noIds = (device: JsonObject): JsonObject => without(without(device, 'advertisingId'), 'id');

const yearMs = 31_536_000_000;
const longAgo = ({ iso, at }: EventDraw): Partial<CdpEvent> => ({
  timestamp: iso(at - yearMs),
  originalTimestamp: iso(at - yearMs),
});

/** Events that one vendor or another must leave out or refuse, each by what is odd about it. */
export const oddEvents = {
  'odd-no-ip': inContext(order, (context) => without(context, 'ip')),
  'odd-bad-ip': inContext(order, (context) => ({ ...context, ip: '999.1.2.3' })),
  'odd-ipv6-phone': inContext(iosOrder, (context, { random }) => ({ ...context, ip: `2001:db8:1::${random.hex(4)}` })),
  'odd-bad-currency': withProperties(order, () => ({ currency: 'US Dollars' })),
  'odd-no-currency': withProperties(iosOrder, () => ({ currency: null })),
  'odd-relative-url': inContext(webEvents['web-signed-up'], (context) => ({
    ...context,
    page: { ...part(context, 'page'), url: '/account' },
  })),
  'odd-no-email': inContext(order, (context) => ({ ...context, traits: without(part(context, 'traits'), 'email') })),
  'odd-no-cookie': (draw) => {
    const event = order(draw);
    return { ...event, integrations: {}, context: without(event.context ?? {}, 'adroll') };
  },
  'odd-no-device-id': inContext(iosOrder, (context) => ({
    ...without(context, 'adjust'),
    device: noIds(part(context, 'device')),
  })),
  'odd-zero-advertising-id': inContext(iosOrder, (context) => ({
    ...context,
    device: {
      ...part(context, 'device'),
      advertisingId: '00000000-0000-0000-0000-000000000000',
      adTrackingEnabled: false,
    },
  })),
  'odd-stale': withFields(iosOrder, longAgo),
  'odd-no-zone': withFields(iosOrder, { timestamp: '2026-01-15T12:00:00', originalTimestamp: null }),
  'odd-negative-revenue': withProperties(iosOrder, () => ({ revenue: -5, total: -5 })),
  'odd-huge-revenue': withProperties(iosOrder, () => ({ revenue: 2e11, total: 2e11 })),
  'odd-unmapped': withFields(order, { event: 'Coupon Brushed Aside' } as Partial<CdpEvent>),
  'odd-all-off': withFields(order, { integrations: { All: false } }),
  'odd-vendors-off': withFields(order, { integrations: { All: true, AdRoll: false, Rokt: false, Adjust: false } }),
  'odd-segment-consent-denied': inContext(order, (context) => ({
    ...without(context, 'consentManagement'),
    consent: { categoryPreferences: { Advertising: false, Analytics: true } },
  })),
  'odd-rudder-consent-denied': inContext(order, (context) => ({
    ...without(context, 'consent'),
    consentManagement: { provider: 'oneTrust', allowedConsentIds: ['C0001'], deniedConsentIds: ['C0004'] },
  })),
  'odd-hostile': (draw) => hostile(draw),
} as const satisfies Record<string, MakeEvent>;

function hostile(draw: EventDraw): CdpEvent {
  const properties = hostileProperties(draw.index);
  return withProperties(draw.random.chance(0.5) ? order : iosOrder, () => properties)(draw);
}
