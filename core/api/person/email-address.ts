import type { Cast } from '../fields/mapping.ts';
import { trimInvisible } from '../fields/trim-invisible.ts';
import { checkMembers } from '../member-check.ts';

/**
 * An e-mail address, trimmed and in small letters, with the dots and the tag of its mailbox, as Meta, Pinterest, Snap
 * and TikTok hash it. Google and Reddit hash another form: see emailWithout().
 */
export const asEmail: Cast<string> = (value) => {
  const address = typeof value === 'string' ? normalizeEmail(value) : '';
  return isEmail(address) ? address : undefined;
};

/** An e-mail address as the event spells it, only trimmed: for vendors that take the address itself. */
export const asEmailAsWritten: Cast<string> = (value) => {
  const address = typeof value === 'string' ? trimInvisible(value) : '';
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
    // What is no address stays none, whatever would be taken out of it.
    if (!isEmail(whole)) return undefined;
    const at = whole.indexOf('@');
    const domain = whole.slice(at + 1);
    const isOf = (scope: EmailScope | undefined): boolean =>
      scope === 'everywhere' || (scope === 'gmail' && (domain === 'gmail.com' || domain === 'googlemail.com'));
    let mailbox = whole.slice(0, at);
    if (isOf(tags)) mailbox = mailbox.replace(/\+.*$/, '');
    if (isOf(dots)) mailbox = mailbox.replaceAll('.', '');
    if (isOf(signs)) mailbox = mailbox.replaceAll(/[^a-z0-9]/g, '');
    const address = `${mailbox}@${domain}`;
    return isEmail(address) ? address : undefined;
  };
}

/** The form every vendor hashes: without what nobody sees at its ends, in small letters. */
export const normalizeEmail = (value: string): string => trimInvisible(value).toLowerCase();

/** Nearly all addresses, which need no closer look. */
const usual = /^[\w+-]{1,64}(?:\.[\w+-]{1,62}){0,8}@(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.){1,9}[a-z]{2,24}$/i;

/** What RFC 5322 calls atext, and beyond ASCII the letters, marks and digits of any script (RFC 6531). */
const mailbox = /^[\w!#$%&'*+/=?^`{|}~\p{L}\p{M}\p{N}-]+(?:\.[\w!#$%&'*+/=?^`{|}~\p{L}\p{M}\p{N}-]+)*$/u;
const label = /^[\p{L}\p{M}\p{N}](?:[\p{L}\p{M}\p{N}-]{0,61}[\p{L}\p{M}\p{N}])?$/u;

/**
 * Whether mail may go there: the one check of all folders. The mailbox, the part before the `@`, is of letters and
 * digits of any script and of the signs that RFC 5322 allows unquoted, at most 64 bytes; no dot leads, trails or
 * follows another. The domain has two labels or more, of letters, digits and hyphens of any script, `xn--` included;
 * the last is no number. At most 254 bytes (RFC 5321). Quoted mailboxes and addresses in brackets, which nobody has,
 * are none.
 *
 * Trim it before: see asEmail() and asEmailAsWritten(). A domain stays in the form it has: `münchen.example` and
 * `xn--mnchen-3ya.example` are one, with two digests.
 */
export function isEmail(address: string): boolean {
  if (address.length > 254) return false;
  const at = address.indexOf('@');
  if (at < 1 || at > 64) return false;
  return usual.test(address) || isRareEmail(address, at);
}

function isRareEmail(address: string, at: number): boolean {
  const local = address.slice(0, at);
  if (!mailbox.test(local) || Buffer.byteLength(local) > 64 || Buffer.byteLength(address) > 254) return false;
  const labels = address.slice(at + 1).split('.');
  const last = labels.at(-1) as string;
  return labels.length > 1 && last.length > 1 && !/^\p{N}+$/u.test(last) && labels.every((one) => label.test(one));
}

/**
 * Whether the part before the `@` is of ASCII, as vendors want it that do not know RFC 6531.
 *
 * @example
 * const asAcmeEmail: Cast<string> = (value) => {
 *   const address = asEmailAsWritten(value);
 *   return address !== undefined && hasAsciiMailbox(address) ? address : undefined;
 * };
 */
export const hasAsciiMailbox = (address: string): boolean => /^[\x21-\x7e]+@/.test(address);
