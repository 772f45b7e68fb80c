import type { TextForm } from './config.ts';

/**
 * The form of a user name in HTTP Basic, for `secret()` and `text()`. It ends at the first ":", so that one with a ":"
 * in it would send a part of itself as the password (RFC 7617).
 *
 * @example
 * const username = secret('User name', 'Of the service account.', basicUserName);
 * const account = text('Account', 'The user name of its API.', basicUserName);
 */
export const basicUserName: TextForm = Object.freeze({
  pattern: /^[^:]*$/,
  message: 'must not contain ":", which ends the user name in HTTP Basic',
});

/**
 * The value of the header `authorization` for HTTP Basic, in UTF-8. Throws a TypeError for a user name with a ":",
 * which says nothing of the name: a connection with it does not open where `request()` or `prepare()` calls this, but
 * `basicUserName` says so at the setting.
 *
 * @example
 * const headers = { 'content-type': 'application/json', authorization: basicAuth('user', 'the password') };
 */
export function basicAuth(userName: string, password: string): string {
  if (userName.includes(':')) throw new TypeError(`basicAuth(): the user name ${basicUserName.message}`);
  return `Basic ${Buffer.from(`${userName}:${password}`, 'utf8').toString('base64')}`;
}
