/** One entry of the list. It travels as bare text (ADEMAIL-17); the name is that of the list one can read (ADEMAIL-29). */
export interface Unsubscriber {
  readonly email_address: string;
}

/** The default of the setting: track events by which a person leaves the list. */
export const unsubscribeNames = ['Unsubscribed', 'Email Unsubscribed', 'Email Marked as Spam'] as const;

/** Track events that would put a person back on the list, as plain() writes them. */
const optInNames: ReadonlySet<string> = new Set([
  'resubscribed',
  'subscribed',
  'emailresubscribed',
  'emailsubscribed',
  'optedin',
  'emailoptedin',
]);

/** No operation takes an unsubscriber off the list (ADEMAIL-25). */
export const isOptIn = (eventName: string): boolean => optInNames.has(plain(eventName));

const plain = (name: string): string => name.replaceAll(/[\s_-]/g, '').toLowerCase();

/** What an identify call says about the subscription: a trait, and the value of it that means "no more". */
export const subscriptionTraits = [
  { trait: 'unsubscribed', unsubscribes: true },
  { trait: 'email_subscribed', unsubscribes: false },
] as const;

/** Segment puts the traits of an identify call beside its type, RudderStack's SDKs into its context. */
export const traitPlaces = ['traits', 'context.traits'] as const;

/** Where the address stands. The first one that is there decides: it is the one the event is about. */
export const addressPaths = {
  track: ['properties.email', 'context.traits.email'],
  identify: traitPlaces.map((place) => `${place}.email`),
} as const;
