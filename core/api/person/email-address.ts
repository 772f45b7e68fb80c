import { z } from 'zod';
import type { Cast } from '../fields/mapping.ts';
import { checkMembers } from '../member-check.ts';

/**
 * An e-mail address, trimmed and in small letters, with the dots and the tag of its mailbox, as Meta, Pinterest, Snap
 * and TikTok hash it. Google and Reddit hash another form: see emailWithout().
 *
 * `isEmail` refuses some addresses that exist: those with other signs than `'`, `+`, `-` and `_` in the mailbox
 * (`a&b@example.com`), and those with letters outside ASCII before or after the `@`.
 */
export const asEmail: Cast<string> = (value) => {
  const address = typeof value === 'string' ? normalizeEmail(value) : '';
  return isEmail(address) ? address : undefined;
};

/** Of which addresses something is taken away: of all, or of those at gmail.com and googlemail.com. */
export type EmailScope = 'everywhere' | 'gmail';

/** What a vendor takes out of a mailbox, the part before the `@`, before it hashes the address. */
export interface EmailForm {
  /** The first `+` and what follows it. */
  readonly tags?: EmailScope;
  readonly dots?: EmailScope;
  /** Everything but a to z and 0 to 9, dots among it. */
  readonly signs?: EmailScope;
}

/**
 * Builds the cast to an e-mail address without parts that do not tell people apart. Call it at module level.
 *
 * - Google, for its own addresses: `emailWithout({ dots: 'gmail', tags: 'gmail' })`
 *   (developers.google.com/data-manager/api/devguides/concepts/formatting)
 * - Reddit: `emailWithout({ signs: 'everywhere', tags: 'everywhere' })` (Conversions API, match keys)
 *
 * @example
 * const asRedditEmail = emailWithout({ signs: 'everywhere', tags: 'everywhere' });
 * asRedditEmail('Al.ice$+Apple@Example.Com'); // 'alice@example.com'
 * const asHashedRedditEmail = hashed(asRedditEmail);
 */
export function emailWithout(form: EmailForm): Cast<string> {
  checkMembers('emailWithout()', form, { tags: 'optional', dots: 'optional', signs: 'optional' });
  for (const [part, scope] of Object.entries(form)) {
    if (scope !== undefined && scope !== 'everywhere' && scope !== 'gmail')
      throw new TypeError(`emailWithout(): ${part} must be "everywhere" or "gmail"`);
  }
  const { tags, dots, signs } = form;
  return (value) => {
    const whole = typeof value === 'string' ? normalizeEmail(value) : '';
    // What is no mailbox stays none, whatever would be taken out of it.
    if (neverInAddress.test(whole)) return undefined;
    const at = whole.indexOf('@');
    const domain = whole.slice(at + 1);
    const isOf = (scope: EmailScope | undefined): boolean =>
      scope === 'everywhere' || (scope === 'gmail' && (domain === 'gmail.com' || domain === 'googlemail.com'));
    let mailbox = whole.slice(0, Math.max(at, 0));
    if (isOf(tags)) mailbox = mailbox.replace(/\+.*$/, '');
    if (isOf(dots)) mailbox = mailbox.replaceAll('.', '');
    if (isOf(signs)) mailbox = mailbox.replaceAll(/[^a-z0-9]/g, '');
    const address = `${mailbox}@${domain}`;
    return isEmail(address) ? address : undefined;
  };
}

const neverInAddress = /[\s()<>[\]:;\\,"]|@.*@/;

/** The form every vendor hashes: trimmed and lower-cased. */
export const normalizeEmail = (value: string): string => value.trim().toLowerCase();

/** Whether it looks like an e-mail address: at most 254 characters (RFC 5321). */
export const isEmail = (value: string): boolean => value.length <= 254 && z.regexes.email.test(value);
