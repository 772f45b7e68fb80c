import type { JsonValue } from '../../api/event.ts';

/** The types of values, as the function `typeof` names them. */
export const valueTypes = ['string', 'number', 'list', 'bool', 'null', 'object'] as const;
export type ValueType = (typeof valueTypes)[number];

/** The type of what a path leads to. Nothing at all is null. */
export function typeOf(value: JsonValue | undefined): ValueType {
  if (value === undefined || value === null) return 'null';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'object') return Array.isArray(value) ? 'list' : 'object';
  return typeof value === 'number' ? 'number' : 'string';
}
