import type { JsonValue } from '../event.ts';
import { checkMembers, type MemberTable } from '../member-check.ts';
import { isExact, whyInexact } from './casts.ts';
import { isObject } from './mapping.ts';
import type { PropertyConverter, PropertyTarget } from './property-target.ts';
import { cutText } from './text-length.ts';

export interface TextOptions {
  /** The vendor, as the notes call it. */
  readonly vendor: string;
  /** UTF-16 units of a text. Default: no bound. */
  readonly longest?: number;
}

export interface ScalarOptions extends TextOptions {
  /** Lists and objects go to this converter. Default: they are dropped, with a note. */
  readonly nested?: PropertyConverter;
}

export interface FlatTextOptions extends TextOptions {
  /** Objects inside one another that become dotted names. */
  readonly depth: number;
  /** The text of the note on what is nested too deeply even for JSON text. */
  readonly tooDeep?: string;
}

export interface TextListOptions extends TextOptions {
  /** Entries of one list. */
  readonly most: number;
  /** What is no list of scalars goes to this converter. Default: it is dropped, with a note. */
  readonly otherwise?: PropertyConverter;
}

const textMembers: MemberTable<TextOptions> = { vendor: 'required', longest: 'optional' };
const scalarMembers: MemberTable<ScalarOptions> = { ...textMembers, nested: 'optional' };
const flatTextMembers: MemberTable<FlatTextOptions> = { ...textMembers, depth: 'required', tooDeep: 'optional' };
const textListMembers: MemberTable<TextListOptions> = { ...textMembers, most: 'required', otherwise: 'optional' };

/** The value as JSON text; `undefined` if it has none, or is nested too deeply for one. Never throws. */
export function jsonTextOf(value: JsonValue | undefined): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

/**
 * Texts, numbers and booleans as they are. A text that is too long is truncated, a number that JSON cannot carry, or a
 * whole one beyond 2^53, which has lost its digits, is dropped, with a note each. Lists and objects go to `nested`;
 * without it they are dropped, with a note.
 *
 * @example
 * const vendor = 'Acme';
 * const as = scalarValue({ vendor, longest: 500, nested: jsonText({ vendor, longest: 500 }) });
 */
export function scalarValue(options: ScalarOptions): PropertyConverter {
  checkMembers('scalarValue()', options, scalarMembers);
  const cut = textCutter(options);
  const { nested = dropNested(options.vendor) } = options;
  return (value, target) => {
    if (typeof value === 'string') return cut(value, target);
    if (typeof value === 'boolean') return value;
    if (typeof value !== 'number') return nested(value, target);
    // Minus zero does not survive JSON.
    if (isExact(value)) return value === 0 ? 0 : value;
    target.note('dropped', whyInexact(value));
    return undefined;
  };
}

/** The same, with numbers and booleans in their JSON spelling: a text in any case. */
export function scalarText(options: ScalarOptions): PropertyConverter {
  checkMembers('scalarText()', options, scalarMembers);
  const scalar = scalarValue(options);
  return (value, target) => {
    const converted = scalar(value, target);
    return typeof converted === 'number' || typeof converted === 'boolean' ? String(converted) : converted;
  };
}

/** Any value as JSON text, with a note; one that is too long, or nested too deeply, is dropped, with a note. */
export function jsonText(options: TextOptions): PropertyConverter {
  checkMembers('jsonText()', options, textMembers);
  const { vendor, longest = Infinity } = options;
  const coerced = `${vendor} takes no nested values, so it travels as JSON text`;
  const tooLong = `As JSON text it is longer than the ${longest} characters ${vendor} takes`;
  return (value, target) => {
    const text = jsonTextOf(value);
    if (text === undefined) target.note('dropped', 'Nested too deeply for JSON text');
    else if (text.length > longest) target.note('dropped', tooLong);
    else {
      target.note('coerced', coerced);
      return text;
    }
    return undefined;
  };
}

/**
 * Everything as texts: numbers and booleans in their JSON spelling, the members of an object under dotted names such as
 * `address.city`, a list as JSON text, and so what lies deeper than `depth` objects. Null is left out, and, with a
 * note, a number that JSON cannot carry or a whole one beyond 2^53, which has lost its digits.
 *
 * @example
 * const select = propertySelector('all', { vendor: 'Acme', as: flatTexts({ vendor: 'Acme', depth: 8 }) });
 */
export function flatTexts(options: FlatTextOptions): PropertyConverter {
  checkMembers('flatTexts()', options, flatTextMembers);
  const cut = textCutter(options);
  const { tooDeep = `Nested too deeply for ${options.vendor}` } = options;
  const write = (value: JsonValue, name: string, depth: number, target: PropertyTarget): void => {
    if (typeof value === 'string') target.set(name, cut(value, target));
    else if (typeof value === 'boolean' || (typeof value === 'number' && isExact(value))) {
      target.set(name, String(value));
    } else if (typeof value === 'number') {
      target.note('dropped', whyInexact(value), name === target.name ? undefined : name.slice(target.name.length + 1));
    } else if (isObject(value) && depth > 0) {
      for (const key of Object.keys(value)) write(value[key] ?? null, `${name}.${key}`, depth - 1, target);
    } else if (typeof value === 'object' && value !== null) {
      const text = jsonTextOf(value);
      if (text === undefined) target.note('dropped', tooDeep);
      else target.set(name, cut(text, target));
    }
  };
  return (value, target) => {
    write(value, target.name, options.depth, target);
    return undefined;
  };
}

/**
 * A list of scalars as a list of texts: at most `most` of at most `longest` units each, with a note if it was more.
 * Null is left out, and, with a note, a whole number beyond 2^53, which has lost its digits; an empty list is nothing.
 * Anything else, and a list with objects in it, goes to `otherwise`.
 *
 * @example
 * const vendor = 'Acme';
 * const as = textList({ vendor, most: 100, longest: 50, otherwise: scalarText({ vendor }) });
 */
export function textList(options: TextListOptions): PropertyConverter {
  checkMembers('textList()', options, textListMembers);
  const { vendor, most, longest = Infinity, otherwise = dropNested(vendor) } = options;
  const tooMuch = `${vendor} takes lists of at most ${most} entries${longest === Infinity ? '' : ` of ${longest} characters`}`;
  return (value, target) => {
    if (!Array.isArray(value) || value.some((entry) => typeof entry === 'object' && entry !== null)) {
      return otherwise(value, target);
    }
    const entries = value as readonly JsonValue[];
    const inexact = entries.find((entry) => typeof entry === 'number' && !isExact(entry));
    if (inexact !== undefined) target.note('dropped', whyInexact(inexact as number));
    const texts = entries
      .filter((entry) => entry !== null && (typeof entry !== 'number' || isExact(entry)))
      .map(String);
    if (texts.length === 0) return undefined;
    if (texts.length > most || texts.some((text) => text.length > longest)) target.note('truncated', tooMuch);
    return texts.slice(0, most).map((text) => cutText(text, longest));
  };
}

function textCutter({ vendor, longest = Infinity }: TextOptions): (text: string, target: PropertyTarget) => string {
  const tooLong = `${vendor} takes ${longest} characters at most`;
  return (text, target) => {
    if (text.length <= longest) return text;
    target.note('truncated', tooLong);
    return cutText(text, longest);
  };
}

const dropNested =
  (vendor: string): PropertyConverter =>
  (_value, target) => {
    target.note('dropped', `${vendor} takes no nested values`);
    return undefined;
  };
