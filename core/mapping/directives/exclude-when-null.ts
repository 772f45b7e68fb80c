import type { Directive } from './directive.ts';

/** `@excludeWhenNull`: null becomes nothing, so that the field stays as the event has it. */
export const excludeWhenNull: Directive = (argument, place) => {
  const value = place.compile(argument);
  return (root, run) => value(root, run) ?? undefined;
};
