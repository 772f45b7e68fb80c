import { nothing } from '../mapping-place.ts';
import { converted, type Directive } from './directive.ts';

/** `@case`: a text in lower or upper case. */
export const letterCase: Directive = (argument, place) => {
  const options = place.options(argument, ['operator', 'value']);
  if (options === undefined) return nothing;
  const operator = place.choice(options, 'operator', ['lower', 'upper']);
  return converted(place.side(options, 'value'), '@case takes a text', (value) => {
    if (typeof value !== 'string') return undefined;
    return operator === 'lower' ? value.toLowerCase() : value.toUpperCase();
  });
};
