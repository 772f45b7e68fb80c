import { createHmac, hash } from 'node:crypto';

const sha256Digest = /^[0-9a-f]{64}$/i;
const md5Digest = /^[0-9a-f]{32}$/i;

/** Lower-case hex SHA-256 of the UTF-8 bytes. */
export const sha256 = (value: string): string => hash('sha256', value, 'hex');

/** Lower-case hex MD5 of the UTF-8 bytes. */
export const md5 = (value: string): string => hash('md5', value, 'hex');

/**
 * Lower-case hex HMAC-SHA256 of the UTF-8 bytes, for requests that are signed with a shared secret.
 *
 * @example
 * const signature = `sha256=${hmacSha256('the shared secret', '{"type":"track"}')}`;
 */
export const hmacSha256 = (key: string, value: string): string =>
  createHmac('sha256', key).update(value, 'utf8').digest('hex');

export const isSha256 = (value: string): boolean => sha256Digest.test(value);

export const isMd5 = (value: string): boolean => md5Digest.test(value);

/**
 * What programs hash where they have no address and no id, some of them in small letters, as vendors want it. `nan` and
 * `na` are not among them: they are the normal form of names, too.
 */
const nothings = [
  '',
  ' ',
  '\u200B',
  'undefined',
  'null',
  'NULL',
  '(null)',
  'None',
  'NaN',
  'N/A',
  'n/a',
  '<nil>',
  '(not set)',
  '[object Object]',
  '[object object]',
];
const digestsOfNothing: ReadonlySet<string> = new Set(nothings.flatMap((text) => [sha256(text), md5(text)]));

/**
 * Whether a SHA-256 or MD5 digest, in any case, is that of nothing: of the empty text, a space, or a word for
 * nothing such as `null`, `None` or `(not set)`. It is the same for all people, so it identifies nobody.
 *
 * @example
 * if (isDigestOfNothing(String(properties['em']))) out.drop('properties.em', 'It is the digest of nothing');
 */
export const isDigestOfNothing = (digest: string): boolean =>
  (digest.length === 64 || digest.length === 32) && digestsOfNothing.has(digest.toLowerCase());
