import type { JsonObject, JsonValue } from '../../api/event.ts';

/**
 * Whether two values are the same: of one type and equal, lists element by element, objects member by member in any
 * order. Nothing at all is null; a member that is undefined is none.
 */
export function isEqual(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || a === null || b === undefined || b === null) return (a ?? null) === (b ?? null);
  if (typeof a !== 'object' || typeof b !== 'object') return false;
  if (Array.isArray(a)) return Array.isArray(b) && isEqualList(a, b);
  return !Array.isArray(b) && isEqualObject(a as JsonObject, b as JsonObject);
}

const isEqualList = (a: readonly JsonValue[], b: readonly JsonValue[]): boolean =>
  a.length === b.length && a.every((element, index) => isEqual(element, b[index]));

function isEqualObject(a: JsonObject, b: JsonObject): boolean {
  const names = namesOf(a);
  return (
    names.length === namesOf(b).length &&
    names.every((name) => Object.hasOwn(b, name) && isEqualMember(a[name], b[name]))
  );
}

const namesOf = (object: JsonObject): string[] => Object.keys(object).filter((name) => object[name] !== undefined);

/** Of a member, unlike of a path, nothing at all is not null. */
const isEqualMember = (a: JsonValue | undefined, b: JsonValue | undefined): boolean => b !== undefined && isEqual(a, b);
