import type { JsonValue } from '../../api/event.ts';
import { isObject } from '../../api/fields/mapping.ts';
import type { MappingPlace, PathBase } from '../mapping-place.ts';
import type { RightSide } from '../mapping-run.ts';
import { parsePath } from '../event-path.ts';
import type { Directive } from './directive.ts';
import { readingOf, stepsOf } from './path.ts';

const takes = '@arrayPath takes a list, or an object as a list of one';

/**
 * `@arrayPath`: `[path, shape]`, a list with each element reshaped; the paths in the shape begin at the element.
 * Elements of which the shape yields nothing are left out. Without a shape, the list as it is.
 */
export const arrayPath: Directive = (argument, place) => {
  if (!Array.isArray(argument) || argument.length < 1 || argument.length > 2)
    return place.issue('must be a list of a path and a shape');
  const [source = null, shape] = argument as readonly JsonValue[];
  const { list, elements } = listAt(source, place.at(0));
  if (shape === undefined) return listOf(list);
  const { side, sides } = place.at(1).basedOn(elements).compileCounted(shape);
  return reshaped(list, side, sides);
};

interface ListSource {
  readonly list: RightSide;
  /** What the paths in its elements begin at. */
  readonly elements: PathBase;
}

/** The list that a path names, or that another right side yields. */
export function listAt(source: JsonValue, place: MappingPlace): ListSource {
  const steps = stepsOf(source, place);
  if (steps !== undefined) return { list: readingOf(steps, place), elements: elementsAt(place.pathOf(steps)) };
  if (typeof source !== 'object' || source === null)
    return { list: place.issue('must be a path, such as "$.properties.products"'), elements: undefined };
  const parsed = isObject(source) && typeof source['@path'] === 'string' ? parsePath(source['@path']) : undefined;
  const path = parsed?.ok === true ? place.pathOf(parsed.steps) : undefined;
  return { list: place.compile(source), elements: elementsAt(path) };
}

const elementsAt = (path: PathBase): PathBase => (path === undefined ? undefined : `${path}[]`);

function listOf(list: RightSide): RightSide {
  return (root, run) => {
    const value = list(root, run);
    if (isObject(value)) return [value];
    return value === undefined || value === null || Array.isArray(value) ? value : run.unfit(takes);
  };
}

function reshaped(list: RightSide, shape: RightSide, sides: number): RightSide {
  const elementsOf = listOf(list);
  return (root, run) => {
    const elements = elementsOf(root, run) as readonly JsonValue[] | null | undefined;
    if (elements === undefined || elements === null) return elements;
    // Whatever the shape yields: elements of which it yields nothing take time as well.
    if (!run.spendValues(elements.length * sides)) return undefined;
    const values: JsonValue[] = [];
    for (let index = 0; index < elements.length; index += 1) {
      const value = shape(elements[index], run);
      if (value !== undefined) values.push(value);
    }
    return values;
  };
}
