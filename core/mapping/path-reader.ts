import type { JsonValue } from '../api/event.ts';
import type { PathStep, PathSteps } from './event-path.ts';
import { inJson } from './json-value.ts';

/** Reads one path of an event; `undefined` where there is nothing. */
export type PathReader = (root: unknown) => JsonValue | undefined;

/**
 * Compiles a path to its reader. It goes through own members only: `constructor` and `__proto__` are members that an
 * event may have, never those that every object inherits. A name of digits reads an element of a list, too, as in
 * `products.0.sku`; a list has no other members, and a text has none. What it finds is as `inJson` has it.
 */
export function pathReader(steps: PathSteps): PathReader {
  const [first, second] = steps;
  if (first === undefined) return (root) => root as JsonValue;
  if (second === undefined) return (root) => inJson(memberOf(root, first));
  if (steps.length === 2) return (root) => inJson(memberOf(memberOf(root, first), second));
  return (root) => {
    let at = root;
    for (let index = 0; index < steps.length; index += 1) {
      if (at === undefined) return undefined;
      at = memberOf(at, steps[index] as PathStep);
    }
    return inJson(at);
  };
}

/** In a context of its own, as under Jest, a program looks up a global more slowly than it answers a query. */
const { hasOwn } = Object;
const { isArray } = Array;

const elementName = /^(?:0|[1-9]\d*)$/;

function memberOf(at: unknown, step: PathStep): unknown {
  if (typeof at !== 'object' || at === null) return undefined;
  if (typeof step === 'number') return isArray(at) && step < at.length ? (at as unknown[])[step] : undefined;
  if (!hasOwn(at, step) || (isArray(at) && !elementName.test(step))) return undefined;
  return (at as Readonly<Record<string, unknown>>)[step];
}
