import type { JsonValue } from '../api/event.ts';

/** A value that has a JSON of its own: a Date is a text there. */
export const hasOwnJson = (value: object): value is { readonly toJSON: () => unknown } =>
  'toJSON' in value && typeof value.toJSON === 'function';

/**
 * A value of an event as its JSON text has it, so that an event that a program hands over is judged and mapped as the
 * same event out of a queue or a file: a Date is a text, and NaN is null. What lies in lists and objects stays as it
 * is.
 */
export function inJson(value: unknown): JsonValue | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value !== 'object' || value === null || !hasOwnJson(value)) return value as JsonValue | undefined;
  return value.toJSON() as JsonValue | undefined;
}
