import type { CdpEvent, JsonObject } from '../../../api/index.ts';
import { messageIdOf, timesOf, userIdOf, type EventDraw, type MakeEvent } from './event-draw.ts';
import { orderOf } from './web-events.ts';
import { cents, type Phone } from './shop-data.ts';

type Platform = Phone['platform'];

const somePhone = ({ random, shop }: EventDraw, platform: Platform): Phone =>
  random.pick(platform === 'ios' ? shop.iPhones : shop.androids);

function call(draw: EventDraw, platform: Platform) {
  const phone = somePhone(draw, platform);
  const messageId = messageIdOf(draw);
  return {
    messageId,
    anonymousId: phone.anonymousId,
    userId: userIdOf(messageId),
    ...timesOf(draw),
    ...phone.envelope,
    context: phone.context,
  };
}

const track =
  (platform: Platform, event: string, properties: (draw: EventDraw) => JsonObject): MakeEvent =>
  (draw): CdpEvent => {
    const sent = call(draw, platform);
    return { type: 'track', event, ...sent, properties: { ...properties(draw), message_id: sent.messageId } };
  };

const oneProduct = ({ random, shop }: EventDraw): JsonObject => ({
  ...random.pick(random.pick(shop.products).lines),
  currency: 'USD',
});

const subscription = ({ random, index }: EventDraw): JsonObject => ({
  subscription_id: `sub-${index.toString(36)}`,
  plan: 'monthly',
  revenue: cents(1 + random.next() * 20),
  currency: 'EUR',
});

const screen =
  (platform: Platform): MakeEvent =>
  (draw) => ({ type: 'screen', name: 'Catalogue', ...call(draw, platform), properties: { section: 'new' } });

export const appEvents = {
  'ios-order': track('ios', 'Order Completed', (draw) => orderOf(draw, 1 + draw.random.below(2))),
  'ios-product-added': track('ios', 'Product Added', oneProduct),
  'ios-signed-up': track('ios', 'Signed Up', () => ({ method: 'apple' })),
  'ios-subscribed': track('ios', 'Subscription Started', subscription),
  'ios-screen': screen('ios'),
  'ios-opened': track('ios', 'Application Opened', () => ({ from_background: true })),
  'android-order': track('android', 'Order Completed', (draw) => orderOf(draw, 1 + draw.random.below(2))),
  'android-product-added': track('android', 'Product Added', oneProduct),
  'android-signed-up': track('android', 'Signed Up', () => ({ method: 'google' })),
  'android-subscribed': track('android', 'Subscription Started', subscription),
  'android-screen': screen('android'),
  'android-installed': track('android', 'Application Installed', () => ({ version: '4.2.0', build: '4201' })),
} as const satisfies Record<string, MakeEvent>;

/** The app's events that have a token in an Adjust dashboard. */
export const appEventNames = ['Order Completed', 'Product Added', 'Signed Up', 'Subscription Started'] as const;
