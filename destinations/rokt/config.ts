import { basicUserName, secret, setting, text, z } from '../../core/api/index.ts';

/** Longest attribute value mParticle keeps (ROKT-47), so also the longest kind of conversion. */
const kind = z.string().trim().min(1, 'must not be blank').max(4096, 'must not be longer than 4096 characters');
const eventName = z.string().regex(/\S/, 'must not be blank').max(4096, 'must not be longer than 4096 characters');
const eventKinds = z.record(eventName, kind).refine((kinds) => Object.keys(kinds).length > 0, 'must name an event');
const names = z.array(text('Name', 'Exactly as the event spells it.'));

/** The settings of a connection: one pod, one credential pair, one environment. */
export const config = z.strictObject({
  pod: setting(
    z.enum(['us1', 'us2', 'eu1', 'au1']),
    'Pod',
    'The data region Rokt gave you. Pods are isolated: the wrong one refuses your key.',
  ),
  apiKey: secret('API key', 'From your Rokt account representative.', basicUserName),
  apiSecret: secret('API secret', 'From your Rokt account representative.'),
  environment: setting(
    z.enum(['development', 'production']),
    'Environment',
    'Marks the data as test or live. Key and pod are the same for both.',
  ),
  identity: setting(
    z.enum(['raw', 'hashed', 'both']).default('both'),
    'E-mail form',
    'Send the address itself, its SHA-256, or both. An event with neither of the chosen forms is rejected.',
  ),
  conversions: setting(
    z
      .union(
        [z.array(eventName).min(1, 'must name an event'), eventKinds],
        'must be event names, or event names with their type',
      )
      .default(['Order Completed']),
    'Conversions',
    'Track events that are conversions: a list of names, or names with the conversion type Rokt shall see. In a list, ' +
      'Order Completed is a "purchase" and every other event goes under its own name.',
  ),
  bulk: setting(
    z.boolean().default(true),
    'Bulk requests',
    'Up to 100 conversions a request, with a verdict for each. Off: one conversion a request.',
  ),
  customAttributes: setting(
    names.default([]),
    'Event attributes',
    'Properties to pass on beside the ones Rokt knows. Objects and lists travel as JSON text.',
  ),
  userAttributes: setting(
    names.default([]),
    'User attributes',
    'Traits to pass on beside first name, last name, phone and IP address. At most 100 reach Rokt.',
  ),
  confirmationRef: setting(
    z.enum(['order_id', 'order_id_or_message_id']).default('order_id'),
    'Confirmation reference',
    'What Rokt deduplicates conversions by: the order id alone, or the message id where an event has no order id.',
  ),
  customEventType: setting(
    z
      .enum(['navigation', 'location', 'search', 'transaction', 'user_content', 'user_preference', 'social', 'other'])
      .optional(),
    'Custom event type',
    "mParticle's own kind of event. Rokt does not ask for it; leave it empty unless your representative does.",
  ),
  clickId: setting(
    z.boolean().default(true),
    'Rokt click id',
    'Send the click id an event carries as rtid or rclid, in its properties or traits.',
  ),
  advertisingIds: setting(
    z.boolean().default(true),
    'Advertising ids',
    "Send the phone's advertising id of app events, unless tracking is limited there.",
  ),
});

export type Config = z.infer<typeof config>;
