import { absoluteUrl, currencyCode, secret, setting, text, z } from '../../core/api/index.ts';
import { eventNames } from './mapping.ts';

const token = secret(
  'Server Access Token',
  'From your AdRoll account manager, by a 1Password link that opens once and expires after seven days: store it at once. ' +
    'It is not the Personal Access Token of the other NextRoll APIs.',
);

/** The header is `Token`, one space, the token (ADROLL-06): a token with a space was pasted with something else. */
const serverAccessToken = token
  .regex(/^[\u0021-\u007e]+$/, 'must be the bare token, without spaces or the word "Token"')
  .meta({ ...token.meta() });

const target = z.enum([...eventNames, 'skip']);
const names = z.array(z.string().trim().min(1));
const nameTable = z.record(z.string().min(1), target);

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
    z.enum(['first_party_cookie', 'first_party_cookie_or_adct', 'any']).default('first_party_cookie'),
    'Required identifier',
    "What an event needs to be sent. AdRoll's document asks for the first-party cookie and expects that to change.",
  ),
  appBaseUrl: setting(
    z
      .string()
      .trim()
      .refine((url) => absoluteUrl(url) !== undefined && !/[#\s]/.test(url), 'must be a full http(s) URL without #')
      .optional(),
    'App base URL',
    'A URL on a domain you manage, for app events without a page. It need not be reachable. Without it they are rejected.',
  ),
  eventNames: setting(
    nameTable.default({}),
    'Event names',
    'Your track event name -> AdRoll event name, on top of the defaults. "skip" switches a default off.',
  ),
  pageNames: setting(
    nameTable.default({}),
    'Page names',
    'Name of a page or screen call -> AdRoll event name, such as Pricing -> highValuePage. Applies even without "Send pages".',
  ),
  unmappedEvents: setting(
    z.enum(['skip', 'pageView']).default('skip'),
    'Other track events',
    'What becomes of track events no table names: not sent, or sent as pageView.',
  ),
  sendPages: setting(
    z.boolean().default(false),
    'Send pages',
    'Send page and screen calls as pageView or homeView. Leave it off where the AdRoll pixel runs: both would count.',
  ),
  homePageNames: setting(
    names.default(['Home']),
    'Home page names',
    'Page or screen names that mean the home page, in any case. The path "/" always does.',
  ),
  sendEmail: setting(
    z.enum(['hashed', 'clear', 'both', 'none']).default('hashed'),
    'E-mail address',
    'Send it as SHA-256 and MD5, in clear text, both ways, or not at all. An address that arrives hashed stays hashed.',
  ),
  externalData: setting(
    names.default([]),
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
