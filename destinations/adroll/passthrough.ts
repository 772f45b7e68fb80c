import { isBlank, isObject, ownValue, propertiesOf, type CdpEvent, type PayloadBuilder } from '../../core/api/index.ts';
import type { Config } from './config.ts';
import type { AdRollEvent } from './mapping.ts';

/** Only the properties the customer named (ADROLL-57), as JSON text (ADROLL-33). */
export function addExternalData(out: PayloadBuilder<AdRollEvent>, event: CdpEvent, { externalData }: Config): void {
  if (externalData.length === 0) return;
  const properties = propertiesOf(event);
  const whole = externalData.includes('external_data') ? ownValue(properties, 'external_data') : undefined;
  if (!isBlank(whole)) {
    const text = isObject(whole)
      ? JSON.stringify(whole)
      : typeof whole === 'string' && isJson(whole)
        ? whole
        : undefined;
    if (text === undefined) return out.drop('properties.external_data', 'External data must be JSON', 'external_data');
    return out.set('external_data', text, 'properties.external_data');
  }
  const chosen = externalData.filter((name) => !isBlank(ownValue(properties, name)));
  if (chosen.length === 0) return;
  const data = JSON.stringify(Object.fromEntries(chosen.map((name) => [name, properties[name]])));
  out.set('external_data', data, chosen.map((name) => `properties.${name}`).join(', '));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
