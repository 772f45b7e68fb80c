import type { Cast } from '../fields/mapping.ts';
import { trimInvisible } from '../fields/trim-invisible.ts';
import { mayHoldEmail, replaceEmails } from '../person/email-search.ts';

/** An absolute http(s) URL with a host; `undefined` for relative paths, bare domains and other schemes. */
export function absoluteUrl(value: string): URL | undefined {
  if (!/^https?:\/\//i.test(trimInvisible(value))) return undefined;
  try {
    return new URL(trimInvisible(value));
  } catch {
    return undefined;
  }
}

/**
 * Of a host as nearly all are: names of letters, digits and hyphens, of which the last has letters alone. Such a URL is
 * one; `xn--` begins names that can be wrong.
 */
const usual = /^https?:\/\/(?:(?!xn--)[a-z\d-]+\.)+[a-z]+(?:[/?#][!-~]*)?$/;
const plain = /^https?:\/\/[!-~]+$/;
const noHost = /^https?:\/\/[\s/?#]/i;

/**
 * A full http(s) URL, trimmed, and unchanged unless it needs escapes; `undefined` for relative paths and bare domains.
 *
 * @example
 * const pageOf = firstOf(['context.page.url', 'properties.url'], asAbsoluteUrl);
 */
export const asAbsoluteUrl: Cast<string> = (value) => {
  if (typeof value !== 'string') return undefined;
  const text = trimInvisible(value);
  if (usual.test(text)) return text;
  // Checking is four times cheaper than parsing. Beyond ASCII canParse errs on Node 20.
  if (plain.test(text) && !noHost.test(text)) return URL.canParse(text) ? text : undefined;
  return noHost.test(text) ? undefined : absoluteUrl(text)?.href;
};

/**
 * A URL with another text in the place of every e-mail address in it, as `replaceEmails` finds them: in the path, the
 * query, the fragment, in URLs within these, and in what stands before the host. `jane@example.com` in
 * `https://jane@example.com/` is a host and who logs in there. The same URL if there is no address in it.
 *
 * @example
 * replaceEmailsInUrl('https://shop.example/u?mail=Jane%40example.com', (address) => sha256(address));
 */
export function replaceEmailsInUrl(url: string, replacement: (address: string) => string): string {
  if (!mayHoldEmail(url)) return url;
  const [, scheme = '', login = '', host = ''] = authority.exec(url) ?? [];
  const rest = url.slice(scheme.length + login.length + host.length);
  return scheme + replaceEmails(login, replacement) + host + replaceEmails(rest, replacement);
}

/** `\` ends the host, too: browsers read it as `/`. */
const authority = /^([a-z][a-z\d+.-]*:\/\/)(?:([^\\/?#]*)(?=@))?([^\\/?#]*)/i;
