import type { CdpEvent, JsonValue } from '../event.ts';
import { isNoId, usableId } from '../person/identifier.ts';
import { isBlank, keysOf, valueAt, type Cast, type Path } from '../fields/mapping.ts';

/** A value of an event, and the path where it stands: for notes and for preview. */
export interface Found<T = JsonValue> {
  readonly value: T;
  readonly path: Path;
}

/**
 * Returns a reader of the first path whose value casts; without a cast, of the first whose value is not blank. Call it
 * at module level: paths are split once.
 *
 * @example
 * const totalOf = firstOf(['properties.total', 'properties.revenue'], asAmount);
 * out.take('amount', totalOf(event));
 */
export function firstOf(paths: readonly Path[]): (event: CdpEvent) => Found | undefined;
export function firstOf<T>(paths: readonly Path[], as: Cast<T>): (event: CdpEvent) => Found<T> | undefined;
export function firstOf<T>(
  paths: readonly Path[],
  as?: Cast<T>,
): (event: CdpEvent) => Found<T | JsonValue> | undefined {
  const sources = paths.map((path) => ({ path, keys: keysOf(path) }));
  return (event) => {
    for (let index = 0; index < sources.length; index += 1) {
      const { path, keys } = sources[index] as (typeof sources)[number];
      const raw = valueAt(event, keys);
      if (as === undefined) {
        if (!isBlank(raw)) return { value: raw, path };
        continue;
      }
      if (raw === undefined || raw === null) continue;
      const value = as(raw);
      if (value !== undefined) return { value, path };
    }
    return undefined;
  };
}

/**
 * Returns a reader of an id: the first path, or reader such as an `optionReader`, that has a usable one. If none does,
 * and something stands at one of them that is no id (a boolean, a list, a number that has lost its digits), its value
 * is `undefined`, with that path: `take` and field tables leave a note on it. Call it at module level.
 *
 * @example
 * const cartIdOf = firstIdOf(['properties.cart_id', 'properties.cartId']);
 * out.take('cart', cartIdOf(event));
 */
export function firstIdOf(
  sources: readonly (Path | ((event: CdpEvent) => Found | undefined))[],
  as: Cast<string> = usableId,
): (event: CdpEvent) => Found<string | undefined> | undefined {
  const places = sources.map((source): IdPlace =>
    typeof source === 'string'
      ? { path: source, keys: keysOf(source), read: undefined }
      : { path: '', keys: noKeys, read: source },
  );
  return (event) => firstIdAmong(event, places, idAt, pathAt, as);
}

const noKeys: readonly string[] = [];

/** Where an id may stand: at the end of a path, or where a reader finds one. */
interface IdPlace {
  readonly path: Path;
  readonly keys: readonly string[];
  readonly read: ((event: CdpEvent) => Found | undefined) | undefined;
}

const idAt = (event: CdpEvent, { keys, read }: IdPlace): JsonValue | undefined =>
  read === undefined ? valueAt(event, keys) : read(event)?.value;

const pathAt = (event: CdpEvent, { path, read }: IdPlace): Path => read?.(event)?.path ?? path;

/** The first usable id among the sources within `owner`; else, without a value, the first that has something else. */
export function firstIdAmong<Owner, Source>(
  owner: Owner,
  sources: readonly Source[],
  valueOf: (owner: Owner, source: Source) => JsonValue | undefined,
  pathOf: (owner: Owner, source: Source) => Path,
  as: Cast<string>,
): Found<string | undefined> | undefined {
  let unusable = -1;
  for (let index = 0; index < sources.length; index += 1) {
    const source = sources[index] as Source;
    const raw = valueOf(owner, source);
    if (raw === undefined || raw === null) continue;
    const value = as(raw);
    if (value !== undefined) return { value, path: pathOf(owner, source) };
    if (unusable < 0 && !isNoId(raw)) unusable = index;
  }
  return unusable < 0 ? undefined : { value: undefined, path: pathOf(owner, sources[unusable] as Source) };
}

/**
 * The cast of a value that a reader returned, with the path where it stands; `undefined` if it does not cast.
 *
 * @example
 * const asHashedIdfa = hashed((id) => String(id).toUpperCase());
 * out.take('idfa', castFound(deviceOf(event).advertisingId, asHashedIdfa));
 */
export function castFound<T>(source: Found | undefined, as: Cast<T>): Found<T> | undefined {
  const value = source && as(source.value);
  return source === undefined || value === undefined ? undefined : { value, path: source.path };
}
