import { isObject } from '../../api/fields/mapping.ts';

/**
 * The user name of HTTP Basic, which is where the SDKs have the write key; the password is ignored. `undefined` without
 * one. A Bearer token is none: Segment's SDK for Node sends it beside the write key in the body.
 */
export function basicWriteKey(headers: Headers): string | undefined {
  const credentials = /^Basic +([\w+/=-]+) *$/i.exec(headers.get('authorization') ?? '')?.[1];
  if (credentials === undefined) return undefined;
  const [userName = ''] = Buffer.from(credentials, 'base64').toString('utf8').split(':', 1);
  return userName === '' ? undefined : userName;
}

/**
 * The write key of a request without HTTP Basic: in its body, as Segment's SDKs for browsers and phones write it; or in
 * the address, as RudderStack's for browsers does while a page closes, when it can set no header.
 */
export function otherWriteKey(body: unknown, url: URL): string | undefined {
  const inBody = isObject(body) ? body['writeKey'] : undefined;
  return typeof inBody === 'string' && inBody !== '' ? inBody : url.searchParams.get('writeKey') || undefined;
}
