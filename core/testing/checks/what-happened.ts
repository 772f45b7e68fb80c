import assert from 'node:assert';

/** What happened, or what a case says should happen, with the parts that both have. */
export interface Happening {
  /** Requests as comparable() gives them; `undefined` if the case is about something else. */
  readonly requests: readonly unknown[] | undefined;
  /** How many requests leave: in a case, one per reply. */
  readonly requestCount: number;
  /** One per event, or the one result of a call. */
  readonly results: readonly unknown[];
  /** What a result is about, such as `event 0` or `the call`. */
  readonly nameOf: (index: number) => string;
}

/**
 * Throws if what happened is not what a case says: the first line of the message says it in words, and the rest is the
 * whole difference. Of the results only the members that the case writes are compared.
 */
export function mustHappen(actual: Happening, expected: Happening): void {
  const results = actual.results.map((result, index) => sameKeys(result, expected.results[index]));
  const lines = [
    ...(actual.requestCount === expected.requestCount
      ? differences(actual.requests, expected.requests, (index) => `request ${index}`)
      : [`${counted(actual.requestCount, 'request')} left, ${expected.requestCount} expected`]),
    ...expected.results.flatMap((result, index) => {
      const part = sameKeys(actual.results[index], result);
      const whole = actual.results[index];
      return whatBecame(whole, part, result, expected.nameOf(index));
    }),
  ];
  const requests = expected.requests === undefined ? undefined : actual.requests;
  const whole = [
    difference({ requests }, { requests: expected.requests }),
    difference({ results }, { results: expected.results }),
  ].filter((part) => part !== undefined);
  if (lines.length === 0 && whole.length === 0) return;
  const shown = lines.slice(0, mostLines);
  const more = lines.length > shown.length ? `; and ${lines.length - shown.length} more differences` : '';
  throw new Error([`${shown.join('; ')}${more}`, ...whole].join('\n'));
}

const mostLines = 4;

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

function differences(
  actual: readonly unknown[] | undefined,
  expected: readonly unknown[] | undefined,
  nameOf: (index: number) => string,
): readonly string[] {
  if (actual === undefined || expected === undefined) return [];
  return expected.flatMap((part, index) => firstDifference(actual[index], part, nameOf(index)) ?? []);
}

interface Result {
  readonly kind?: string;
  readonly reason?: { readonly code?: string };
  readonly retryAt?: unknown;
}

/** What became of an event: its kind and code if these differ, or else the first member that differs. */
function whatBecame(whole: unknown, part: unknown, expected: unknown, name: string): readonly string[] {
  const [was, should] = [part, expected].map((result) => kindOf(result as Result));
  if (was === should) return [firstDifference(part, expected, name) ?? []].flat();
  const { kind, reason, retryAt } = whole as Result;
  const until = typeof retryAt === 'string' ? ` until ${retryAt}` : '';
  const code = reason?.code === undefined ? '' : ` (${reason.code})`;
  return [`${name} was ${kind}${code}${until}, not ${should}`];
}

const kindOf = ({ kind, reason }: Result = {}): string =>
  `${kind}${reason?.code === undefined ? '' : ` (${reason.code})`}`;

/** The first place where two values differ, in words: `request 0: body.amount is 278.73, not 300`. */
function firstDifference(actual: unknown, expected: unknown, name: string): string | undefined {
  const difference = differingAt(actual, expected, []);
  if (difference === undefined) return undefined;
  const at = difference.path.length === 0 ? name : `${name}: ${difference.path.join('.')}`;
  if (difference.actual === undefined) return `${at} is missing, ${short(difference.expected)} expected`;
  if (difference.expected === undefined) return `${at} is ${short(difference.actual)}, which is not expected`;
  return `${at} is ${short(difference.actual)}, not ${short(difference.expected)}`;
}

interface Differing {
  readonly path: readonly string[];
  readonly actual: unknown;
  readonly expected: unknown;
}

function differingAt(actual: unknown, expected: unknown, path: readonly string[]): Differing | undefined {
  if (isObject(actual) && isObject(expected) && Array.isArray(actual) === Array.isArray(expected)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
      const difference = differingAt(member(actual, key), member(expected, key), [...path, key]);
      if (difference !== undefined) return difference;
    }
    return undefined;
  }
  return Object.is(actual, expected) ? undefined : { path, actual, expected };
}

const member = (value: Record<string, unknown>, key: string): unknown =>
  Object.hasOwn(value, key) ? value[key] : undefined;

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > longest ? `${text.slice(0, longest)}...` : text;
}

const longest = 80;

function difference(actual: unknown, expected: unknown): string | undefined {
  try {
    assert.deepStrictEqual(actual, expected);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** What `actual` has of the keys `expected` has, all the way down: a case compares only what it writes. */
function sameKeys(actual: unknown, expected: unknown): unknown {
  if (!isObject(actual) || !isObject(expected)) return actual;
  if (Array.isArray(actual) || Array.isArray(expected)) {
    if (!Array.isArray(actual) || !Array.isArray(expected)) return actual;
    return actual.map((part, index) => sameKeys(part, (expected as unknown[])[index]));
  }
  const keys = Object.keys(expected).filter((key) => Object.hasOwn(actual, key));
  return Object.fromEntries(keys.map((key) => [key, sameKeys(actual[key], expected[key])]));
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
