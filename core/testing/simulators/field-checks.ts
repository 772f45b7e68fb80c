import { isIP } from 'node:net';

/** A JSON object, as opposed to an array or null. */
export type Fields = Readonly<Record<string, unknown>>;

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A check answers what is wrong, or nothing. */
export type Check = (value: unknown) => string | undefined;

export const text: Check = (value) =>
  typeof value === 'string' && value.trim() !== '' ? undefined : 'must be a non-blank string';

export const matching =
  (shape: RegExp, what: string): Check =>
  (value) =>
    typeof value === 'string' && shape.test(value) ? undefined : `must be ${what}`;

export const oneOf =
  (values: ReadonlySet<string>): Check =>
  (value) =>
    typeof value === 'string' && values.has(value) ? undefined : `must be one of ${[...values].join(', ')}`;

export const ipAddress: Check = (value) =>
  typeof value === 'string' && isIP(value) !== 0 ? undefined : 'must be an IPv4 or IPv6 address';

export const currency = matching(/^[A-Z]{3}$/, 'a three-letter ISO 4217 code');
export const decimalText = matching(/^-?\d+(?:\.\d+)?$/, 'a plain decimal string');
export const sha256Text = matching(/^[0-9a-f]{64}$/, 'a SHA-256 digest in lower-case hex');
export const md5Text = matching(/^[0-9a-f]{32}$/, 'an MD5 digest in lower-case hex');
export const email = matching(/^[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)+$/, 'an e-mail address');
export const uuid = matching(
  /^(?![0-]+$)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  'a UUID that is not all zeros',
);

export const count: Check = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? undefined : 'must be a whole number, not below 0';

export const finite: Check = (value) =>
  typeof value === 'number' && Number.isFinite(value) ? undefined : 'must be a number';

export const epochMs: Check = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 1e11 && (value as number) < 1e14
    ? undefined
    : 'must be epoch milliseconds, a whole number';

/** Reports what is wrong, and where. */
export type Report = (path: string, wrong: string) => void;

/** Every key must be known and its value pass; `required` keys must be there. */
export function checkFields(
  fields: Fields,
  checks: Readonly<Record<string, Check>>,
  required: readonly string[],
  at: string,
  report: Report,
): void {
  for (const name of required) {
    if (fields[name] === undefined) report(`${at}${name}`, 'is required');
  }
  for (const [name, value] of Object.entries(fields)) {
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
    const wrong = check === undefined ? 'is not a known field' : check(value);
    if (wrong !== undefined) report(`${at}${name}`, wrong);
  }
}
