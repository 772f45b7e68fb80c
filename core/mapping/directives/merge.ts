import type { JsonValue } from '../../api/event.ts';
import { isObject } from '../../api/fields/mapping.ts';
import { setOwn } from '../../api/fields/payload-builder.ts';
import type { RightSide } from '../mapping-run.ts';
import { nothing } from '../mapping-place.ts';
import type { Directive } from './directive.ts';

const takes = '@merge takes objects';

/**
 * `@merge`: the members of several objects in one. Of two with the same name the right one counts, that is the one of
 * the later object, or the left one, as `direction` says. Objects that are missing or null have no members.
 */
export const merge: Directive = (argument, place) => {
  const options = place.options(argument, ['objects', 'direction']);
  if (options === undefined) return nothing;
  const direction = place.choice(options, 'direction', ['right', 'left']);
  const { objects } = options;
  if (objects === undefined) return nothing;
  if (!Array.isArray(objects)) return place.at('objects').issue('must be a list');
  const sides = (objects as readonly JsonValue[]).map((one, index) => place.at('objects').at(index).compile(one));
  return merged(direction === 'left' ? sides.reverse() : sides);
};

function merged(sides: readonly RightSide[]): RightSide {
  return (root, run) => {
    let all: Record<string, JsonValue> | undefined;
    for (let index = 0; index < sides.length; index += 1) {
      const object = (sides[index] as RightSide)(root, run) ?? null;
      if (object === null) continue;
      if (!isObject(object)) return run.unfit(takes);
      // Before the names are listed, which takes time as well.
      if (!run.spendValues(1)) return undefined;
      all ??= {};
      for (const name of Object.keys(object)) {
        if (!run.spend(name.length) || !run.spendValues(1)) return undefined;
        setOwn(all, name, object[name]);
      }
    }
    return all;
  };
}
