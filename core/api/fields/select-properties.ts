import type { JsonObject, JsonValue } from '../event.ts';
import { isBlank, isMissing, ownValue, type Path } from './mapping.ts';
import { checkMembers, type MemberTable } from '../member-check.ts';
import type { Note } from '../outcome.ts';
import type { AnyPayloadBuilder } from './payload-builder.ts';
import { cutText } from './text-length.ts';

/** All properties of an object, some of them by name, or some under other names: property -> name in the payload. */
export type PropertySelection = 'all' | readonly string[] | Readonly<Record<string, string>>;

/** Where a converter writes and notes, for one property. */
export interface PropertyTarget {
  /** The name in the payload. */
  readonly name: string;
  /** Writes a value under a name of the converter's choice, such as `address.city`. */
  set(name: string, value: JsonValue): void;
  /** Notes what became of the value, or of what stands at the path `inside` of it, such as `address.city`. */
  note(code: Note['code'], message: string, inside?: Path): void;
}

/**
 * Turns a property's value into what the vendor takes; `undefined` if it has nothing to send, or has written it
 * itself. Every `Cast` is one.
 */
export type PropertyConverter = (value: JsonValue, target: PropertyTarget) => JsonValue | undefined;

export interface PropertySelectorOptions {
  /** The vendor, as the notes call it. */
  readonly vendor: string;
  readonly as: PropertyConverter;
  /** Names in the payload that no property may take, in any case. */
  readonly reserved?: readonly string[];
  /** Properties that "all" leaves out, because they are sent elsewhere. Named ones are sent. */
  readonly notInAll?: readonly string[];
  /** Characters of a name in the payload. A property with a longer one is dropped, with a note. */
  readonly longestName?: number;
  /** Names that the object in the payload may have, those that are there before included. The rest is dropped. */
  readonly most?: number;
  /** What the vendor calls these, such as `user attributes`, for the note on those that are too many. */
  readonly members?: string;
  /** The text of the note if the converter has nothing to send and no note. Default: no note. */
  readonly unusable?: string;
}

/** Passes the selected properties of `object`, which stands at the path `at` of the event, on to the payload. */
export type PropertySelector = (object: JsonObject, out: AnyPayloadBuilder, at: Path) => void;

/**
 * Compiles a pass-through of properties that the customer chose. Call it when the connection opens (`prepare`). Only
 * own properties count, and any name is safe, `__proto__` included.
 *
 * @example
 * const select = propertySelector(['coupon', 'gift'], {
 *   vendor: 'Acme',
 *   as: scalarValue({ vendor: 'Acme', longest: 500 }),
 *   reserved: ['amount', 'currency'],
 *   most: 50,
 * });
 * select(properties, out, 'properties');
 */
export function propertySelector(selection: PropertySelection, options: PropertySelectorOptions): PropertySelector {
  checkMembers('propertySelector()', options, optionMembers);
  const { vendor, as, reserved = [], notInAll = [], unusable } = options;
  const { longestName = Infinity, most = Infinity, members = 'of these' } = options;
  const unavailable = new Set(reserved.map((name) => name.toLowerCase()));
  const isFree = (name: string): boolean => unavailable.size === 0 || !unavailable.has(name.toLowerCase());
  const chosen = selection === 'all' ? undefined : choicesOf(selection).filter(([, name]) => isFree(name));
  const elsewhere = new Set(notInAll);
  const bounds: Bounds = {
    longestName,
    longName: `${vendor} takes names of at most ${longestName} characters`,
    most,
    tooMany: `${vendor} takes at most ${most} ${members}`,
  };

  const pass = (object: JsonObject, property: string, name: string, target: Target): void => {
    const value = ownValue(object, property);
    if (isMissing(value)) return;
    target.begin(property, name);
    if (target.refuses(name)) return;
    const converted = as(value, target);
    if (converted !== undefined) target.set(name, converted);
    else if (unusable !== undefined && !target.isTouched && !isBlank(value)) target.note('dropped', unusable);
  };
  return (object, out, at) => {
    if (chosen?.length === 0) return;
    const target = new Target(out, at, bounds);
    if (chosen !== undefined) {
      for (const [property, name] of chosen) pass(object, property, name, target);
      return;
    }
    for (const name of Object.keys(object)) {
      if (!elsewhere.has(name) && isFree(name)) pass(object, name, name, target);
    }
  };
}

const optionMembers: MemberTable<PropertySelectorOptions> = {
  vendor: 'required',
  as: 'required',
  reserved: 'optional',
  notInAll: 'optional',
  longestName: 'optional',
  most: 'optional',
  members: 'optional',
  unusable: 'optional',
};

type Choice = readonly [property: string, name: string];

function choicesOf(selection: Exclude<PropertySelection, 'all'>): readonly Choice[] {
  if (Array.isArray(selection)) return [...new Set(selection as readonly string[])].map((name) => [name, name]);
  return Object.entries(selection as Readonly<Record<string, string>>);
}

interface Bounds {
  readonly longestName: number;
  readonly longName: string;
  readonly most: number;
  readonly tooMany: string;
}

/** A longer name, which only an event can have chosen, is cut in the path of a note. */
const longestInPath = 500;

/** One for all properties of an event, one property after another. */
class Target implements PropertyTarget {
  name = '';
  /** Whether the converter wrote or noted something. */
  isTouched = false;
  private property = '';
  private readonly out: AnyPayloadBuilder;
  private readonly at: Path;
  private readonly bounds: Bounds;
  /** Only counted where there is a bound. */
  private count: number;

  constructor(out: AnyPayloadBuilder, at: Path, bounds: Bounds) {
    this.out = out;
    this.at = at;
    this.bounds = bounds;
    this.count = bounds.most === Infinity ? 0 : Object.keys(out.value as object).length;
  }

  begin(property: string, name: string): void {
    this.property = property;
    this.name = name;
    this.isTouched = false;
  }

  /** Whether there is no room for this name; notes why. */
  refuses(name: string): boolean {
    const { longestName, longName, most, tooMany } = this.bounds;
    if (this.count >= most && !this.has(name)) this.noteAs('dropped', tooMany, name);
    else if (name.length > longestName) this.noteAs('dropped', longName, name);
    else return false;
    return true;
  }

  set(name: string, value: JsonValue): void {
    this.isTouched = true;
    if (name !== this.name && this.refuses(name)) return;
    if (this.bounds.most !== Infinity && !this.has(name)) this.count += 1;
    this.out.set(name, value, this.out.traced ? this.path() : '');
  }

  note(code: Note['code'], message: string, inside = ''): void {
    this.noteAs(code, message, this.name, inside === '' ? '' : `.${inside}`);
  }

  private noteAs(code: Note['code'], message: string, name: string, inside = ''): void {
    this.isTouched = true;
    this.out.note(code, this.path() + inside, message, cutText(name, longestInPath) + inside);
  }

  private path(): Path {
    return `${this.at}.${cutText(this.property, longestInPath)}`;
  }

  private has(name: string): boolean {
    return Object.hasOwn(this.out.value as object, name);
  }
}
