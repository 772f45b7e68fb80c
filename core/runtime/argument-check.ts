import { isObject } from '../api/fields/mapping.ts';
import { suggestion } from '../api/suggestion.ts';

/**
 * Checks the arguments that a host's code passes: TypeScript's types protect neither JavaScript nor a cast value.
 * Errors name the argument and say what it should be, and never contain the value.
 */
/** Names the kind of a value for a message, never the value itself. */
export function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (Number.isNaN(value)) return 'NaN';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return isThenable(value) ? 'a promise' : 'an object';
  return `a ${typeof value}`;
}

/** Never throws, though the value may be an event, and the event a proxy that throws. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  try {
    return typeof (value as { readonly then?: unknown }).then === 'function';
  } catch {
    return false;
  }
}

export const isFunction = (value: unknown): boolean => typeof value === 'function';

/** What an option has to be, as a test and in words. `undefined` always counts as absent. */
export interface Expected {
  readonly fits: (value: unknown) => boolean;
  readonly what: string;
}

const isNumber = (value: unknown): boolean => typeof value === 'number';
const isSignal = (value: unknown): boolean =>
  value instanceof AbortSignal ||
  (typeof value === 'object' &&
    value !== null &&
    typeof (value as Partial<AbortSignal>).aborted === 'boolean' &&
    isFunction((value as Partial<AbortSignal>).addEventListener) &&
    isFunction((value as Partial<AbortSignal>).removeEventListener));

export const aFunction: Expected = { fits: isFunction, what: 'a function' };
export const aNumber: Expected = { fits: isNumber, what: 'a number' };
export const aBoolean: Expected = { fits: (value) => typeof value === 'boolean', what: 'true or false' };
export const anAbortSignal: Expected = { fits: isSignal, what: 'an AbortSignal' };
export const someMilliseconds: Expected = { fits: isNumber, what: 'a number of milliseconds' };
export const anObject: Expected = {
  fits: isObject,
  what: 'an object',
};

/** The options of a call, by name. */
export type OptionTable<T> = { readonly [name in keyof Required<T>]: Expected };

/**
 * Returns a copy of the options, so that later changes by the caller have no effect. Throws if they are not an object,
 * or have an unknown name or a value of the wrong kind; the error names `where` and the option.
 */
export function checkedOptions<T extends object>(options: T | undefined, table: OptionTable<T>, where: string): T {
  if (options === undefined) return {} as T;
  if (!anObject.fits(options)) throw new TypeError(`${where}: the options must be an object, not ${kindOf(options)}`);
  const copy: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const expected = Object.hasOwn(table, name) ? table[name as keyof T] : undefined;
    if (expected === undefined)
      throw new TypeError(`${where}: no option "${name}"; ${suggestion(name, Object.keys(table))}`);
    if (!expected.fits(value)) throw new TypeError(`${where}: ${name} must be ${expected.what}, not ${kindOf(value)}`);
    copy[name] = value;
  }
  return copy as T;
}

/** NaN and negative numbers stand for the default. */
export const atLeastZero = (value: number, otherwise: number): number => (value >= 0 ? value : otherwise);
