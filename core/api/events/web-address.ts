import type { Cast } from '../fields/mapping.ts';
import { isEmail, normalizeEmail } from '../person/email-address.ts';

/** An absolute http(s) URL with a host; `undefined` for relative paths, bare domains and other schemes. */
export function absoluteUrl(value: string): URL | undefined {
  if (!/^https?:\/\//i.test(value.trim())) return undefined;
  try {
    return new URL(value.trim());
  } catch {
    return undefined;
  }
}

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
  const text = value.trim();
  // Nearly all are plain ASCII, and checking is four times cheaper than parsing. Beyond ASCII canParse errs on Node 20.
  if (plain.test(text) && !noHost.test(text)) return URL.canParse(text) ? text : undefined;
  return noHost.test(text) ? undefined : absoluteUrl(text)?.href;
};

/**
 * A URL with another text in the place of every e-mail address in its path, its query and its fragment; also of those
 * in a URL that a parameter holds. `replacement` gets the address, trimmed and in small letters. The same URL if there
 * is no address in it.
 *
 * @example
 * replaceEmailsInUrl('https://shop.example/u?mail=Jane%40example.com', (address) => sha256(address));
 */
export function replaceEmailsInUrl(url: string, replacement: (address: string) => string): string {
  // Nearly all URLs have neither sign, and a search is cheaper than taking them apart.
  if (!url.includes('@') && !url.includes('40')) return url;
  const [beforePath = ''] = hostOf.exec(url) ?? [];
  const replaced = (text: string): string | undefined => {
    const address = addressIn(text);
    return address === undefined ? undefined : replacement(address);
  };
  const inTokens = (text: string): string =>
    isMarked(text)
      ? text
          .split(separator)
          .map((token) => replaced(token) ?? token)
          .join('')
      : text;
  const [path = '', ...parameters] = url.slice(beforePath.length).split(parameterSeparator);
  const rest = parameters.map((parameter) => {
    const equals = parameter.indexOf('=') + 1;
    const value = parameter.slice(equals);
    // A mailbox may hold signs that separate elsewhere, such as a slash, but so may a URL that ends in an address.
    const whole = equals === 0 || urlLike.test(unescaped(value)) ? undefined : replaced(value);
    return whole === undefined ? inTokens(parameter) : parameter.slice(0, equals) + whole;
  });
  return beforePath + inTokens(path) + rest.join('');
}

const hostOf = /^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i;
const urlLike = /^\s*\/|[?=:]/;
const parameterSeparator = /([?&#])/;
/** What ends an address in running text, as it is or escaped, in a URL inside a URL several times (`%252F`). */
const separator = /([/?#&=;,:<>"()\s]|%(?:25)*(?:2[023689CF]|3[A-F]))/i;
const isMarked = (text: string): boolean => text.includes('@') || /%(?:25)*40/.test(text);

/** The address that a part of a URL is, unescaped. */
function addressIn(text: string): string | undefined {
  // Three times as long as an address can be, escaped.
  if (text.length > 3 * 254 || !isMarked(text)) return undefined;
  const address = normalizeEmail(unescaped(text)).replace(/\.$/, '');
  return isEmail(address) ? address : undefined;
}

/** A URL in a URL in a URL is escaped three times. */
function unescaped(text: string): string {
  let plain = text;
  try {
    for (let times = 0; times < 3 && plain.includes('%'); times += 1) plain = decodeURIComponent(plain);
  } catch {
    // What is escaped wrongly stays as it is.
  }
  return plain;
}
