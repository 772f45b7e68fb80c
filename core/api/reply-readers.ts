import type { RetryDecision } from './decision.ts';
import type { Batch } from './delivery.ts';
import type { JsonValue } from './event.ts';

/**
 * Decisions by position: the one given for an item's index in the batch, else `unnamed`. There is no default: only the
 * vendor's documentation says whether an item that the answer does not name was taken, refused or not processed.
 */
export const byIndex = <P>(
  batch: Batch<P>,
  decisions: ReadonlyMap<number, RetryDecision>,
  unnamed: RetryDecision,
): readonly RetryDecision[] => {
  requireUnnamed('byIndex', unnamed);
  return batch.items.map((_, index) => decisions.get(index) ?? unnamed);
};

/** Decisions by name: the one given for an item's `key`, else `unnamed`, which has no default, as in byIndex. */
export const byKey = <P>(
  batch: Batch<P>,
  decisions: ReadonlyMap<string, RetryDecision>,
  unnamed: RetryDecision,
): readonly RetryDecision[] => {
  requireUnnamed('byKey', unnamed);
  return batch.items.map(({ key }) => (key === undefined ? undefined : decisions.get(key)) ?? unnamed);
};

/** For folders in JavaScript, which have no compiler. */
function requireUnnamed(name: string, unnamed: RetryDecision | undefined): void {
  if (unnamed === undefined)
    throw new TypeError(`${name}() needs a third argument: what becomes of items that the answer does not name`);
}

/**
 * The body as JSON, `null` included; `undefined` if it is empty, truncated or not JSON, or if one of its objects
 * repeats a name: of `{"success": false, "success": true}` a parser keeps the last, but which one was meant is unknown.
 */
export function jsonValue(body: string): JsonValue | undefined {
  const text = body.trim();
  // A success is often empty, and an exception for each would cost more than the request.
  if (text === '') return undefined;
  try {
    const parsed = JSON.parse(text) as JsonValue;
    return typeof parsed === 'object' && parsed !== null && repeatsName(text) ? undefined : parsed;
  } catch {
    return undefined;
  }
}

const namesAndBraces = /"([^"\\]*(?:\\[^][^"\\]*)*)"(\s*:)?|[{}]/g;

/** Whether an object in this JSON text repeats a name. */
function repeatsName(json: string): boolean {
  const open: Set<string>[] = [];
  for (const [found, written, colon] of json.matchAll(namesAndBraces)) {
    if (found === '{') open.push(new Set());
    else if (found === '}') open.pop();
    else if (colon !== undefined && written !== undefined) {
      const names = open.at(-1) as Set<string>;
      const name = written.includes('\\') ? (JSON.parse(`"${written}"`) as string) : written;
      if (names.size === names.add(name).size) return true;
    }
  }
  return false;
}

/** The body as a JSON object or array; `undefined` if it is empty, truncated or not JSON. */
export function jsonBody(body: string): object | undefined {
  const parsed = jsonValue(body);
  return typeof parsed === 'object' && parsed !== null ? parsed : undefined;
}
