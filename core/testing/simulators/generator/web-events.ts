import type { CdpEvent, JsonObject } from '../../../api/index.ts';
import { messageIdOf, timesOf, userIdOf, type EventDraw, type MakeEvent } from './event-draw.ts';
import { cents, page, type Product, type Visitor } from './shop-data.ts';

const someone = ({ random, shop }: EventDraw): Visitor => random.pick(shop.visitors);
const something = ({ random, shop }: EventDraw): Product => random.pick(shop.products);

const checkout = page('/checkout/thanks', 'Thank you');
const home = page('/', 'Example Shop');
const account = page('/account', 'Your account');

/** What all calls of a browser share. Segment's ids carry the browser's time, RudderStack's are bare UUIDs. */
export function browserCall(draw: EventDraw, visitor: Visitor, shown: JsonObject) {
  const id = messageIdOf(draw);
  const messageId = visitor.segment ? `ajs-next-${draw.at}-${id}` : id;
  return {
    messageId,
    anonymousId: visitor.anonymousId,
    userId: userIdOf(messageId),
    ...timesOf(draw),
    ...visitor.envelope,
    context: { ...visitor.context, page: shown },
  };
}

function track(draw: EventDraw, event: string, shown: JsonObject, properties: JsonObject): CdpEvent {
  const sent = browserCall(draw, someone(draw), shown);
  return { type: 'track', event, ...sent, properties: { ...properties, message_id: sent.messageId } };
}

/** An order's properties after the e-commerce spec both SDKs share. */
export function orderOf(draw: EventDraw, lines: number): JsonObject {
  const { random, index } = draw;
  const products = Array.from({ length: lines }, () => random.pick(something(draw).lines));
  const revenue = cents(products.reduce((sum, line) => sum + Number(line['price']) * Number(line['quantity']), 0));
  const tax = cents(revenue * 0.08);
  return {
    order_id: `SO-${10_000_000 + index}`,
    checkout_id: `ch-${index.toString(36)}`,
    affiliation: 'Example Store',
    revenue,
    tax,
    shipping: 4.9,
    total: cents(revenue + tax + 4.9),
    currency: random.pick(['USD', 'EUR', 'GBP', 'CAD']),
    payment_method: random.pick(['visa', 'mastercard', 'paypal']),
    products,
  };
}

const order: MakeEvent = (draw) => track(draw, 'Order Completed', checkout, orderOf(draw, 2 + draw.random.below(2)));

const smallOrder: MakeEvent = (draw) => track(draw, 'Order Completed', checkout, orderOf(draw, 1));

const onProduct =
  (event: string): MakeEvent =>
  (draw) => {
    const product = something(draw);
    return track(draw, event, product.page, { ...draw.random.pick(product.lines), currency: 'USD' });
  };

const listOf = (draw: EventDraw): readonly JsonObject[] =>
  Array.from({ length: 3 + draw.random.below(4) }, () => something(draw).lines[0]);

const listViewed: MakeEvent = (draw) => {
  const { category } = something(draw);
  const shown = page(`/c/${encodeURIComponent(category)}`, category);
  return track(draw, 'Product List Viewed', shown, { list_id: category, category, products: listOf(draw) });
};

const searched: MakeEvent = (draw) => {
  const query = something(draw).name.toLowerCase();
  return track(draw, 'Products Searched', page('/search', 'Search', `?q=${encodeURIComponent(query)}`), { query });
};

const signedUp: MakeEvent = (draw) => track(draw, 'Signed Up', account, { plan: 'free', method: 'email' });

const trialStarted: MakeEvent = (draw) =>
  track(draw, 'Trial Started', account, { trial_start_date: draw.iso(draw.at).slice(0, 10), trial_plan_name: 'team' });

const unsubscribed: MakeEvent = (draw) => track(draw, 'Unsubscribed', account, { list: 'newsletter' });

/** One home page in five is the landing page of an AdRoll ad, one of a Rokt offer (ADROLL-38, ROKT-41). */
const homePage: MakeEvent = (draw) => {
  const { random } = draw;
  const click = random.below(5);
  const shown =
    click > 1 ? home : page('/', 'Example Shop', click === 0 ? `?adct=${random.hex(20)}` : `?rtid=${random.hex(20)}`);
  return {
    type: 'page',
    name: 'Home',
    ...browserCall(draw, someone(draw), shown),
    properties: { ...shown, name: 'Home' },
  };
};

const productPage: MakeEvent = (draw) => {
  const shown = something(draw).page;
  const name = 'Product';
  return {
    type: 'page',
    name,
    category: 'Catalogue',
    ...browserCall(draw, someone(draw), shown),
    properties: { ...shown, name },
  };
};

const identify: MakeEvent = (draw) => {
  const visitor = someone(draw);
  return { type: 'identify', ...browserCall(draw, visitor, account), traits: visitor.traits };
};

const group: MakeEvent = (draw) => {
  const groupId = `g-${draw.random.below(50)}`;
  return { type: 'group', groupId, ...browserCall(draw, someone(draw), account), traits: { name: 'Example Company' } };
};

const alias: MakeEvent = (draw) => {
  const visitor = someone(draw);
  return { type: 'alias', previousId: visitor.anonymousId, ...browserCall(draw, visitor, account) };
};

export const webEvents = {
  'web-order': order,
  'web-small-order': smallOrder,
  'web-product-viewed': onProduct('Product Viewed'),
  'web-product-added': onProduct('Product Added'),
  'web-list-viewed': listViewed,
  'web-searched': searched,
  'web-signed-up': signedUp,
  'web-trial-started': trialStarted,
  'web-unsubscribed': unsubscribed,
  'web-home': homePage,
  'web-product-page': productPage,
  'web-identify': identify,
  'web-group': group,
  'web-alias': alias,
} as const satisfies Record<string, MakeEvent>;
