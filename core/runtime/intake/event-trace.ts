import type { CdpEvent } from '../../api/event.ts';
import type { FailedPart } from '../../mapping/fql/explain-query.ts';
import { printPath, type PathStep } from '../../mapping/event-path.ts';
import { mappingTrace, type MappingTrace } from '../../mapping/mapping-trace.ts';

/** What a preview hears of an event on its way to a payload. */
export interface EventTrace {
  /** The parts of the subscription that are false for the event. */
  readonly failed: FailedPart[];
  readonly mapping: MappingTrace;
  /** The event for the vendor's folder, whose reading is recorded: a value counts as read when it is fetched. */
  watched(event: CdpEvent): CdpEvent;
  /** Whether the folder has read something at that path; elements of lists are `[]`. */
  isRead(path: string): boolean;
  /** The paths of the event for the folder that it has not read. */
  unread(): readonly string[];
}

export function createEventTrace(): EventTrace {
  const reads = new Set<string>();
  let shown: CdpEvent | undefined;
  return {
    failed: [],
    mapping: mappingTrace(),
    watched: (event) => {
      shown = event;
      return watch(event, [], (steps) => reads.add(pathText(steps)));
    },
    isRead: (path) => reads.has(path),
    unread: () => (shown === undefined ? [] : pathsOf(shown).filter((path) => !reads.has(path))),
  };
}

/** The names on the way, and 0 for any element of a list: what is read of one element is read of all. */
type Steps = readonly PathStep[];

/** A path for people: `properties.products[].sku`. */
const pathText = (steps: Steps): string => printPath(steps).replaceAll('[0]', '[]');

/**
 * Hands on what is read, and tells of each value that is no object and no list. It does so from a copy that holds the
 * proxies of its parts: of a frozen object, a proxy must hand on the very member, whoever froze it, and when.
 */
function watch<T extends object>(original: T, at: Steps, read: (steps: Steps) => void): T {
  const inList = Array.isArray(original);
  const stepsTo = (name: string): Steps => [...at, inList ? 0 : name];
  const copy = (inList ? original.slice() : { ...original }) as Record<string, unknown>;
  for (const [name, value] of Object.entries(copy)) if (isTree(value)) copy[name] = watch(value, stepsTo(name), read);
  return new Proxy(copy as T, {
    get(target, name, receiver) {
      const value: unknown = Reflect.get(target, name, receiver);
      if (typeof name === 'symbol' || !Object.hasOwn(target, name) || (inList && name === 'length')) return value;
      if (!isTree(value)) read(stepsTo(name));
      return value;
    },
  });
}

/** A list, or an object of no class: what a class gives would be lost behind a proxy, and in a copy. */
export function isTree(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** The paths of all values of an event that are no objects and no lists, each once, elements of lists as `[]`. */
export function pathsOf(event: object): readonly string[] {
  const paths = new Set<string>();
  const collect = (value: unknown, steps: Steps): void => {
    if (Array.isArray(value)) for (const part of value) collect(part, [...steps, 0]);
    else if (isTree(value)) for (const [name, part] of Object.entries(value)) collect(part, [...steps, name]);
    else if (value !== undefined) paths.add(pathText(steps));
  };
  collect(event, []);
  return [...paths];
}
