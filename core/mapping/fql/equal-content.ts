import type { JsonObject, JsonValue } from '../../api/event.ts';
import { inJson } from '../json-value.ts';

/** No runtime takes an event that is deeper, unless its host says so; and each level takes stack. */
const mostLevels = 1_000;

/**
 * Whether two values are the same: of one type and equal, lists element by element, objects member by member in any
 * order. Nothing at all is null; a member that is undefined is none. What is nested more deeply than a thousand levels
 * is equal to itself alone.
 */
export const isEqual = (a: JsonValue | undefined, b: JsonValue | undefined): boolean => isSame(a, b, mostLevels);

function isSame(one: JsonValue | undefined, other: JsonValue | undefined, levels: number): boolean {
  const a = inJson(one) ?? null;
  const b = inJson(other) ?? null;
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null || levels <= 0) return false;
  if (Array.isArray(a)) return Array.isArray(b) && isSameList(a, b, levels - 1);
  return !Array.isArray(b) && isSameObject(a as JsonObject, b as JsonObject, levels - 1);
}

const isSameList = (a: readonly JsonValue[], b: readonly JsonValue[], levels: number): boolean =>
  a.length === b.length && a.every((element, index) => isSame(element, b[index], levels));

function isSameObject(a: JsonObject, b: JsonObject, levels: number): boolean {
  const names = namesOf(a);
  return (
    names.length === namesOf(b).length &&
    names.every((name) => Object.hasOwn(b, name) && isSameMember(a[name], b[name], levels))
  );
}

const namesOf = (object: JsonObject): string[] => Object.keys(object).filter((name) => object[name] !== undefined);

/** Of a member, unlike of a path, nothing at all is not null. */
const isSameMember = (a: JsonValue | undefined, b: JsonValue | undefined, levels: number): boolean =>
  b !== undefined && isSame(a, b, levels);
