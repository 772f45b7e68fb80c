import type { JsonValue } from '../event.ts';

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
