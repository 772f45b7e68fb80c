import type { CdpEvent, JsonValue } from '../event.ts';
import { plainName } from './event-table.ts';
import type { Found } from './first-of.ts';
import type { DestinationManifest } from '../manifest.ts';
import { asFlag } from '../fields/casts.ts';
import { isBlank, isObject, type Cast } from '../fields/mapping.ts';

/**
 * The name of a destination in `integrations` as plainName() spells it, without the suffix in parentheses that some
 * sources append, as in "Rokt (Actions)".
 */
export function integrationName(name: string): string {
  const end = name.indexOf('(');
  return plainName(end > 0 && suffix.test(name) ? name.slice(0, name.lastIndexOf('(')) : name);
}

const suffix = /\([^()]*\)\s*$/;

/** Whether a switch of `integrations` is off: `null`, what `asFlag` reads as no, or an object with `enabled` off. */
export function isOff(value: JsonValue | undefined): boolean {
  if (value === true || value === undefined) return false;
  if (isObject(value)) return 'enabled' in value && isOff(value['enabled']);
  return value === null || asFlag(value) === false;
}

/**
 * Returns a reader of one option in `integrations`, under any of the destination's names: the first that is not blank
 * and casts. Call it at module level.
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
  const names = new Set([displayName, slug, ...aliases]);
  const plain = new Set([...names].map(plainName));
  // Most write one of the names as it is, which costs a tenth of its normal form.
  const isOwn = (name: string): boolean =>
    names.has(name) || plain.has(integrationName(name)) || plain.has(plainName(name));
  return ({ integrations }) => {
    if (!isObject(integrations)) return undefined;
    for (const name of Object.keys(integrations)) {
      const options = integrations[name];
      if (!isObject(options) || !isOwn(name)) continue;
      const raw = options[option];
      if (isBlank(raw)) continue;
      const value = as === undefined ? raw : as(raw);
      if (value !== undefined) return { value, path: `integrations.${name}.${option}` };
    }
    return undefined;
  };
}
