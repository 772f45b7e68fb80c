import { choice, secret, setting, trimmedText, z } from '../../core/api/index.ts';
import { isOptIn, unsubscribeNames } from './mapping.ts';

const visible = /^[\u0021-\u007e]+$/;

/**
 * Masked like a secret in all output (ALL-01), but not hidden in forms: a name, and an id that is in every URL. The
 * mark is on the inner schema, which a form does not see.
 */
const masked = (shape: RegExp, must: string, title: string, description: string) =>
  trimmedText()
    .regex(shape, must)
    .pipe(z.string().meta({ secret: true }))
    .meta({ title, description });

/** It follows a scheme word in a header: a value with a space was pasted with something else. */
const bareToken = (title: string, description: string) =>
  secret(title, description, {
    pattern: visible,
    message: 'must be the bare token, without spaces or a word in front',
  });

const apikey = masked(
  visible,
  'must be the bare key, without spaces',
  'API key',
  "The Client ID of your application on NextRoll's developer site. It goes into the URL of every request.",
);

const basic = z
  .strictObject({
    kind: setting(z.literal('basic'), 'User name and password', 'HTTP Basic, as the document asks for.'),
    username: masked(
      /^[^:\p{Cc}\p{Cs}]+$/u,
      'must not be blank, nor hold ":" or line breaks',
      'User name',
      'Of an AdRoll user who may act for this advertisable.',
    ),
    password: secret('Password', 'Of that user.'),
    apikey,
  })
  .meta({ title: 'User name and password' });

const token = z
  .strictObject({
    kind: setting(z.literal('token'), 'Personal access token', 'What NextRoll recommends today.'),
    token: bareToken(
      'Token',
      "A Personal Access Token of NextRoll's. It is not the Server Access Token of S2S events.",
    ),
    apikey: apikey.optional(),
  })
  .meta({ title: 'Personal access token' });

const oauth = z
  .strictObject({
    kind: setting(z.literal('oauth'), 'OAuth access token', 'OAuth 2.0; your side renews the token.'),
    accessToken: bareToken('Access token', 'Expires after a day: renew it before, or the connection is suspended.'),
    apikey: apikey.optional(),
  })
  .meta({ title: 'OAuth access token' });

/** An id in the path of a URL, so not "." or "..". */
export const pathSegment = /^(?!\.\.?$)[^\p{Cc}\p{Cs}]+$/u;

export const config = z.strictObject({
  advertisableEid: setting(
    trimmedText().regex(pathSegment, 'must be an EID'),
    'Advertisable EID',
    'The advertisable whose mail the person no longer wants; usually 22 upper-case letters and digits.',
  ),
  auth: setting(
    z.discriminatedUnion('kind', [basic, token, oauth]),
    'Credentials',
    "How the connection proves who it is. Use of AdRoll's API is subject to its API Terms of Use, the AdRoll Email Services " +
      'Addendum and the AdRoll Services Privacy Note.',
  ),
  unsubscribeEvents: setting(
    z
      .array(trimmedText().min(1, 'must not be blank').meta({ title: 'Track event' }))
      .refine((names) => !names.some(isOptIn), 'names an event by which people subscribe, which cannot be sent')
      .default([...unsubscribeNames]),
    'Unsubscribe events',
    'Track events by which a person unsubscribes. Identify calls whose traits say so are sent in any case.',
  ),
  unsubscribersBody: setting(
    choice({ array: 'List', object: 'Object with the list' }).default('array'),
    'Body',
    "A bare list, as AdRoll's reference has it, or an object with the list in it, as its examples have it. " +
      'Change it when every request is refused.',
  ),
  dailyRequestBudget: setting(
    z.int().min(1).default(100),
    'Requests a day',
    "Most requests this host may send in 24 hours, operations and checks among them: AdRoll's quota, 100 unless it granted more. " +
      'A tenth may leave at once, the rest comes evenly; what is beyond waits, and gathers in the queue.',
  ),
  maxAddresses: setting(
    z.int().min(1).max(1_000).default(1_000),
    'Addresses a request',
    'Most addresses in one request. AdRoll documents no limit; fewer addresses a request use up the quota of requests sooner.',
  ),
});

export type Config = z.output<typeof config>;
