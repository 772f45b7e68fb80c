import type { JsonObject, JsonValue } from '../event.ts';
import { checkMembers, type MemberTable } from '../member-check.ts';
import type { Note } from '../outcome.ts';
import { isExact, whyInexact } from './casts.ts';
import type { Path } from './mapping.ts';
import { setOwn, type AnyPayloadBuilder } from './payload-builder.ts';
import type { PropertyConverter } from './property-target.ts';
import { cutText } from './text-length.ts';

export interface WholeObjectOptions {
  /** The vendor, as the notes call it. */
  readonly vendor: string;
  /** Objects and lists inside one another, the outermost included. Default 32. */
  readonly depth?: number;
  /** Values in all, at any depth. Default: no bound. */
  readonly most?: number;
  /** Members of one object. Default: no bound. */
  readonly mostMembers?: number;
  /** Elements of one list. Default: no bound. */
  readonly mostElements?: number;
  /** UTF-16 units of a text. Default: no bound. */
  readonly longest?: number;
  /** UTF-16 units of a name. Default: no bound. */
  readonly longestName?: number;
}

/** The pass-through of a whole object: see `wholeObject`. */
export interface WholeObject {
  /**
   * `at` is the object's path in the event, '' for the event itself. `to` is the field of `out` that the result goes
   * to, '' if its members become those of `out`: with it, a note names the payload's path, too.
   */
  (object: JsonObject, out: AnyPayloadBuilder, at: Path, to?: string): JsonObject;
}

/**
 * Compiles the pass-through of a whole object, such as `properties` or `traits`, in what the vendor takes: what is
 * nested too deeply, beyond a count, no JSON (NaN, undefined), or a whole number beyond 2^53, which has lost its
 * digits, is left out, of lists, too; long texts are truncated; with a note on each loss. The result is the object
 * itself where nothing has to change. Call it at module level.
 *
 * @example
 * const whole = wholeObject({ vendor: 'Acme', depth: 4, mostMembers: 255, mostElements: 255, longest: 1_024 });
 * out.set('event_properties', whole(properties, out, 'properties', 'event_properties'), 'properties');
 */
export function wholeObject(options: WholeObjectOptions): WholeObject {
  checkMembers('wholeObject()', options, optionMembers);
  const bounds = boundsOf(options);
  return (object, out, at, to) => {
    if (countAfter(object, 0, bounds.depth, bounds) >= 0) return object;
    const note: NoteInside = (code, inside, message) =>
      out.note(code, within(at, inside), message, to === undefined ? undefined : within(to, inside));
    return new Copy(bounds, note).objectOf(object, '', bounds.depth - 1);
  };
}

/**
 * The same for a `propertySelector`: each selected property travels as it is, objects and lists included, within these
 * bounds. They hold for one property; its own `most` bounds the properties of the event.
 *
 * @example
 * const vendor = 'Acme';
 * // At most 255 properties; lists and objects of at most 255 entries, three levels of them.
 * const as = wholeValue({ vendor, depth: 3, mostMembers: 255, mostElements: 255 });
 * const select = propertySelector('all', { vendor, as, most: 255, members: 'properties' });
 */
export function wholeValue(options: WholeObjectOptions): PropertyConverter {
  checkMembers('wholeValue()', options, optionMembers);
  const bounds = boundsOf(options);
  return (value, target) => {
    if (countAfter(value, 0, bounds.depth, bounds) >= 0) return value;
    const note: NoteInside = (code, inside, message) => target.note(code, message, inside);
    return new Copy(bounds, note).valueOf(value, '', bounds.depth);
  };
}

const optionMembers: MemberTable<WholeObjectOptions> = {
  vendor: 'required',
  depth: 'optional',
  most: 'optional',
  mostMembers: 'optional',
  mostElements: 'optional',
  longest: 'optional',
  longestName: 'optional',
};

type Bounds = ReturnType<typeof boundsOf>;

const boundsOf = ({
  vendor,
  depth = 32,
  most = Infinity,
  mostMembers = Infinity,
  mostElements = Infinity,
  longest = Infinity,
  longestName = Infinity,
}: WholeObjectOptions) => ({
  depth,
  most,
  mostMembers,
  mostElements,
  longest,
  longestName,
  tooDeep: `${vendor} takes ${depth} levels at most`,
  tooMany: `${vendor} takes ${most} values at most`,
  tooManyMembers: `${vendor} takes objects of at most ${mostMembers} members`,
  tooManyElements: `${vendor} takes lists of at most ${mostElements} elements`,
  tooLong: `${vendor} takes ${longest} characters at most`,
  longName: `${vendor} takes names of at most ${longestName} characters`,
});

/** A longer name is cut in the path of a note. */
const longestInPath = 500;

const outOfBounds = -1;

/**
 * How many values there are, with those before (`count`), if all of this one can travel as it is; else `outOfBounds`.
 * Makes nothing, because most events need no change. `depth`: how many levels there may be.
 */
function countAfter(value: JsonValue | undefined, count: number, depth: number, bounds: Bounds): number {
  if (typeof value === 'string') return value.length > bounds.longest ? outOfBounds : count;
  if (typeof value === 'number') return isExact(value) && !Object.is(value, -0) ? count : outOfBounds;
  if (value === undefined) return outOfBounds;
  if (typeof value !== 'object' || value === null) return count;
  if (depth <= 0) return outOfBounds;
  let values = count;
  if (Array.isArray(value)) {
    if (value.length > bounds.mostElements) return outOfBounds;
    for (let index = 0; index < value.length && values !== outOfBounds; index += 1)
      values = partAfter((value as readonly JsonValue[])[index], values, depth, bounds);
    return values;
  }
  const object = value as JsonObject;
  let members = 0;
  for (const name in object) {
    members += 1;
    if (members > bounds.mostMembers || name.length > bounds.longestName) return outOfBounds;
    values = partAfter(object[name], values, depth, bounds);
    if (values === outOfBounds) return outOfBounds;
  }
  return values;
}

const partAfter = (part: JsonValue | undefined, count: number, depth: number, bounds: Bounds): number =>
  count >= bounds.most ? outOfBounds : countAfter(part, count + 1, depth - 1, bounds);

/** Notes what became of the value at the path `inside` of the object; '' is the object itself. */
type NoteInside = (code: Note['code'], inside: Path, message: string) => void;

/** Of an object in which something has to change. */
class Copy {
  private readonly bounds: Bounds;
  private readonly note: NoteInside;
  private count = 0;

  constructor(bounds: Bounds, note: NoteInside) {
    this.bounds = bounds;
    this.note = note;
  }

  /** `depth`: how many levels there may be inside. */
  objectOf(object: JsonObject, at: Path, depth: number): JsonObject {
    const { longestName, longName, mostMembers, tooManyMembers } = this.bounds;
    const copy: Record<string, JsonValue> = {};
    let members = 0;
    for (const name of Object.keys(object)) {
      const value = object[name];
      if (value === undefined) continue;
      const place = memberAt(at, name);
      if (name.length > longestName) {
        this.note('dropped', place, longName);
        continue;
      }
      if (members >= mostMembers) {
        // One note for all that follow: they may be many.
        this.note('dropped', place, tooManyMembers);
        break;
      }
      const next = this.partOf(value, place, depth);
      if (next !== undefined) {
        setOwn(copy, name, next);
        members += 1;
      }
      if (this.count > this.bounds.most) break;
    }
    return copy;
  }

  valueOf(value: JsonValue, at: Path, depth: number): JsonValue | undefined {
    const { longest, tooLong, tooDeep } = this.bounds;
    if (typeof value === 'string') {
      if (value.length <= longest) return value;
      this.note('truncated', at, tooLong);
      return cutText(value, longest);
    }
    if (typeof value === 'number') {
      // Minus zero does not survive JSON.
      if (isExact(value)) return value === 0 ? 0 : value;
      this.note('dropped', at, whyInexact(value));
      return undefined;
    }
    if (typeof value !== 'object' || value === null) return value;
    if (depth > 0) {
      return Array.isArray(value)
        ? this.listOf(value as readonly JsonValue[], at, depth - 1)
        : this.objectOf(value as JsonObject, at, depth - 1);
    }
    this.note('dropped', at, tooDeep);
    return undefined;
  }

  private partOf(value: JsonValue, at: Path, depth: number): JsonValue | undefined {
    const { most, tooMany } = this.bounds;
    this.count += 1;
    if (this.count <= most) return this.valueOf(value, at, depth);
    // One note for all that follow: from here on, every loop ends.
    this.note('dropped', at, tooMany);
    return undefined;
  }

  /** What is left out shortens the list: a null in its place would say something that the event does not. */
  private listOf(list: readonly JsonValue[], at: Path, depth: number): readonly JsonValue[] {
    const { most, mostElements, tooManyElements } = this.bounds;
    const copy: JsonValue[] = [];
    for (let index = 0; index < list.length && this.count <= most; index += 1) {
      if (copy.length >= mostElements) {
        this.note('truncated', at, tooManyElements);
        break;
      }
      const value = list[index] as JsonValue | undefined;
      const next = value === undefined ? undefined : this.partOf(value, memberAt(at, String(index)), depth);
      if (next !== undefined) copy.push(next);
    }
    return copy;
  }
}

const within = (path: Path, inside: Path): Path => (path === '' || inside === '' ? path + inside : `${path}.${inside}`);

const memberAt = (path: Path, name: string): Path => within(path, cutText(name, longestInPath));
