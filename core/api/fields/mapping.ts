import type { CdpEvent, JsonObject, JsonValue } from '../event.ts';
import type { Note } from '../outcome.ts';
import { asText } from './casts.ts';
import { eventPlace, valueIn } from './event-place.ts';
import { trimInvisible } from './trim-invisible.ts';

/**
 * A dotted path into an event, such as `context.device.advertisingId`. Comes from code, never from an event or a
 * setting.
 */
export type Path = string;

/** Converts a value of an event to what the vendor expects; `undefined` if it cannot be converted. */
export type Cast<T> = (value: JsonValue) => T | undefined;

/** Recorded in preview: the event path that each payload field came from, and what was lost. */
export interface Trace {
  from(field: string, source: string): void;
  note(note: Note): void;
}

/** Returns a reader of one path. Call it at module level: `const emailOf = reader('context.traits.email')`. */
export function reader(path: Path): (event: CdpEvent) => JsonValue | undefined {
  const place = eventPlace(path);
  return (event) => valueIn(event, place);
}

/** Returns a reader of the first path that holds usable text. Call it at module level. */
export function textReader(...paths: readonly Path[]): (event: CdpEvent) => string | undefined {
  const places = paths.map(eventPlace);
  return (event) => {
    for (const place of places) {
      const found = valueIn(event, place);
      const text = found === undefined || found === null ? undefined : asText(found);
      if (text !== undefined) return text;
    }
    return undefined;
  };
}

/** The members that a path goes through. */
export const keysOf = (path: Path): readonly string[] => path.split('.');

/** The value at the end of a path; `undefined` from the first gap on. */
export function valueAt(object: object, keys: readonly string[]): JsonValue | undefined {
  let at: unknown = object;
  for (let index = 0; index < keys.length; index += 1) {
    if (typeof at !== 'object' || at === null) return undefined;
    const key = keys[index] as string;
    at = index === 0 ? firstMember(at, key) : (at as Record<string, unknown>)[key];
  }
  return at as JsonValue | undefined;
}

/** Most paths begin with one of these two. What the code names is read by the shape of the object: a third cheaper. */
function firstMember(object: { readonly context?: unknown; readonly properties?: unknown }, name: string): unknown {
  if (name === 'context') return object.context;
  return name === 'properties' ? object.properties : (object as Readonly<Record<string, unknown>>)[name];
}

/**
 * Nothing is there: undefined or null.
 *
 * @example
 * const hasCoupon = !isMissing(properties['coupon']);
 */
export const isMissing = (value: JsonValue | undefined): value is undefined | null =>
  value === undefined || value === null;

/**
 * Nothing is said: missing, or text in which nobody sees anything (`trimInvisible`). Zero, false, objects and lists say
 * something, and so does any word: whether one stands for no id, `isNoId` tells.
 *
 * @example
 * if (!isBlank(properties['currency'])) out.drop('properties.currency', 'The currency is no ISO 4217 code');
 */
export const isBlank = (value: JsonValue | undefined): value is undefined | null | '' =>
  value === undefined || value === null || (typeof value === 'string' && trimInvisible(value) === '');

/** A property that a setting names. Only own properties count, so "constructor" and "__proto__" find nothing. */
export const ownValue = (object: JsonObject, name: string): JsonValue | undefined =>
  Object.hasOwn(object, name) ? object[name] : undefined;

/** A plain JSON object: not null, not an array. */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
