import type { CdpEvent, JsonObject, JsonValue } from '../event.ts';

/** Where a path of an event ends: at a name in one of its objects. */
export interface EventPlace {
  readonly path: string;
  /** The object; an empty one where the event has none. */
  readonly holderIn: (event: CdpEvent) => JsonObject;
  readonly name: string;
}

/** Compiles a path. Call it at module level. */
export function eventPlace(path: string): EventPlace {
  const end = path.lastIndexOf('.');
  return { path, holderIn: holderAt(path.slice(0, Math.max(0, end))), name: path.slice(end + 1) };
}

/** The value there. */
export const valueIn = (event: CdpEvent, { holderIn, name }: EventPlace): JsonValue | undefined =>
  holderIn(event)[name];

type Holder = EventPlace['holderIn'];

const nothing: JsonObject = Object.freeze({});

/** A list is an object, too: a path goes through it by its indexes. */
const objectOr = (value: JsonValue | undefined): JsonObject =>
  typeof value === 'object' && value !== null ? (value as JsonObject) : nothing;

/** A folder's own test may hand over anything for an event. */
type Parts = Partial<Record<'context' | 'properties' | 'traits', JsonObject | null>> | null | undefined;
const contextOf: Holder = (event) => objectOr((event as Parts)?.context);

/**
 * The objects that nearly all paths end in. A name that the code writes is read by the shape of the object, in half the
 * time of a name in a variable.
 */
const holders: ReadonlyMap<string, Holder> = new Map<string, Holder>([
  ['', (event) => objectOr(event as unknown as JsonObject)],
  ['context', contextOf],
  ['properties', (event) => objectOr((event as Parts)?.properties)],
  ['traits', (event) => objectOr((event as Parts)?.traits)],
  ['context.traits', (event) => objectOr(contextOf(event)['traits'])],
  ['context.page', (event) => objectOr(contextOf(event)['page'])],
  ['context.device', (event) => objectOr(contextOf(event)['device'])],
  ['context.app', (event) => objectOr(contextOf(event)['app'])],
  ['context.os', (event) => objectOr(contextOf(event)['os'])],
]);

/** Any other object is one step from its outer one. */
function holderAt(path: string): Holder {
  const usual = holders.get(path);
  if (usual !== undefined) return usual;
  const end = path.lastIndexOf('.');
  const outer = holderAt(path.slice(0, Math.max(0, end)));
  const name = path.slice(end + 1);
  return (event) => objectOr(outer(event)[name]);
}
