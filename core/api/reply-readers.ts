import type { RetryDecision } from './decision.ts';
import type { Batch } from './delivery.ts';
import type { JsonValue } from './event.ts';

/**
 * Verdicts by position: the decision given for an item's index in the batch, else `unnamed`. There is no default: only the
 * vendor's documents say whether who is not named was taken, refused, or not looked at.
 */
export const byIndex = <P>(
  batch: Batch<P>,
  decisions: ReadonlyMap<number, RetryDecision>,
  unnamed: RetryDecision,
): readonly RetryDecision[] => {
  mustBeSaid('byIndex', unnamed);
  return batch.items.map((_, index) => decisions.get(index) ?? unnamed);
};

/** Verdicts by name: the decision given for an item's `key`, else `unnamed`, which has no default, as in byIndex. */
export const byKey = <P>(
  batch: Batch<P>,
  decisions: ReadonlyMap<string, RetryDecision>,
  unnamed: RetryDecision,
): readonly RetryDecision[] => {
  mustBeSaid('byKey', unnamed);
  return batch.items.map(({ key }) => (key === undefined ? undefined : decisions.get(key)) ?? unnamed);
};

/** Folders written in JavaScript have no compiler to say it. */
function mustBeSaid(name: string, unnamed: RetryDecision | undefined): void {
  if (unnamed === undefined)
    throw new TypeError(`${name}() needs a third argument: what becomes of items that the answer does not name`);
}

/**
 * The body as JSON, `null` included; `undefined` when it is empty, cut or not JSON, and when one of its objects says two things under
 * one name: of `{"success": false, "success": true}` a parser keeps the last, and nobody knows which was meant.
 */
export function jsonValue(body: string): JsonValue | undefined {
  const text = body.trim();
  // Many a yes is empty, and an exception for each costs more than the request.
  if (text === '') return undefined;
  try {
    const parsed = JSON.parse(text) as JsonValue;
    return typeof parsed === 'object' && parsed !== null && repeatsName(text) ? undefined : parsed;
  } catch {
    return undefined;
  }
}

const namesAndBraces = /"([^"\\]*(?:\\[^][^"\\]*)*)"(\s*:)?|[{}]/g;

/** Of a text that is JSON. */
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

/** The body as a JSON object or array; `undefined` when it is empty, cut or not JSON. */
export function jsonBody(body: string): object | undefined {
  const parsed = jsonValue(body);
  return typeof parsed === 'object' && parsed !== null ? parsed : undefined;
}
