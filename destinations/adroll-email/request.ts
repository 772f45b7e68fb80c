import { basicAuth, jsonArray, jsonList, type Batch, type Frame, type HttpRequest } from '../../core/api/index.ts';
import type { Config } from './config.ts';
import type { Unsubscriber } from './mapping.ts';

/** ADEMAIL-01. */
export const origin = 'https://services.adroll.com';
export const root = '/sendroll/api/v1';

/** The API key is always in the query, also of a POST (ADEMAIL-02). */
export const queryOf = (auth: Config['auth']): Readonly<Record<string, string>> =>
  auth.apikey === undefined ? {} : { apikey: auth.apikey };

/** The URL of a resource of the advertisable. */
export function addressOf({ advertisableEid, auth }: Config, what: string): string {
  const query = new URLSearchParams(queryOf(auth)).toString();
  const place = `${origin}${root}/advertisables/${encodeURIComponent(advertisableEid)}/${what}`;
  return query === '' ? place : `${place}?${query}`;
}

/** The same for every batch, except the body (ADEMAIL-16). */
export const request = (config: Config): HttpRequest => ({
  method: 'POST',
  url: addressOf(config, 'unsubscribers'),
  headers: { authorization: authorizationOf(config.auth), 'content-type': 'application/json' },
});

/** ADEMAIL-03. */
export function authorizationOf(auth: Config['auth']): string {
  switch (auth.kind) {
    case 'basic':
      return basicAuth(auth.username, auth.password);
    case 'token':
      return `Token ${auth.token}`;
    case 'oauth':
      return `Bearer ${auth.accessToken}`;
  }
}

/** AdRoll's reference shows the bare list, its examples an object around it (ADEMAIL-17). */
export const frame = ({ unsubscribersBody }: Config): Frame =>
  unsubscribersBody === 'array' ? jsonArray : jsonList('unsubscribers');

export const limitsFor = ({ maxAddresses, dailyRequestBudget }: Config) => ({
  maxItems: maxAddresses,
  requestsPerDay: dailyRequestBudget,
});

/** An entry is the address alone. */
export const encode = ({ email_address }: Unsubscriber): string => JSON.stringify(email_address);

/** Each address once, in the first spelling (ADEMAIL-18, ADEMAIL-24). */
export function requestFor(
  { items }: Batch<Unsubscriber>,
  _config: Config,
  prepared: { readonly request: HttpRequest; readonly frame: Frame },
): HttpRequest {
  const texts = new Map<string, string>();
  for (const { key, text } of items) {
    const address = key ?? text;
    if (!texts.has(address)) texts.set(address, text);
  }
  const { open, separator, close } = prepared.frame;
  return { ...prepared.request, body: open + [...texts.values()].join(separator) + close };
}
