import { basicUserName, choice, currencyCode, secret, setting, text, z } from '../../../../api/index.ts';
import { actionLabels } from './mapping.ts';

const eventName = z.string().min(1).meta({ title: 'Track event' });
const action = choice({ ...actionLabels, skip: 'Not sent' }).meta({ title: 'Action' });

export const config = z.strictObject({
  account: text('Account', 'The account the events belong to.'),
  // <bearer>
  token: secret('API token', 'From the account page; sent with every request.'),
  // </bearer>
  // <basic>
  username: secret('User name', 'From the account page; the first half of the HTTP Basic credentials.', basicUserName),
  password: secret('Password', 'From the account page; the second half of the HTTP Basic credentials.'),
  // </basic>
  // <header|body>
  apiKey: secret('API key', 'From the account page; sent with every request.'),
  // </header|body>
  eventNames: setting(
    z.record(eventName, action).default({}),
    'Event names',
    'Your track event name -> the action it means, on top of the defaults. "skip" switches a default off.',
  ),
  defaultCurrency: currencyCode('Default currency', 'For amounts that come without a currency (ISO 4217).').optional(),
});

export type Config = z.output<typeof config>;
