import type { CdpEvent, JsonValue } from './event.ts';
import { plainName } from './event-table.ts';
import type { DestinationManifest } from './manifest.ts';
import { isObject } from './mapping.ts';

/** An option that an event sets for one destination, and its path in the event. */
export interface OwnOption {
  readonly path: string;
  readonly value: JsonValue;
}

/** Returns a reader of one option in `integrations`, under any of the destination's names. Call it at module level. */
export function optionReader(
  { displayName, slug, aliases }: DestinationManifest,
  option: string,
): (event: CdpEvent) => OwnOption | undefined {
  const names = new Set([displayName, slug, ...aliases].map(plainName));
  return ({ integrations }) => {
    if (!isObject(integrations)) return undefined;
    for (const name of Object.keys(integrations)) {
      const options = integrations[name];
      if (!isObject(options) || !names.has(plainName(name))) continue;
      const value = options[option];
      if (value !== undefined && value !== null) return { path: `integrations.${name}.${option}`, value };
    }
    return undefined;
  };
}
