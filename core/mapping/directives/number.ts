import { isObject } from '../../api/fields/mapping.ts';
import { asAmount } from '../../api/fields/casts.ts';
import { converted, type Directive } from './directive.ts';

const takes = '@number takes a number, or a text such as "12.50"';

/**
 * `@number`: a number, also out of a plain decimal text; separators, signs of currencies and exponents are ambiguous.
 */
export const number: Directive = (argument, place) => {
  if (isObject(argument) && Object.keys(argument).every((name) => !name.startsWith('@')))
    return place.issue('must be the value itself, such as { "@path": "$.properties.total" }');
  return converted(place.compile(argument), takes, asAmount);
};
