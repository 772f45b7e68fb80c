import { isObject } from '../fields/mapping.ts';

/** A refusal in one of the usual forms. */
export interface UsualRefusal {
  /** The status it names, if it is a transient one: 429, or 500 to 599. */
  readonly status?: number;
  /** Some entries of a list are refusals and others are not: the vendor may have taken a part. */
  readonly partial: boolean;
}

/**
 * Finds a refusal in one of the usual forms in a JSON answer, whatever the vendor; `undefined` if there is none. Looks
 * at the top level, in the entries of a list, and in the entries of lists at the top level; names and words in any
 * case.
 *
 * - `error`, `errors` or `fault`: not null, false or empty; an empty object counts as empty only as `error` or
 *   `errors`.
 * - `success` or `ok`: anything but true.
 * - `status` or `result`: error, failed or failure.
 * - `code` or `status`: a number, or a number as text, from 400 up.
 *
 * `top` ignores lists: for replies that list what was asked for, where a `status` belongs to the listed thing.
 *
 * Core applies it to every 2xx that the folder's `readReply` does not read, before the folder's `success`, and to the
 * top level of every reply to an operation.
 *
 * @example
 * usualRefusal({ success: false }); // { partial: false }
 * usualRefusal({ Error: { code: 503 } }); // { status: 503, partial: false }
 * usualRefusal([{ success: true }, { success: false }]); // { partial: true }
 * usualRefusal({ status: 'ok' }); // undefined
 */
export function usualRefusal(answer: unknown, where: 'everywhere' | 'top' = 'everywhere'): UsualRefusal | undefined {
  if (typeof answer !== 'object' || answer === null) return undefined;
  if (Array.isArray(answer)) return where === 'top' ? undefined : inEntries(answer);
  const refusal = inObject(answer);
  if (refusal !== undefined) return { ...refusal, partial: false };
  if (where === 'top') return undefined;
  // All lists together cover the request: one of them may hold what was taken.
  return inEntries(Object.values(answer).flatMap((member) => (Array.isArray(member) ? (member as unknown[]) : [])));
}

type RefusalStatus = Pick<UsualRefusal, 'status'>;

function inEntries(entries: readonly unknown[]): UsualRefusal | undefined {
  let first: RefusalStatus | undefined;
  let refused = 0;
  for (const entry of entries) {
    const refusal = isObject(entry) ? inObject(entry) : undefined;
    if (refusal === undefined) continue;
    refused += 1;
    first ??= refusal;
  }
  return first === undefined ? undefined : { ...first, partial: refused < entries.length };
}

/** A transient status wins over a plain refusal: `{"success":false,"code":503}` is a 503. */
function inObject(object: object): RefusalStatus | undefined {
  let found: RefusalStatus | undefined;
  for (const [name, value] of Object.entries(object)) {
    const refusal = inMember(name.toLowerCase(), value);
    if (refusal?.status !== undefined) return refusal;
    found ??= refusal;
  }
  return found;
}

const plainRefusal: RefusalStatus = Object.freeze({});

function inMember(name: string, value: unknown): RefusalStatus | undefined {
  switch (name) {
    case 'error':
    case 'errors':
    case 'fault':
      return isEmpty(value, name) ? undefined : inError(value);
    case 'success':
    case 'ok':
      return value === true ? undefined : plainRefusal;
    case 'status':
    case 'result':
      if (typeof value === 'string' && failureWords.test(value)) return plainRefusal;
      return name === 'status' ? numbered(value) : undefined;
    case 'code':
      return numbered(value);
    default:
      return undefined;
  }
}

const failureWords = /^\s*(?:error|failed|failure)\s*$/i;

/** An error may contain its status. */
function inError(value: unknown): RefusalStatus {
  for (const error of Array.isArray(value) ? (value as readonly unknown[]) : [value]) {
    if (!isObject(error)) continue;
    for (const [name, number] of Object.entries(error)) {
      const refusal = /^(?:code|status)$/i.test(name) ? numbered(number) : undefined;
      if (refusal?.status !== undefined) return refusal;
    }
  }
  return plainRefusal;
}

function isEmpty(value: unknown, name: string): boolean {
  if (value === undefined || value === null || value === false || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === 'object' && name !== 'fault' && Object.keys(value).length === 0;
}

/** A number beyond the HTTP statuses is the vendor's own code: a refusal without a status. */
function numbered(value: unknown): RefusalStatus | undefined {
  const number = typeof value === 'string' && /^\s*\d+\s*$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !(number >= 400)) return undefined;
  return number === 429 || (number >= 500 && number <= 599) ? { status: number } : plainRefusal;
}
