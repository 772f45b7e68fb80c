import {
  isBlank,
  isObject,
  jsonTextOf,
  jsonValue,
  ownValue,
  propertiesOf,
  type CdpEvent,
  type JsonValue,
  type PayloadBuilder,
} from '../../core/api/index.ts';
import type { Config } from './config.ts';
import type { AdRollEvent } from './mapping.ts';

/** Only the properties the customer named (ADROLL-57), as JSON text (ADROLL-33). */
export function addExternalData(out: PayloadBuilder<AdRollEvent>, event: CdpEvent, { externalData }: Config): void {
  if (externalData.length === 0) return;
  const properties = propertiesOf(event);
  const whole = externalData.includes('external_data') ? ownValue(properties, 'external_data') : undefined;
  const chosen = isBlank(whole) ? externalData.filter((name) => !isBlank(ownValue(properties, name))) : [];
  if (isBlank(whole) && chosen.length === 0) return;
  const text = isBlank(whole)
    ? jsonTextOf(Object.fromEntries(chosen.map((name) => [name, properties[name]])))
    : textOf(whole);
  if (text === undefined) return out.drop('properties.external_data', 'External data must be JSON', 'external_data');
  const source =
    chosen.length === 0 ? 'properties.external_data' : chosen.map((name) => `properties.${name}`).join(', ');
  out.set('external_data', text, source);
}

/** JSON text travels as it is. */
const textOf = (whole: JsonValue): string | undefined =>
  isObject(whole) ? jsonTextOf(whole) : typeof whole === 'string' && jsonValue(whole) !== undefined ? whole : undefined;
