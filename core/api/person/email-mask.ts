import type { Found } from '../events/first-of.ts';
import { replaceEmailsInUrl } from '../events/web-address.ts';
import type { AnyPayloadBuilder } from '../fields/payload-builder.ts';
import { sha256 } from './digest.ts';
import { hashEmails } from './email-search.ts';

/**
 * What becomes of an e-mail address in a text that should hold none, such as an id or the terms of a search: it is
 * kept, its SHA-256 takes its place, or it does not leave.
 */
export type EmailMask = 'keep' | 'hash' | 'drop';

const message = 'An e-mail address, which is not to leave in clear text here: it is hashed, or left out';

/**
 * A text as it may leave: with the digest of each e-mail address in it (see `hashEmails`), or, to drop them, not at all
 * if it has one; with a note for the payload's field `field`.
 *
 * @example
 * const userIdOf = firstOf(['userId'], usableId);
 * out.take('user_id', maskEmails(out, 'user_id', userIdOf(event), 'hash'));
 */
export function maskEmails(
  out: AnyPayloadBuilder,
  field: string,
  text: Found<string | undefined> | undefined,
  mask: EmailMask,
): Found<string | undefined> | undefined {
  if (text?.value === undefined || mask === 'keep') return text;
  const value = hashEmails(text.value);
  if (value === text.value) return text;
  out.note(mask === 'drop' ? 'dropped' : 'coerced', text.path, message, field);
  return mask === 'drop' ? undefined : { value, path: text.path };
}

/**
 * The same for a URL, which leaves in any case: to drop an address is to leave a gap in its place. See
 * `replaceEmailsInUrl`.
 *
 * @example
 * const pageOf = firstOf(['context.page.url', 'properties.url'], asAbsoluteUrl);
 * out.take('page_url', maskEmailsInUrl(out, 'page_url', pageOf(event), 'hash'));
 */
export function maskEmailsInUrl(
  out: AnyPayloadBuilder,
  field: string,
  url: Found<string> | undefined,
  mask: EmailMask,
): Found<string> | undefined {
  if (url === undefined || mask === 'keep') return url;
  const value = replaceEmailsInUrl(url.value, mask === 'drop' ? () => '' : sha256);
  if (value === url.value) return url;
  out.note(mask === 'drop' ? 'dropped' : 'coerced', url.path, message, field);
  return { value, path: url.path };
}
