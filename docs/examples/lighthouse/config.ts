import { choice, currencyCode, secret, setting, text, z } from '../../../core/api/index.ts';
import { actionLabels } from './mapping.ts';

const eventName = z.string().min(1).meta({ title: 'Track event' });
const action = choice({ ...actionLabels, skip: 'Not sent' }).meta({ title: 'Action' });

export const config = z.strictObject({
  account: text('Account', 'The account that the events belong to.'),
  token: secret('API token', 'From the page "API" of the account.'),
  plan: setting(choice({ free: 'Free', business: 'Business' }).default('business'), 'Plan', 'Free: ten a second.'),
  eventNames: setting(
    z.record(eventName, action).default({}),
    'Event names',
    'Your track event name -> the action it means, on top of the defaults. "skip" switches a default off.',
  ),
  defaultCurrency: currencyCode('Default currency', 'For amounts that come without a currency (ISO 4217).').optional(),
});

export type Config = z.output<typeof config>;
