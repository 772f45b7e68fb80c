import type { JsonValue } from '../event.ts';

const uuidShape = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const zeros = /^[0-]+$/;
const blankOrZeros = /^\s*[0-]*\s*$/;

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
