import cloneDeep from 'lodash/cloneDeep.js';
import type { CdpEvent } from '../../api/index.ts';
import type { CaseEvent } from './case-format.ts';
import { canonicalEvents, type CanonicalEventName } from './events.ts';

/**
 * The event of a case: written in full, or a canonical one with changes. It keeps its id `m-<name>` unless `with` sets
 * another.
 */
export function expandEvent(caseEvent: CaseEvent): CdpEvent {
  if (!('base' in caseEvent)) return caseEvent as unknown as CdpEvent;
  const event = copyOf(canonicalEvents[caseEvent['base'] as CanonicalEventName]) as unknown;
  const without = (caseEvent['without'] ?? []) as readonly string[];
  changeAt(event, caseEvent['with'] ?? {}, without, `the event ${String(caseEvent['base'])}`);
  return event as CdpEvent;
}

/** Removes and sets parts of an object, `what`, by their dotted paths. Throws if there is nothing to remove. */
export function changeAt(root: unknown, changes: object, without: readonly string[], what: string): void {
  for (const path of without)
    if (!removed(root, path)) throw new Error(`"without" names ${path}, which ${what} does not have`);
  for (const [path, value] of Object.entries(changes)) setAt(root, path, copyOf(value));
}

/**
 * A canonical event, or one of your own, with some paths set and, where the value is `undefined`, removed. Paths are
 * dotted, and digits index lists; objects that are missing on the way are created. The original stays as it is.
 *
 * @example
 * import { eventOf } from 'spillway/testing';
 *
 * eventOf('order-completed-web', { 'properties.products.0.price': 12, 'context.ip': undefined });
 */
export function eventOf(
  base: CanonicalEventName | CdpEvent,
  changes: Readonly<Record<string, unknown>> = {},
): CdpEvent {
  const event = copyOf(typeof base === 'string' ? canonicalEvents[base] : base) as unknown;
  for (const [path, value] of Object.entries(changes)) {
    if (value === undefined) removed(event, path);
    else setAt(event, path, copyOf(value));
  }
  return event as CdpEvent;
}

/** Under Jest, structuredClone makes objects of another realm, which equal none of this one. */
const copyOf = <T>(value: T): T => cloneDeep(value);

type Branch = Record<string, unknown>;
const isBranch = (value: unknown): value is Branch => typeof value === 'object' && value !== null;

/** Sets the value at a dotted path; digits index arrays. Missing objects are created. */
function setAt(root: unknown, path: string, value: unknown): void {
  const keys = path.split('.');
  const last = keys.pop() ?? path;
  let at = root as Branch;
  for (const key of keys) {
    const next = Object.hasOwn(at, key) ? at[key] : undefined;
    if (isBranch(next)) at = next;
    else {
      const branch: Branch = {};
      put(at, key, branch);
      at = branch;
    }
  }
  put(at, last, value);
}

/** Defines an own property, whatever its name: `__proto__` in a case is a key like any other. */
function put(at: Branch, key: string, value: unknown): void {
  Object.defineProperty(at, key, { value, writable: true, enumerable: true, configurable: true });
}

/** Whether there was something to remove. */
function removed(root: unknown, path: string): boolean {
  const keys = path.split('.');
  const last = keys.pop() ?? path;
  let at: unknown = root;
  for (const key of keys) at = isBranch(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  if (!isBranch(at) || !Object.hasOwn(at, last)) return false;
  if (Array.isArray(at)) at.splice(Number(last), 1);
  else delete at[last];
  return true;
}
