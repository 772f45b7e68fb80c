import { secret, setting, z } from 'spillway/api';
import { actionSources, eventNames } from './mapping.ts';

const account = z.string().regex(/^\d{1,18}$/, 'must be the number of an ad account, up to 18 digits');
const names = z.record(z.string().min(1), z.enum([...eventNames, 'skip']));
const sources = z.enum(['auto', ...actionSources]);

export const config = z.strictObject({
  adAccountId: setting(account, 'Ad account ID', 'In Ads Manager, in the menu of the accounts.'),
  conversionToken: secret('Conversion token', 'From Ads Manager, Conversions. Good for this API only.'),
  testMode: setting(z.boolean().default(false), 'Test mode', 'Pinterest checks the events and records none.'),
  eventNames: setting(
    names.default({}),
    'Event names',
    'Track event name -> Pinterest event name, on top of the defaults. "skip" switches a default off.',
  ),
  pageNames: setting(names.default({}), 'Page names', 'Name of a page or screen call -> Pinterest event name.'),
  sendPages: setting(z.boolean().default(false), 'Send pages', 'Send page and screen calls as page_visit.'),
  actionSource: setting(
    sources.default('auto'),
    'Action source',
    'Where the conversions happen. "auto" tells apps by their device, and takes everything else for the web.',
  ),
  optOutType: setting(z.string().optional(), 'Opt-out type', 'Flags of privacy laws for all events, such as LDP.'),
});

export type Config = z.output<typeof config>;
