// Tests core/testing/checks/credential-checks.ts and openTextSettings() in core/testing/kit/settings.ts.
import path from 'node:path';
import { expect, it, test } from '@jest/globals';
import { secret, sha256, text, z, type AnyDestination, type HttpRequest } from '../../../core/index.ts';
import { openTextSettings } from '../../../core/testing/kit/settings.ts';
import { failuresOf } from '../../support/contract/failures.ts';
import paperplane from '../../support/contract/paperplane/index.ts';

const only = /^secrets: F-42/;
const settings = paperplane.config as unknown as ReturnType<typeof z.strictObject>;

interface Credentials {
  readonly account: string;
  readonly apiKey: string;
}

/** Paperplane with a setting that says what kind of text its key is, and with the key where the vendor wants it. */
const wanting = (
  kind: typeof text | typeof secret,
  credentials: (config: Credentials) => Partial<HttpRequest>,
): Promise<string> => {
  const config = settings.extend({ apiKey: kind('Number', 'Of the account.') });
  const request = (own: Credentials): HttpRequest => ({
    method: 'POST',
    url: 'https://api.paperplane.example.com/purchases',
    headers: { 'content-type': 'application/json' },
    ...credentials(own),
  });
  // Its operations and its check make their own requests.
  const { operations: _, check: __, ...delivering } = paperplane;
  const definition = { ...delivering, config, request } as unknown as AnyDestination;
  return failuresOf(path.resolve('test/support/contract/paperplane'), { definition, only });
};

const headers = (name: string, value: string): Partial<HttpRequest> => ({
  headers: { 'content-type': 'application/json', [name]: value },
});
const basic = (value: string): string => `Basic ${Buffer.from(value).toString('base64')}`;

test('F-42 a text() setting that is named as a credential is caught, and the token of an app is not', async () => {
  expect(await wanting(text, () => headers('x-account', 'acc'))).toMatch(/ <- apiKey: the name says a credential/);
  expect(await wanting(secret, () => headers('x-account', 'acc'))).toBe('');
  const named = (name: string): Promise<string> => {
    const config = settings.extend({ [name]: text('Name', 'One.').optional() });
    return failuresOf(path.resolve('test/support/contract/paperplane'), {
      definition: { ...paperplane, config } as unknown as AnyDestination,
      only,
    });
  };
  for (const name of ['token', 'accessToken', 'clientSecret', 'password', 'api_key', 'signingKey'])
    expect(await named(name)).toContain(` <- ${name}: the name says`);
  for (const name of ['appToken', 'projectToken', 'username', 'accessKeyId', 'keyword'])
    expect(await named(name)).toBe('');
});

test.each<[string, (config: Credentials) => Partial<HttpRequest>]>([
  ['the header authorization', ({ account }) => headers('authorization', `Bearer ${account}`)],
  ['the header authorization', ({ account }) => headers('Authorization', basic(`${account}:`))],
  ['the header x-api-key', ({ account }) => headers('x-api-key', account)],
  ['the header api-key', ({ account }) => headers('api-key', account)],
  ['the parameter key', ({ account }) => ({ url: `https://api.paperplane.example.com/?key=${account}` })],
  ['the parameter api_secret', ({ account }) => ({ url: `https://api.paperplane.example.com/?api_secret=${account}` })],
])('F-42 text() settings that are all of %s are caught', async (where, credentials) => {
  expect(await wanting(secret, credentials)).toMatch(`${where} of request 0 is made of account and no secret`);
});

test.each<[string, (config: Credentials) => Partial<HttpRequest>]>([
  ['a user name beside a secret', ({ account, apiKey }) => headers('authorization', basic(`${account}:${apiKey}`))],
  [
    'the id of a key beside a signature',
    ({ account, apiKey }) => headers('authorization', `V1 ${account}:${apiKey.length}${apiKey.charCodeAt(0)}`),
  ],
  ['an account in another parameter', ({ account }) => ({ url: `https://api.paperplane.example.com/?id=${account}` })],
])('F-42 %s is none', async (_, credentials) => {
  expect(await wanting(secret, credentials)).toBe('');
});

it('F-42 a setting that is masked without being hidden in forms is not open', () => {
  const masked = z.string().pipe(z.string().meta({ secret: true }));
  const auth = z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('basic'), user: z.string(), apikey: masked }),
    z.strictObject({ kind: z.literal('token'), user: z.string().optional(), token: secret('T', 'T') }),
  ]);
  const config = z.strictObject({ auth, region: z.enum(['us', 'eu']), size: z.number() });
  expect(openTextSettings(config)).toEqual([['auth', 'user']]);
});

test.each([
  ['the secret', ({ apiKey }: Credentials) => apiKey, /paceKey\(\) gives a secret of the settings/],
  ['a digest of it', ({ apiKey }: Credentials) => sha256(apiKey), /^$/],
])('F-42 a paceKey that gives %s', async (_, paceKey, why) => {
  const definition = { ...paperplane, paceKey } as unknown as AnyDestination;
  const options = { definition, only: /^secrets: F-42 the key by which connections share/ };
  expect(await failuresOf(path.resolve('test/support/contract/paperplane'), options)).toMatch(why);
});
