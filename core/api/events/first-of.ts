import type { CdpEvent, JsonValue } from '../event.ts';
import { isNoId, usableId } from '../person/identifier.ts';
import { eventPlace, valueIn, type EventPlace } from '../fields/event-place.ts';
import { isBlank, type Cast, type Path } from '../fields/mapping.ts';

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
  const places = paths.map(eventPlace);
  return (event) => {
    for (let index = 0; index < places.length; index += 1) {
      const place = places[index] as EventPlace;
      const raw = valueIn(event, place);
      if (as === undefined) {
        if (!isBlank(raw)) return { value: raw, path: place.path };
        continue;
      }
      if (raw === undefined || raw === null) continue;
      const value = as(raw);
      if (value !== undefined) return { value, path: place.path };
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
  const places = sources.map((source) => (typeof source === 'string' ? eventPlace(source) : source));
  return (event) => {
    let unusable: Path | undefined;
    for (let index = 0; index < places.length; index += 1) {
      const place = places[index] as (typeof places)[number];
      const source = typeof place === 'function' ? place(event) : undefined;
      const raw = typeof place === 'function' ? source?.value : valueIn(event, place);
      if (raw === undefined || raw === null) continue;
      const value = as(raw);
      const { path } = source ?? (place as EventPlace);
      if (value !== undefined) return { value, path };
      if (unusable === undefined && !isNoId(raw)) unusable = path;
    }
    return unusable === undefined ? undefined : { value: undefined, path: unusable };
  };
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
