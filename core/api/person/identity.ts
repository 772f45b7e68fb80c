import { createHmac, hash } from 'node:crypto';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import type { JsonValue } from '../event.ts';

const sha256Digest = /^[0-9a-f]{64}$/i;
const md5Digest = /^[0-9a-f]{32}$/i;
const uuidShape = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const zeros = /^[0-]+$/;
const blankOrZeros = /^\s*[0-]*\s*$/;

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

/** The form every vendor hashes: trimmed and lower-cased. */
export const normalizeEmail = (value: string): string => value.trim().toLowerCase();

/** Whether it looks like an e-mail address: at most 254 characters (RFC 5321). */
export const isEmail = (value: string): boolean => value.length <= 254 && z.regexes.email.test(value);

export const isSha256 = (value: string): boolean => sha256Digest.test(value);
export const isMd5 = (value: string): boolean => md5Digest.test(value);

/** Whether it is a UUID, in any case; the all-zero one that phones return under limited tracking does not count. */
export const isUuid = (value: string): boolean => value.length === 36 && uuidShape.test(value) && !zeros.test(value);

/** Whether an identifier is meaningless: blank or all zeros. */
export const isBlankId = (value: string): boolean => blankOrZeros.test(value);

/**
 * Text that may be an identifier, such as an order id or a user id: trimmed text, or a whole number that a double holds
 * exactly, as text. `undefined` if it is blank, all zeros, or anything else.
 *
 * @example
 * const userIdOf = firstOf(['userId', 'context.traits.id'], usableId);
 */
export function usableId(value: JsonValue): string | undefined {
  const id = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
  return typeof id !== 'string' || isBlankId(id) ? undefined : id.trim();
}

/** Whether an IP address is the unspecified one, which hosts write instead of an address that they withhold. */
export const isBlankIp = (address: string): boolean => address === '0.0.0.0' || address === '::';

const bracketed = /^\[([^\]]*)\](?::\d+)?$/;
const withPort = /^([\d.]+):\d+$/;

/** The address without brackets, zone and port; `undefined` if the rest is not an IP address. */
export function ipAddress(value: string): string | undefined {
  const text = value.trim();
  const kind = isIP(text);
  if (kind === 4 || (kind === 6 && !text.includes('%'))) return text;
  const bare = (bracketed.exec(text) ?? withPort.exec(text))?.[1] ?? text;
  const address = bare.split('%', 1)[0] ?? '';
  return isIP(address) === 0 ? undefined : address;
}

/**
 * The IPv4 address in `value`, also one mapped into IPv6 (`::ffff:a.b.c.d`); `undefined` for real IPv6 and
 * non-addresses.
 */
export function ipv4Address(value: string): string | undefined {
  const address = ipAddress(value);
  if (address === undefined || !address.includes(':')) return address;
  // Only an address that begins with zeros can be a mapped one, and parsing costs more than all the rest.
  if (address[0] !== ':' && address[0] !== '0') return undefined;
  const parsed = ipaddr.IPv6.parse(address);
  return parsed.isIPv4MappedAddress() ? parsed.toIPv4Address().toString() : undefined;
}

const phoneShape = /^\+?[\d\s().\-/]+$/;
const longestPhone = 64;
const extension = /\s*(?:;?ext\.?|extension|x|#)\s*\d+$/i;

/**
 * A phone number as bare digits, without extension and punctuation; `undefined` with letters, or unless it has 7 to 15
 * digits (E.164). The country of a national number is not guessed.
 */
export function phoneDigits(value: string): string | undefined {
  const text = value.trim();
  if (text.length > longestPhone) return undefined;
  // Most numbers have no extension, and looking for one costs more than the shape.
  const number = phoneShape.test(text) ? text : withoutExtension(text);
  if (number === undefined) return undefined;
  const digits = number.replace(/\D+/g, '');
  return digits.length >= 7 && digits.length <= 15 ? digits : undefined;
}

function withoutExtension(text: string): string | undefined {
  const number = text.replace(extension, '');
  return phoneShape.test(number) ? number : undefined;
}

/** An absolute http(s) URL with a host; `undefined` for relative paths, bare domains and other schemes. */
export function absoluteUrl(value: string): URL | undefined {
  if (!/^https?:\/\//i.test(value.trim())) return undefined;
  try {
    return new URL(value.trim());
  } catch {
    return undefined;
  }
}
