/** What an answer says that uses one of the usual words for a no. */
export interface UsualRefusal {
  /** The status it names, where that is one to wait for: 429, or 500 to 599. */
  readonly status?: number;
  /** Of a list, some entries say no and others do not: the vendor may have taken a part. */
  readonly partial: boolean;
}

/**
 * Finds one of the usual words for a no in an answer that is JSON, whatever the vendor: `undefined` where there is none. It is
 * looked for at the top, in the entries of a list, and in the entries of lists that a member of the top holds; names and words in
 * any case.
 *
 * - `error`, `errors` or `fault`: present, and not null, false or empty; an empty object is empty only as `error` or `errors`.
 * - `success` or `ok`: present, and anything but true.
 * - `status` or `result`: error, failed or failure.
 * - `code` or `status`: a number, or a number as text, from 400 up.
 *
 * `top` looks into no list: for answers whose lists are what was asked for, where a `status` belongs to the thing listed.
 *
 * Core looks for them in every 2xx that the folder's own `readReply` does not read, before it asks for the folder's `yes`; and at
 * the top of every answer to an operation.
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
  const said = inObject(answer);
  if (said !== undefined) return { ...said, partial: false };
  if (where === 'top') return undefined;
  // All lists of an answer together are what was asked for: one of them may hold what was taken.
  return inEntries(Object.values(answer).flatMap((member) => (Array.isArray(member) ? (member as unknown[]) : [])));
}

type Signal = Pick<UsualRefusal, 'status'>;

function inEntries(entries: readonly unknown[]): UsualRefusal | undefined {
  let first: Signal | undefined;
  let refused = 0;
  for (const entry of entries) {
    const said = isPlain(entry) ? inObject(entry) : undefined;
    if (said === undefined) continue;
    refused += 1;
    first ??= said;
  }
  return first === undefined ? undefined : { ...first, partial: refused < entries.length };
}

/** A status to wait for wins over a plain no: `{"success":false,"code":503}` is a 503. */
function inObject(object: object): Signal | undefined {
  let found: Signal | undefined;
  for (const [name, value] of Object.entries(object)) {
    const said = inMember(name.toLowerCase(), value);
    if (said?.status !== undefined) return said;
    found ??= said;
  }
  return found;
}

const plainRefusal: Signal = Object.freeze({});

function inMember(name: string, value: unknown): Signal | undefined {
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

/** An error may say its status inside. */
function inError(value: unknown): Signal {
  for (const error of Array.isArray(value) ? (value as readonly unknown[]) : [value]) {
    if (!isPlain(error)) continue;
    for (const [name, number] of Object.entries(error)) {
      const said = /^(?:code|status)$/i.test(name) ? numbered(number) : undefined;
      if (said?.status !== undefined) return said;
    }
  }
  return plainRefusal;
}

function isEmpty(value: unknown, name: string): boolean {
  if (value === undefined || value === null || value === false || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === 'object' && name !== 'fault' && Object.keys(value).length === 0;
}

/** Beyond the statuses of HTTP it is a number of the vendor's own, and a no without a status. */
function numbered(value: unknown): Signal | undefined {
  const number = typeof value === 'string' && /^\s*\d+\s*$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !(number >= 400)) return undefined;
  return number === 429 || (number >= 500 && number <= 599) ? { status: number } : plainRefusal;
}

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
