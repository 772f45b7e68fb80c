import { basicUserName, choice, secret, setting, text, trimInvisible, trimmedText, z } from '../../core/api/index.ts';

/** Rokt's own attribute names. */
const knownEventAttributes = [
  'amount',
  'currency',
  'quantity',
  'conversiontype',
  'productname',
  'sku',
  'paymenttype',
  'margin',
  'transactionid',
  'confirmationref',
];
const knownUserAttributes = ['firstname', 'lastname', 'mobile', 'ipaddress'];

/** Longest attribute value mParticle keeps (ROKT-47), so also the longest kind of conversion. */
const kind = trimmedText().min(1, 'must not be blank').max(4096, 'must not be longer than 4096 characters');
const eventName = setting(
  z.string().regex(/\S/, 'must not be blank').max(4096, 'must not be longer than 4096 characters'),
  'Event name',
  'Exactly as the event spells it.',
);
const eventNames = setting(
  z.array(eventName).min(1, 'must name an event'),
  'Event names',
  'Order Completed is a "purchase", every other event goes under its own name.',
);
const eventKinds = setting(
  z
    .record(eventName, setting(kind, 'Conversion type', 'What Rokt shall see, such as "purchase" or "subscription".'))
    .refine((kinds) => Object.keys(kinds).length > 0, 'must name an event'),
  'Event names with their type',
  'Event name -> conversion type.',
);

/** Names in the event, none of which is sent anyway under Rokt's own name, in any case (ROKT-35). */
function otherNames(sent: readonly string[]) {
  const name = text('Name', 'Exactly as the event spells it.').refine(
    (other) => !sent.includes(other.toLowerCase()),
    'is sent by itself, from the fields that the README names',
  );
  return z.array(setting(name, 'Name', 'Exactly as the event spells it.')).default([]);
}

/** The settings of a connection: one pod, one credential pair, one environment. */
export const config = z.strictObject({
  pod: setting(
    z.preprocess(
      // Rokt's table writes the names in capitals, its URLs in small letters (ROKT-02).
      (pod) => (typeof pod === 'string' ? trimInvisible(pod).toLowerCase() : pod),
      choice({ us1: 'US1, United States', us2: 'US2, United States', eu1: 'EU1, Europe', au1: 'AU1, Australia' }),
    ),
    'Pod',
    'The data region Rokt gave you. Pods are isolated: the wrong one refuses your key.',
  ),
  apiKey: secret('API key', 'From your Rokt account representative.', basicUserName),
  apiSecret: secret('API secret', 'From your Rokt account representative.'),
  environment: setting(
    choice({ development: 'Development', production: 'Production' }),
    'Environment',
    'Marks the data as test or live. Key and pod are the same for both.',
  ),
  identity: setting(
    choice({ raw: 'The address itself', hashed: 'Its SHA-256', both: 'Both' }).default('both'),
    'E-mail form',
    'Send the address itself, its SHA-256, or both. An event with neither of the chosen forms is rejected.',
  ),
  conversions: setting(
    z
      .union([eventNames, eventKinds], 'must be event names, or event names with their type')
      .default(['Order Completed']),
    'Conversions',
    'Track events that are conversions: a list of names, or names with the conversion type Rokt shall see.',
  ),
  bulk: setting(
    z.boolean().default(false),
    'Bulk requests',
    "Up to 100 conversions a request, to /v2/bulkevents. It is in mParticle's OpenAPI description, which Rokt's Event " +
      "API runs on, but not in Rokt's own document. Off: one conversion a request, to /v2/events.",
  ),
  customAttributes: setting(
    otherNames(knownEventAttributes),
    'Event attributes',
    'Properties to pass on beside the ones Rokt knows. Objects and lists travel as JSON text.',
  ),
  userAttributes: setting(
    otherNames(knownUserAttributes),
    'User attributes',
    'Traits to pass on beside first name, last name, phone and IP address. At most 100 reach Rokt.',
  ),
  confirmationRef: setting(
    choice({ order_id: 'Order id', order_id_or_message_id: 'Order id, else message id' }).default('order_id'),
    'Confirmation reference',
    'What Rokt deduplicates conversions by where an event has no confirmationref: the order id alone, or the message ' +
      'id where there is no order id either.',
  ),
  customEventType: setting(
    choice({
      navigation: 'Navigation',
      location: 'Location',
      search: 'Search',
      transaction: 'Transaction',
      user_content: 'User content',
      user_preference: 'User preference',
      social: 'Social',
      other: 'Other',
    }).optional(),
    'Custom event type',
    "mParticle's own kind of event. Rokt does not ask for it; leave it empty unless your representative does.",
  ),
  clickId: setting(
    z.boolean().default(false),
    'Rokt click id',
    "Send the click id an event carries as rtid or rclid, in its properties or traits. Rokt's document of the Event " +
      'API does not ask for it.',
  ),
  advertisingIds: setting(
    z.boolean().default(false),
    'Advertising ids',
    "Send the phone's advertising id of app events, unless tracking is limited there. Rokt's document of the Event API " +
      'does not ask for it.',
  ),
});

export type Config = z.infer<typeof config>;
