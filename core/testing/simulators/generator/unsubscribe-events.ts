import type { CdpEvent, JsonObject } from '../../../api/index.ts';
import { messageIdOf, timesOf, userIdOf, type EventDraw, type MakeEvent } from './event-draw.ts';
import { page, shop, type Visitor, type ShopData } from './shop-data.ts';
import { browserCall } from './web-events.ts';

const preferences = page('/account/emails', 'E-mail preferences');

/** A person whose address is unique in the stream, because it contains the position. */
interface Reader {
  readonly visitor: Visitor;
  readonly address: string;
}

function readerAt(world: ShopData, index: number): Reader {
  const visitor = world.visitors[index % world.visitors.length] ?? world.visitors[0];
  const first = nameIn(visitor, 'firstName');
  const last = nameIn(visitor, 'lastName');
  const number = index.toString(36);
  const spellings = [
    `${first}.${last}.${number}@example.com`.toLowerCase(),
    `${first}.${last}.${number}@Example.com`,
    `${first}_${number}+news@mail.example.org`.toLowerCase(),
    `${first.charAt(0)}-${last}${number}@example.net`.toLowerCase(),
  ];
  return { visitor, address: spellings[index % spellings.length] ?? '' };
}

/** Without accents: addresses with them are beyond what every mail service takes. */
const nameIn = ({ traits }: Visitor, part: 'firstName' | 'lastName'): string =>
  (traits[part] as string).normalize('NFD').replaceAll(/\p{Mark}/gu, '');

type Write = (address: string, draw: EventDraw) => string;
const asItIs: Write = (address) => address;

/** A call of a browser whose visitor has this address among the traits. */
function readerCall(draw: EventDraw, { visitor, address }: Reader) {
  const { context, ...sent } = browserCall(draw, visitor, preferences);
  return { ...sent, context: { ...context, traits: { ...visitor.traits, email: address } } };
}

/** What a mail service's webhook becomes: no browser, no phone, and the address among the properties alone. */
function mailServiceCall(draw: EventDraw, { visitor }: Reader) {
  const messageId = messageIdOf(draw);
  return {
    messageId,
    userId: userIdOf(messageId),
    ...timesOf(draw),
    ...(visitor.segment ? { integrations: {} } : { channel: 'server', integrations: { All: true } }),
    context: {
      library: visitor.segment
        ? { name: '@segment/analytics-node', version: '2.2.1' }
        : { name: '@rudderstack/rudder-sdk-node', version: '2.1.4' },
    },
  };
}

const mailing = ({ random, index }: EventDraw): JsonObject => ({
  email_id: `mail-${index.toString(36)}`,
  email_subject: random.pick(['Spring sale', 'Your weekly letter', 'Back in stock']),
  campaign_id: `camp-${random.below(40)}`,
  campaign_name: 'Newsletter',
});

/** The reader at this place, with the address as `write` has it. */
const readerOf = (draw: EventDraw, write: Write): Reader => {
  const reader = readerAt(draw.shop, draw.index);
  return { ...reader, address: write(reader.address, draw) };
};

const inBrowser =
  (event: string, write: Write = asItIs): MakeEvent =>
  (draw): CdpEvent => {
    const sent = readerCall(draw, readerOf(draw, write));
    const properties = { list_id: 'newsletter', list_name: 'Newsletter', message_id: sent.messageId };
    return { type: 'track', event, ...sent, properties };
  };

const byMailService =
  (event: string, write: Write = asItIs): MakeEvent =>
  (draw): CdpEvent => {
    const reader = readerOf(draw, write);
    const sent = mailServiceCall(draw, reader);
    const properties = { ...mailing(draw), email: reader.address, message_id: sent.messageId };
    return { type: 'track', event, ...sent, properties };
  };

const identify =
  (said: JsonObject, write: Write = asItIs): MakeEvent =>
  (draw): CdpEvent => {
    const reader = readerOf(draw, write);
    const traits = { ...reader.visitor.traits, email: reader.address, ...said };
    const { context, ...sent } = readerCall(draw, reader);
    return { type: 'identify', ...sent, context: { ...context, traits }, traits };
  };

/** People who want no more e-mail, each with an address of their own. */
export const unsubscribeEvents = {
  'unsubscribe-web': inBrowser('Unsubscribed'),
  'unsubscribe-mail': byMailService('Email Unsubscribed'),
  'unsubscribe-spam': byMailService('Email Marked as Spam'),
  'unsubscribe-trait': identify({ unsubscribed: true }),
  'unsubscribe-subscribed-trait': identify({ email_subscribed: false }),
} as const satisfies Record<string, MakeEvent>;

/** The address of one of the two hundred places before this one, shouted: so it is never spelled as it was there. */
const earlier: Write = (_, { random, shop, index }) =>
  readerAt(shop, Math.max(0, index - 1 - random.below(200))).address.toUpperCase();

const malformed: Write = (address, { random }) =>
  random.pick([
    address.replace('@', ' at '),
    address.replace('@', '@@'),
    address.slice(0, address.indexOf('@') + 1),
    `@${address.replace('@', '.')}`,
    address.replace('@', '..@'),
    `${address.slice(0, address.indexOf('@'))}@localhost`,
    `<${address}>`,
    `${address}, ${address}`,
    `mailto:${address}`,
    `${shop}/unsubscribe?to=${address}`,
  ]);

/** A digest's shape is all that counts, and chance is quicker than hashing. */
const hashed: Write = (_, { random }) => random.hex(random.chance(0.5) ? 64 : 32);

/** People who asked before: one in a batch, or a batch later. */
export const repeatedUnsubscribeEvents = {
  'unsubscribe-web-again': inBrowser('Unsubscribed', earlier),
  'unsubscribe-mail-again': byMailService('Email Unsubscribed', earlier),
  'unsubscribe-trait-again': identify({ unsubscribed: true }, earlier),
} as const satisfies Record<string, MakeEvent>;

/** What must not be recorded, or not as it is spelled. */
export const oddUnsubscribeEvents = {
  'unsubscribe-padded': byMailService('Email Unsubscribed', (address) => ` ${address}\n`),
  'unsubscribe-malformed': byMailService('Email Unsubscribed', malformed),
  'unsubscribe-malformed-trait': identify({ unsubscribed: true }, malformed),
  'unsubscribe-hashed': byMailService('Email Marked as Spam', hashed),
  'unsubscribe-no-address': (draw) => {
    const event = byMailService('Email Unsubscribed')(draw);
    const { email: _, ...properties } = 'properties' in event ? (event.properties ?? {}) : {};
    return { ...event, properties } as CdpEvent;
  },
  'resubscribe-web': inBrowser('Resubscribed'),
  'resubscribe-mail': byMailService('Email Resubscribed'),
  'resubscribe-trait': identify({ unsubscribed: false }),
  'resubscribe-subscribed-trait': identify({ email_subscribed: true }),
} as const satisfies Record<string, MakeEvent>;

/**
 * The address an event of this file, or any other of the generator's, asks to unsubscribe or subscribe: the one among
 * the properties, else among the traits, else in the context. `undefined` when it has none.
 */
export function addressOf(event: CdpEvent): string | undefined {
  const places = [
    'properties' in event ? event.properties : undefined,
    event.type === 'identify' ? event.traits : undefined,
    event.context?.['traits'] as JsonObject | undefined,
  ];
  return places.map((place) => place?.['email']).find((address) => typeof address === 'string');
}
