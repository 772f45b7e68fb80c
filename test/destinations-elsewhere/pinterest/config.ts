import { choice, secret, setting, z } from 'spillway/api';
import type { ActionSource, EventName } from './mapping.ts';

const account = z.string().regex(/^\d{1,18}$/, 'must be the number of an ad account, up to 18 digits');
const eventLabels = {
  page_visit: 'Page visit',
  view_category: 'Category view',
  search: 'Search',
  add_to_cart: 'Add to cart',
  checkout: 'Checkout',
  signup: 'Sign-up',
  watch_video: 'Video view',
  lead: 'Lead',
  custom: 'Custom',
} as const satisfies Record<EventName, string>;
const sourceLabels = {
  web: 'Web',
  app_ios: 'iOS app',
  app_android: 'Android app',
  offline: 'Offline',
} as const satisfies Record<ActionSource, string>;
const target = choice({ ...eventLabels, skip: 'Not sent' }).meta({ title: 'Pinterest event' });
const names = (title: string) => z.record(z.string().min(1).meta({ title }), target).default({});
const sources = choice({ auto: 'By the event', ...sourceLabels });

export const config = z.strictObject({
  adAccountId: setting(account, 'Ad account ID', 'In Ads Manager, in the menu of the accounts.'),
  conversionToken: secret('Conversion token', 'From Ads Manager, Conversions. Good for this API only.'),
  testMode: setting(z.boolean().default(false), 'Test mode', 'Pinterest checks the events and records none.'),
  eventNames: setting(
    names('Track event'),
    'Event names',
    'Track event name -> Pinterest event name, on top of the defaults. "skip" switches a default off.',
  ),
  pageNames: setting(names('Page or screen'), 'Page names', 'Name of a page or screen call -> Pinterest event name.'),
  sendPages: setting(z.boolean().default(false), 'Send pages', 'Send page and screen calls as page_visit.'),
  actionSource: setting(
    sources.default('auto'),
    'Action source',
    'Where the conversions happen. "auto" tells apps by their device, and takes everything else for the web.',
  ),
  optOutType: setting(z.string().optional(), 'Opt-out type', 'Flags of privacy laws for all events, such as LDP.'),
});

export type Config = z.output<typeof config>;
