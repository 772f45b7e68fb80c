import type { AuthScheme, BodyForm } from './body-and-auth.ts';
import type { FolderOptions } from './folder-options.ts';

/** Replacements for the marked regions of the template, by name; other regions stay unchanged. */
export type Regions = Readonly<Record<string, string>>;

export interface Auth {
  readonly regions: Regions;
  /** The settings of the cases, and the resulting headers. */
  readonly settings: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Body {
  readonly regions: Regions;
  readonly contentType: string;
  /** How a case writes the body of one request, given its events. */
  readonly bodyOf: (events: readonly Readonly<Record<string, unknown>>[]) => unknown;
  /** Template files that do not apply to this form. */
  readonly without: readonly string[];
}

/** The template itself is the variant `bearer` and `array`: those two need no regions. */
export const auths: Readonly<Record<AuthScheme, (choice: FolderOptions) => Auth>> = {
  none: () => ({
    regions: {
      credentials: '',
      authorization: '',
      'readme-credentials': 'None: requests carry only the account, in the URL.',
    },
    settings: {},
    headers: {},
  }),
  bearer: () => ({
    regions: {},
    settings: { token: 'token-example' },
    headers: { authorization: 'Bearer token-example' },
  }),
  basic: () => ({
    regions: {
      credentials: `username: secret('User name', 'From the account page; the first half of the HTTP Basic credentials.'),
password: secret('Password', 'From the account page; the second half of the HTTP Basic credentials.'),`,
      authorization:
        "authorization: `Basic ${Buffer.from(`${config.username}:${config.password}`, 'utf8').toString('base64')}`,",
      'readme-credentials': '- `username` and `password`, both secrets: sent as HTTP Basic with every request.',
    },
    settings: { username: 'user-example', password: 'password-example' },
    headers: { authorization: `Basic ${Buffer.from('user-example:password-example').toString('base64')}` },
  }),
  header: ({ authHeader }) => ({
    regions: {
      credentials: "apiKey: secret('API key', 'From the account page; sent with every request.'),",
      authorization: `'${authHeader}': config.apiKey,`,
      'readme-credentials': `- \`apiKey\`, a secret: sent in the header \`${authHeader}\` with every request.`,
    },
    settings: { apiKey: 'key-example-1' },
    headers: { [authHeader]: 'key-example-1' },
  }),
};

/** One event per request: no frame, and no answer about several events. */
const alone = {
  limits: 'limits: { maxItems: 1, maxBytes: 100_000, maxAgeMs: 0 },',
};
const withoutEncoding = { encoding: '', 'encoding-use': '' };
const aloneWithout = ['contract/cases/one-of-two-refused.json'];

export const bodies: Readonly<Record<BodyForm, Body>> = {
  array: { regions: withoutEncoding, contentType: 'application/json', bodyOf: (events) => events, without: [] },
  json: {
    regions: {
      ...alone,
      ...withoutEncoding,
      framing: '',
      'framing-use': '',
      'readme-body': 'Each request carries one event as a JSON object.',
    },
    contentType: 'application/json',
    bodyOf: ([event]) => event,
    without: aloneWithout,
  },
  form: {
    regions: {
      ...alone,
      'content-type': "'content-type': 'application/x-www-form-urlencoded',",
      framing: '',
      'framing-use': '',
      'readme-body': 'Each request carries one event as a form.',
    },
    contentType: 'application/x-www-form-urlencoded',
    bodyOf: ([event = {}]) => Object.fromEntries(Object.entries(event).map(([name, value]) => [name, String(value)])),
    without: aloneWithout,
  },
};
