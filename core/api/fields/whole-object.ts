import type { JsonObject, JsonValue } from '../event.ts';
import type { Path } from './mapping.ts';
import { setOwn, type AnyPayloadBuilder } from './payload-builder.ts';
import { cutText } from './text-length.ts';

export interface WholeObjectOptions {
  /** The vendor, as the notes call it. */
  readonly vendor: string;
  /** Objects and lists inside one another, the outermost included. Default 32. */
  readonly depth?: number;
  /** Values in all, at any depth. Default: no bound. */
  readonly most?: number;
  /** UTF-16 units of a text. Default: no bound. */
  readonly longest?: number;
  /** UTF-16 units of a name. Default: no bound. */
  readonly longestName?: number;
}

/**
 * Compiles the pass-through of a whole object, such as `properties` or `traits`, in what the vendor takes: what is
 * nested too deeply, beyond the count, or no JSON (NaN, undefined) is left out, long texts are truncated, with a note
 * on each loss. The result is the object itself where nothing has to change. `at` is the object's path in the event, ''
 * for the event itself.
 *
 * @example
 * const whole = wholeObject({ vendor: 'Acme', depth: 4, most: 1_000, longest: 1_024 });
 * out.set('event_properties', whole(properties, out, 'properties'), 'properties');
 */
export function wholeObject(
  options: WholeObjectOptions,
): (object: JsonObject, out: AnyPayloadBuilder, at: Path) => JsonObject {
  const bounds = boundsOf(options);
  return (object, out, at) => new Copy(bounds, out).objectOf(object, at, bounds.depth - 1);
}

type Bounds = ReturnType<typeof boundsOf>;

const boundsOf = ({
  vendor,
  depth = 32,
  most = Infinity,
  longest = Infinity,
  longestName = Infinity,
}: WholeObjectOptions) => ({
  depth,
  most,
  longest,
  longestName,
  tooDeep: `${vendor} takes ${depth} levels at most`,
  tooMany: `${vendor} takes ${most} values at most`,
  tooLong: `${vendor} takes ${longest} characters at most`,
  longName: `${vendor} takes names of at most ${longestName} characters`,
});

const noNumber = 'Not a finite number';
/** A longer name is cut in the path of a note. */
const longestInPath = 500;

/** Copies from the first difference on. */
class Copy {
  private readonly bounds: Bounds;
  private readonly out: AnyPayloadBuilder;
  private count = 0;

  constructor(bounds: Bounds, out: AnyPayloadBuilder) {
    this.bounds = bounds;
    this.out = out;
  }

  /** `depth`: how many levels there may be inside. */
  objectOf(object: JsonObject, at: Path, depth: number): JsonObject {
    const names = Object.keys(object);
    let copy: Record<string, JsonValue> | undefined;
    for (let index = 0; index < names.length; index += 1) {
      const name = names[index] as string;
      const value = object[name];
      const next = this.memberOf(value, name, at, depth);
      if (copy === undefined) {
        if (next !== undefined && Object.is(next, value)) continue;
        copy = {};
        for (const earlier of names.slice(0, index)) setOwn(copy, earlier, object[earlier]);
      }
      if (next !== undefined) setOwn(copy, name, next);
    }
    return copy ?? object;
  }

  private memberOf(value: JsonValue | undefined, name: string, at: Path, depth: number): JsonValue | undefined {
    if (value === undefined) return undefined;
    if (name.length <= this.bounds.longestName) return this.valueOf(value, at, name, depth);
    this.out.drop(pathOf(at, name), this.bounds.longName);
    return undefined;
  }

  private valueOf(value: JsonValue, at: Path, name: string, depth: number): JsonValue | undefined {
    const { most, tooMany, longest, tooLong, tooDeep } = this.bounds;
    this.count += 1;
    if (this.count > most) {
      // One note for all that follows: they would be many.
      if (this.count === most + 1) this.out.drop(pathOf(at, name), tooMany);
      return undefined;
    }
    if (typeof value === 'string') {
      if (value.length <= longest) return value;
      this.out.note('truncated', pathOf(at, name), tooLong);
      return cutText(value, longest);
    }
    if (typeof value === 'number') {
      // Minus zero does not survive JSON.
      if (Number.isFinite(value)) return value === 0 ? 0 : value;
      this.out.drop(pathOf(at, name), noNumber);
      return undefined;
    }
    if (typeof value !== 'object' || value === null) return value;
    if (depth > 0) {
      return Array.isArray(value)
        ? this.listOf(value as readonly JsonValue[], pathOf(at, name), depth - 1)
        : this.objectOf(value as JsonObject, pathOf(at, name), depth - 1);
    }
    this.out.drop(pathOf(at, name), tooDeep);
    return undefined;
  }

  /** What is left out of a list leaves null in its place, as in JSON; what is beyond the count shortens it. */
  private listOf(list: readonly JsonValue[], at: Path, depth: number): readonly JsonValue[] {
    let copy: JsonValue[] | undefined;
    for (let index = 0; index < list.length; index += 1) {
      const value = list[index] as JsonValue;
      const admitted = this.valueOf(value, at, String(index), depth);
      if (admitted === undefined && this.count > this.bounds.most) return copy ?? list.slice(0, index);
      const next = admitted ?? null;
      if (copy === undefined && Object.is(next, value)) continue;
      copy ??= list.slice(0, index);
      copy.push(next);
    }
    return copy ?? list;
  }
}

const pathOf = (at: Path, name: string): Path => `${at === '' ? '' : `${at}.`}${cutText(name, longestInPath)}`;
