import { nothing } from '../mapping-place.ts';
import type { Directive } from './directive.ts';

/** `@transform`: first `apply`, then `mapping` on its result: its paths begin there, not at the event. */
export const transform: Directive = (argument, place) => {
  const options = place.options(argument, ['apply', 'mapping']);
  if (options === undefined) return nothing;
  const apply = place.side(options, 'apply');
  const mapping = place.basedOn(undefined).side(options, 'mapping');
  return (root, run) => {
    const applied = apply(root, run);
    return applied === undefined ? undefined : mapping(applied, run);
  };
};
