import { sha256 } from './digest.ts';
import { asEmail } from './email-address.ts';
import { plainTextOf, type PlainText } from '../fields/plain-text.ts';

/**
 * An `@`, also a full-width or small one, and what one may come out of: escapes of it, of `%`, of a digit or letter of
 * another escape, or of an entity; and entities.
 */
const signOfAddress =
  /@|%(?:2[35]|26(?:[#%]|amp|commat)|3\d|[46]|[57][\dAa]|[eE][fF])|&(?:#|amp;|commat;)|[\uff20\ufe6b]/;

/** Whether a text may hold an address. Nearly none does, and one search is cheaper than undoing escapes. */
export const mayHoldEmail = (text: string): boolean => signOfAddress.test(text);

/**
 * A text with another in the place of every e-mail address in it, and unchanged elsewhere. It finds them behind any
 * sign, percent-escaped however often, with a full-width `@` or one that is an HTML entity. A literal `+`, the space of
 * a form, separates where both would not be one address. `replacement` gets the address in small letters.
 *
 * Names of files and versions (`logo@2x.png`, `pkg@1.2.3-beta.one`) are no addresses, nor is what has a domain that
 * ends in no letters. The mailbox may have dots at any place.
 *
 * @example
 * replaceEmails('mail from Jane@example.com', (address) => sha256(address)); // 'mail from ' and the digest
 */
export function replaceEmails(text: string, replacement: (address: string) => string): string {
  return mayHoldEmail(text) ? replaceFound(text, replacement) : text;
}

const addressLead = /^\s*(?:mailto|(?:e-?)?mail)\s*[:=|]/i;

/**
 * A text with the SHA-256 of every e-mail address in its place. Of a text that is an address, also behind a word that
 * says so (`email:jane@example.com`, `mailto:`), it is the digest alone, by which vendors know the person elsewhere.
 *
 * @example
 * hashEmails('user 7: Jane@example.com'); // 'user 7: ' and the digest
 */
export function hashEmails(text: string): string {
  const address = text.includes('@') ? asEmail(text.replace(addressLead, '')) : undefined;
  return address === undefined ? replaceEmails(text, sha256) : sha256(address);
}

interface PlainUrl extends PlainText {
  /** Where the path ends in the text as it was written. */
  readonly path: number;
}

function replaceFound(source: string, replacement: (address: string) => string): string {
  const { text, starts } = plainTextOf(source);
  if (!text.includes('@')) return source;
  const path = source.search(/[?#]/);
  const plain: PlainUrl = { text, starts, path: path < 0 ? source.length : path };
  let result = '';
  let done = 0;
  let floor = 0;
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', floor)) {
    const end = domainEnd(text, at + 1);
    const from = end < 0 ? -1 : mailboxStart(plain, floor, at, end);
    floor = at + 1;
    if (from < 0) continue;
    const address = `${text.slice(from, at)}@${text.slice(at + 1, end)}`.toLowerCase();
    // What would be left of `a@b.co@c.de` reads as an address again.
    for (let next = end; next > 0; next = text[next] === '@' ? domainEnd(text, next + 1) : -1) floor = next;
    result += source.slice(done, starts[from]) + replacement(address);
    done = starts[floor] as number;
  }
  return done === 0 ? source : result + source.slice(done);
}

const domainSigns = /[\p{L}\p{M}\p{N}.-]*/uy;
const domainLabel = /^[\p{L}\p{M}\p{N}](?:[\p{L}\p{M}\p{N}-]{0,61}[\p{L}\p{M}\p{N}])?$/u;
const topLevel = /^(?:xn--[a-z\d-]*[a-z\d]|\p{L}[\p{L}\p{M}]+)/iu;
/** None is a top-level domain. */
const fileType =
  /^(?:aspx?|avif|bmp|css|gif|html?|ico|jpe?g|js|json|jsp|jsx|mjs|pdf|php|png|svg|tgz|tiff?|tsx|txt|webp|woff|xml)$/i;
const pixelDensity = /^\d(?:\.\d+)?x\./i;
const versionNumber = /^v?\d+(?:\.\d+(?:-[\p{L}\p{N}-]+)?)+\.[\p{L}\p{M}]+$/iu;

/** Where the longest domain ends that begins here; -1 if none does. What follows it may be part of the same word. */
function domainEnd(text: string, from: number): number {
  domainSigns.lastIndex = from;
  const run = domainSigns.exec(text)?.[0] ?? '';
  const labels = run.split('.');
  if (labels.length < 2 || (pixelDensity.test(run) && fileType.test(labels.at(-1) as string))) return -1;
  let end = -1;
  let start = 0;
  for (const [index, part] of labels.entries()) {
    const top = index === 0 ? undefined : topLevel.exec(part)?.[0];
    if (top !== undefined && !fileType.test(top)) end = start + top.length;
    if (!domainLabel.test(part)) break;
    start += part.length + 1;
  }
  return end < 0 || versionNumber.test(run.slice(0, end)) ? -1 : from + end;
}

/** A mailbox has 64 bytes at most. */
const longestMailbox = 64;
const mailboxLetter = /[\p{L}\p{M}\p{N}]/u;
const usualMailboxSign = /[\w.+-]/;
/** Signs that stand in few mailboxes, and around many: they count where the address is the whole of a value. */
const rareMailboxSigns = "!#$&'*/^~";

function mailboxStart(plain: PlainUrl, floor: number, at: number, end: number): number {
  const { text } = plain;
  let from = at;
  while (from > floor && from >= at - longestMailbox && isMailboxSign(text, from - 1)) from -= 1;
  const isTooLong = from < at - longestMailbox;
  // Words of a form, since what follows is no part of the address.
  if (isTooLong || (text[end] === '+' && isLiteral(plain, end))) {
    const plus = lastLiteralPlus(plain, from, at);
    if (isTooLong && plus < 0) return wordStart(text, from, at);
    from = Math.max(from, plus + 1);
  } else {
    const whole = valueStart(plain, Math.max(floor, at - longestMailbox), from, end);
    if (whole >= 0) return whole;
  }
  while (from < at && '.+-'.includes(text.charAt(from))) from += 1;
  return from < at ? from : -1;
}

/** Of more signs than a mailbox has, the last words may be one: where the first whole one begins; else -1. */
function wordStart(text: string, from: number, at: number): number {
  for (let cut = from; cut < at - 1; cut += 1) if ('.+-_'.includes(text.charAt(cut))) return cut + 1;
  return -1;
}

/** Where the value begins of which all, up to the end of the domain, is one address; -1 if it is not. */
function valueStart(plain: PlainUrl, floor: number, from: number, end: number): number {
  const { text, starts, path } = plain;
  const ends = (index: number): boolean => {
    if (index < 0 || index >= text.length) return true;
    if (!isLiteral(plain, index)) return false;
    const sign = text.charAt(index);
    return sign === '/' ? (starts[index] as number) < path : '?#&='.includes(sign);
  };
  let after = end;
  while (after < end + 8 && /[.\s]/.test(text.charAt(after))) after += 1;
  if (!ends(after)) return -1;
  let start = from;
  while (
    start > floor &&
    !ends(start - 1) &&
    (rareMailboxSigns.includes(text.charAt(start - 1)) || isMailboxSign(text, start - 1))
  )
    start -= 1;
  if (!ends(start - 1) || !/^[\p{L}\p{N}_]/u.test(text.slice(start, start + 2))) return -1;
  // In a fragment such as #u/jane@example.com a slash separates, in ?mail=sales/eu@example.com it does not.
  const hasName = start > 0 && text[start - 1] === '=';
  return hasName || !text.slice(start, from).includes('/') ? start : -1;
}

const isLiteral = ({ starts }: PlainText, index: number): boolean =>
  (starts[index + 1] as number) - (starts[index] as number) === 1;

function lastLiteralPlus(plain: PlainText, from: number, at: number): number {
  for (let index = at - 1; index >= from; index -= 1) {
    if (plain.text[index] === '+' && isLiteral(plain, index)) return index;
  }
  return -1;
}

function isMailboxSign(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  if (code < 0x80) return usualMailboxSign.test(text.charAt(index));
  if (code >= 0xdc_00 && code <= 0xdf_ff) return mailboxLetter.test(text.slice(index - 1, index + 1));
  return mailboxLetter.test(text.slice(index, code >= 0xd8_00 && code < 0xdc_00 ? index + 2 : index + 1));
}
