import type { Directive } from './directive.ts';

/** `@literal`: the value as it is, also an object with names that begin with `@`. */
export const literal: Directive = (argument) => () => argument;
