import { plainName } from '../../core/api/index.ts';

/** One entry of the list. It is sent as bare text (ADEMAIL-17); the name is that in the list's reply (ADEMAIL-29). */
export interface Unsubscriber {
  readonly email_address: string;
}

/** Default of the setting: track events that mean unsubscribing. */
export const unsubscribeNames = ['Unsubscribed', 'Email Unsubscribed', 'Email Marked as Spam'] as const;

/** Track events that mean resubscribing, as plainName() spells them. */
const optInNames: ReadonlySet<string> = new Set([
  'resubscribed',
  'subscribed',
  'emailresubscribed',
  'emailsubscribed',
  'optedin',
  'emailoptedin',
]);

/** No operation removes an unsubscriber from the list (ADEMAIL-25). */
export const isOptIn = (eventName: string): boolean => optInNames.has(plainName(eventName));

/** How an identify call states the subscription: a trait, and its value that means unsubscribed. */
export const subscriptionTraits = [
  { trait: 'unsubscribed', unsubscribes: true },
  { trait: 'email_subscribed', unsubscribes: false },
] as const;

/** Segment puts the traits of an identify call beside its type, RudderStack's SDKs into its context. */
export const traitPlaces = ['traits', 'context.traits'] as const;

/** Paths of the address. The first one present decides: it is the one that the event is about. */
export const addressPaths = {
  track: ['properties.email', 'context.traits.email'],
  identify: traitPlaces.map((place) => `${place}.email`),
} as const;
