import { nothing } from '../mapping-place.ts';
import type { Directive } from './directive.ts';

/**
 * `@if`: `then` where there is a value, else `else`; a branch that is missing yields nothing. Under `exists` a value is
 * what is neither missing nor null; under `blank`, whose name is Segment's, the empty text is none either.
 */
export const ifDirective: Directive = (argument, place) => {
  const options = place.options(argument, [], ['exists', 'blank', 'then', 'else']);
  if (options === undefined) return nothing;
  const { exists, blank } = options;
  if ((exists === undefined) === (blank === undefined)) place.issue('must have either "exists" or "blank"');
  if (options['then'] === undefined && options['else'] === undefined) place.issue('must have "then" or "else"');
  const isBlankNothing = exists === undefined;
  const test = isBlankNothing ? 'blank' : 'exists';
  const tested = options[test];
  if (tested !== undefined && typeof tested !== 'object')
    place.at(test).issue('must be a directive, such as {"@path": "..."}: what is written here is always there');
  const value = place.side(options, test);
  const whenThere = place.side(options, 'then');
  const otherwise = place.side(options, 'else');
  return (root, run) => {
    const present = value(root, run) ?? null;
    return present === null || (isBlankNothing && present === '') ? otherwise(root, run) : whenThere(root, run);
  };
};
