import type { CdpEvent } from '../../api/index.ts';
import type { CaseEvent } from './case-format.ts';
import { canonicalEvents, type CanonicalEventName } from './events.ts';

/**
 * The event of a case: written in full, or a canonical one with changes. It keeps its id `m-<name>` unless `with` sets
 * another.
 */
export function expandEvent(caseEvent: CaseEvent): CdpEvent {
  if (!('base' in caseEvent)) return caseEvent as unknown as CdpEvent;
  const event = structuredClone(canonicalEvents[caseEvent['base'] as CanonicalEventName]) as unknown;
  for (const path of (caseEvent['without'] ?? []) as readonly string[]) removeAt(event, path);
  for (const [path, value] of Object.entries(caseEvent['with'] ?? {})) setAt(event, path, structuredClone(value));
  return event as CdpEvent;
}

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
      const made: Branch = {};
      put(at, key, made);
      at = made;
    }
  }
  put(at, last, value);
}

/** Defines an own property, whatever its name: `__proto__` in a case is a key like any other. */
function put(at: Branch, key: string, value: unknown): void {
  Object.defineProperty(at, key, { value, writable: true, enumerable: true, configurable: true });
}

function removeAt(root: unknown, path: string): void {
  const keys = path.split('.');
  const last = keys.pop() ?? path;
  let at: unknown = root;
  for (const key of keys) at = isBranch(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  if (!isBranch(at) || !Object.hasOwn(at, last))
    throw new Error(`"without" names ${path}, which the base event does not have`);
  if (Array.isArray(at)) at.splice(Number(last), 1);
  else delete at[last];
}
