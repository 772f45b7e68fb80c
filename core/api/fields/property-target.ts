import type { JsonValue } from '../event.ts';
import type { Note } from '../outcome.ts';
import { isBlank, type Path } from './mapping.ts';
import type { AnyPayloadBuilder } from './payload-builder.ts';
import { cutText } from './text-length.ts';
import { trimInvisible } from './trim-invisible.ts';

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

/** How many members an object of the payload may have, and how long their names may be. */
interface NameLimits {
  readonly vendor: string;
  readonly longestName?: number;
  readonly most?: number;
  readonly members?: string;
}

interface Bounds {
  readonly longestName: number;
  readonly longName: string;
  readonly most: number;
  readonly tooMany: string;
}

/** The limits, with the texts of the notes on what is beyond them. */
export function boundsOf({
  vendor,
  longestName = Infinity,
  most = Infinity,
  members = 'of these',
}: NameLimits): Bounds {
  return {
    longestName,
    longName: `${vendor} takes names of at most ${longestName} characters`,
    most,
    tooMany: `${vendor} takes at most ${most} ${members}`,
  };
}

const nameIsTaken = 'Another property has this name already';

/** A longer name, which only an event can have chosen, is cut in the path of a note. */
const longestInPath = 500;

/** One for all properties of an event, one property after another. */
export class Target implements PropertyTarget {
  // Declared only: one is made per event, and a field definition costs more than an assignment.
  declare name: string;
  /** Whether the converter wrote or noted something. */
  declare isTouched: boolean;
  declare private at: string;
  declare private property: string;
  declare private readonly out: AnyPayloadBuilder;
  declare private readonly bounds: Bounds;
  /** Only counted where there is a bound. */
  declare private count: number;
  /** The names that were written for what stands inside a property: `a.b` of `a` may be a property's own name, too. */
  declare private insideNames: Set<string> | undefined;
  /** The names that a property has and a later one may want. */
  declare private taken: Set<string> | undefined;
  declare private isShared: boolean;

  constructor(out: AnyPayloadBuilder, bounds: Bounds) {
    this.name = '';
    this.isTouched = false;
    this.at = '';
    this.property = '';
    this.out = out;
    this.bounds = bounds;
    this.insideNames = undefined;
    this.taken = undefined;
    this.isShared = false;
    this.count = bounds.most === Infinity ? 0 : Object.keys(out.value as object).length;
  }

  /** `isShared`: another property may come under the same name. */
  begin(at: Path, property: string, name: string, isShared: boolean): void {
    this.at = at;
    this.property = property;
    this.name = name;
    this.isTouched = false;
    this.isShared = isShared;
  }

  /** Whether there is no room for this name, or a property before has it; notes why. */
  refuses(name: string): boolean {
    const { longestName, longName, most, tooMany } = this.bounds;
    if (this.taken?.has(name) === true) this.noteAs('dropped', nameIsTaken, name);
    else if (this.count >= most && !this.has(name)) this.noteAs('dropped', tooMany, name);
    else if (name.length > longestName) this.noteAs('dropped', longName, name);
    else return false;
    return true;
  }

  set(name: string, value: JsonValue): void {
    this.isTouched = true;
    const isInside = name !== this.name;
    if (isInside && this.refuses(name)) return;
    if ((isInside || this.insideNames?.has(name) === true) && this.has(name)) {
      this.noteAs('dropped', nameIsTaken, name);
      return;
    }
    if (!isInside && this.isShared) (this.taken ??= new Set()).add(name);
    if (isInside) (this.insideNames ??= new Set()).add(name);
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
    const property = cutText(this.property, longestInPath);
    return this.at === '' ? property : `${this.at}.${property}`;
  }

  private has(name: string): boolean {
    return Object.hasOwn(this.out.value as object, name);
  }
}

/** Converts one value, and writes or notes what becomes of it. */
export function writeConverted(
  value: JsonValue,
  target: Target,
  as: PropertyConverter,
  unusable: string | undefined,
): void {
  if (target.refuses(target.name)) return;
  const converted = as(value, target);
  if (converted !== undefined) target.set(target.name, converted);
  else if (unusable !== undefined && !target.isTouched && !isBlank(value)) target.note('dropped', unusable);
}

/** Those of the names that more than one property shall have. */
export const sharedNames = (names: readonly string[]): ReadonlySet<string> =>
  new Set(names.filter((name, index) => names.indexOf(name) !== index));

/** Tells the names that are not reserved, in any case. */
export function freeNames(reserved: readonly string[] = []): (name: string) => boolean {
  const unavailable = new Set(reserved.map((name) => name.toLowerCase()));
  return (name) => unavailable.size === 0 || !unavailable.has(trimInvisible(name).toLowerCase());
}
