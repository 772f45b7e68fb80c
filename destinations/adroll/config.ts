import { absoluteUrl, choice, currencyCode, secret, setting, text, trimmedText, z } from '../../core/api/index.ts';

/** Every event AdRoll knows, in its own spelling (ADROLL-20), with the document's title of it. */
export const eventLabels = {
  pageView: 'Page view',
  homeView: 'Home view',
  productSearch: 'Product search',
  addToCart: 'Add to cart',
  purchase: 'Purchase',
  highValuePage: 'High-value page',
  gatedContent: 'Gated content',
  demoRequest: 'Demo request',
  signupPlan: 'Signup plan',
  signupTrial: 'Signup trial',
  contactSales: 'Contact sales',
  liveChat: 'Live chat',
  formFill: 'Form fill',
} as const;
const token = secret(
  'Server Access Token',
  'From your AdRoll account manager, by a 1Password link that opens once and expires after seven days: store it at once. ' +
    'It is not the Personal Access Token of the other NextRoll APIs.',
);

/** The header is `Token`, one space, the token (ADROLL-06): a token with a space was pasted with something else. */
const serverAccessToken = token
  .regex(/^[\u0021-\u007e]+$/, 'must be the bare token, without spaces or the word "Token"')
  .meta({ ...token.meta() });

const target = choice({ ...eventLabels, skip: 'Not sent' }).meta({ title: 'AdRoll event' });
const names = (title: string) => z.array(trimmedText().min(1).meta({ title }));
const nameTable = (title: string) => z.record(z.string().min(1).meta({ title }), target);

const fullUrl = 'must be a full http(s) URL without #';

export const config = z.strictObject({
  advertisableEid: text('Advertisable EID', 'The advertisable the events belong to; usually 22 upper-case characters.'),
  pixelEid: text('Pixel EID', 'The pixel of that advertisable; usually 22 upper-case characters.'),
  serverAccessToken,
  dryRun: setting(
    z.boolean().default(false),
    'Dry run',
    'AdRoll checks and logs the events without counting them. They come back as validated, not as delivered.',
  ),
  gzip: setting(z.boolean().default(true), 'Compress', 'Send request bodies gzipped.'),
  identifierPolicy: setting(
    choice({
      first_party_cookie: 'First-party cookie',
      first_party_cookie_or_adct: 'First-party cookie or click token (adct)',
      any: 'Any identifier',
    }).default('first_party_cookie'),
    'Required identifier',
    "What an event needs to be sent. AdRoll's document asks for the first-party cookie and expects that to change.",
  ),
  generateCookie: setting(
    z.boolean().default(false),
    'Generate the first-party cookie',
    "For events without the cookie of AdRoll's pixel: one made of the anonymous id, the same each time. " +
      "AdRoll cannot join it with what the pixel saw, so pass on the pixel's own cookie where you can.",
  ),
  appBaseUrl: setting(
    trimmedText()
      .regex(/^[Hh][Tt][Tt][Pp][Ss]?:\/\/[^#\s]+$/, fullUrl)
      .refine((url) => absoluteUrl(url) !== undefined, fullUrl)
      .meta({ format: 'uri' })
      .optional(),
    'App base URL',
    'A URL on a domain you manage, for app events without a page. It need not be reachable. Without it they are rejected.',
  ),
  eventNames: setting(
    nameTable('Track event').default({}),
    'Event names',
    'Your track event name -> AdRoll event name, on top of the defaults. "skip" switches a default off.',
  ),
  pageNames: setting(
    nameTable('Page or screen').default({}),
    'Page names',
    'Name of a page or screen call -> AdRoll event name, such as Pricing -> highValuePage. Applies even without "Send pages".',
  ),
  unmappedEvents: setting(
    choice({ skip: 'Not sent', pageView: eventLabels.pageView }).default('skip'),
    'Other track events',
    'What becomes of track events no table names: not sent, or sent as pageView.',
  ),
  sendPages: setting(
    z.boolean().default(false),
    'Send pages',
    'Send page and screen calls as pageView or homeView. Leave it off where the AdRoll pixel runs: both would count.',
  ),
  homePageNames: setting(
    names('Page or screen').default(['Home']),
    'Home page names',
    'Page or screen names that mean the home page, in any case. The path "/" always does.',
  ),
  sendEmail: setting(
    choice({ hashed: 'Hashed', clear: 'Clear text', both: 'Hashed and clear text', none: 'Not sent' }).default(
      'hashed',
    ),
    'E-mail address',
    'Send it as SHA-256 and MD5, in clear text, both ways, or not at all. An address that arrives hashed stays hashed. ' +
      'Where no clear text is to leave, one in an identifier, the URL of the page or a search is hashed or left out, too.',
  ),
  externalData: setting(
    names('Property').default([]),
    'External data',
    'Properties to pass on; for purchases they show in Granular Conversion Reports. ' +
      'The property external_data, when listed, is passed on whole.',
  ),
  defaultCurrency: currencyCode('Default currency', 'For amounts that come without a currency (ISO 4217).').optional(),
  strict: setting(
    z.boolean().default(false),
    'Strict',
    'Reject an event with an unusable currency, a product in another currency or a too short first-party cookie, ' +
      'instead of sending what is usable with a note.',
  ),
});

export type Config = z.output<typeof config>;

/** What becomes of addresses in other texts, by the setting for the address itself. */
export const emailMasks = { clear: 'keep', both: 'keep', hashed: 'hash', none: 'drop' } as const;
