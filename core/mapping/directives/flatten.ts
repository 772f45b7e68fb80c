import type { JsonObject, JsonValue } from '../../api/event.ts';
import { isObject } from '../../api/fields/mapping.ts';
import { setOwn } from '../../api/fields/payload-builder.ts';
import { inJson } from '../json-value.ts';
import { mostLevels, type MappingRun } from '../mapping-run.ts';
import { nothing } from '../mapping-place.ts';
import { converted, type Directive } from './directive.ts';

const tooDeep = `@flatten takes ${mostLevels} levels at most`;

/**
 * `@flatten`: an object without objects in it: `{ a: { b: 1 } }` is `{ 'a.b': 1 }`. Lists are taken apart by the
 * positions of their elements, unless `omitArrays` says that they stay as they are.
 */
export const flatten: Directive = (argument, place) => {
  const options = place.options(argument, ['value'], ['separator', 'omitArrays']);
  if (options === undefined) return nothing;
  const separator = place.text(options, 'separator', '.');
  const isListWhole = place.flag(options, 'omitArrays', false);
  return converted(place.side(options, 'value'), '@flatten takes an object', (value, run) => {
    if (!isObject(value)) return undefined;
    const flat = new FlatObject(separator, isListWhole, run);
    return flat.add(value, '', mostLevels) ? flat.members : undefined;
  });
};

class FlatObject {
  readonly members: Record<string, JsonValue> = {};
  private readonly separator: string;
  private readonly isListWhole: boolean;
  private readonly run: MappingRun;

  constructor(separator: string, isListWhole: boolean, run: MappingRun) {
    this.separator = separator;
    this.isListWhole = isListWhole;
    this.run = run;
  }

  /** Adds the members of an object or a list under a prefix; false where that is too much or too deep. */
  add(nested: JsonObject | readonly JsonValue[], prefix: string, levels: number): boolean {
    if (levels <= 0) {
      this.run.unfit(tooDeep);
      return false;
    }
    // Before the names are listed, which takes time as well.
    if (!this.run.spendValues(1)) return false;
    for (const key of Object.keys(nested)) {
      const name = prefix + key;
      if (!this.run.spend(name.length) || !this.run.spendValues(1)) return false;
      const value = inJson((nested as JsonObject)[key]);
      if (this.isNested(value)) {
        if (!this.add(value, name + this.separator, levels - 1)) return false;
      } else if (value !== undefined) setOwn(this.members, name, value);
    }
    return true;
  }

  private isNested(value: JsonValue | undefined): value is JsonObject | readonly JsonValue[] {
    return isObject(value) || (Array.isArray(value) && !this.isListWhole);
  }
}
