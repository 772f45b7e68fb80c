import type { CdpEvent, JsonValue } from '../event.ts';
import { plainName } from './event-table.ts';
import type { Found } from './first-of.ts';
import type { DestinationManifest } from '../manifest.ts';
import { isMissing, isObject, type Cast } from '../fields/mapping.ts';

/**
 * Returns a reader of one option in `integrations`, under any of the destination's names: the first that is there and
 * casts. Call it at module level.
 *
 * @example
 * const visitorIdOf = optionReader(manifest, 'visitorId', usableId);
 * out.take('visitor_id', visitorIdOf(event));
 */
export function optionReader(manifest: DestinationManifest, option: string): (event: CdpEvent) => Found | undefined;
export function optionReader<T>(
  manifest: DestinationManifest,
  option: string,
  as: Cast<T>,
): (event: CdpEvent) => Found<T> | undefined;
export function optionReader<T>(
  { displayName, slug, aliases }: DestinationManifest,
  option: string,
  as?: Cast<T>,
): (event: CdpEvent) => Found<T | JsonValue> | undefined {
  const names = new Set([displayName, slug, ...aliases].map(plainName));
  return ({ integrations }) => {
    if (!isObject(integrations)) return undefined;
    for (const name of Object.keys(integrations)) {
      const options = integrations[name];
      if (!isObject(options) || !names.has(plainName(name))) continue;
      const raw = options[option];
      if (isMissing(raw)) continue;
      const value = as === undefined ? raw : as(raw);
      if (value !== undefined) return { value, path: `integrations.${name}.${option}` };
    }
    return undefined;
  };
}
