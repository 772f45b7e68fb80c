import { isObject, ownValue, propertiesOf, type CdpEvent, type Note, type Trace } from '../../core/api/index.ts';
import { isAbsent } from './commerce.ts';
import type { Config } from './config.ts';
import type { AdRollEvent } from './mapping.ts';
import { add, badExternalData } from './notes.ts';

/** Only the properties the customer named (ADROLL-57), as JSON text (ADROLL-33). */
export function addExternalData(
  made: AdRollEvent,
  event: CdpEvent,
  { externalData }: Config,
  notes: Note[],
  trace: Trace | undefined,
): void {
  if (externalData.length === 0) return;
  const properties = propertiesOf(event);
  const whole = externalData.includes('external_data') ? ownValue(properties, 'external_data') : undefined;
  if (!isAbsent(whole)) {
    const text = isObject(whole)
      ? JSON.stringify(whole)
      : typeof whole === 'string' && isJson(whole)
        ? whole
        : undefined;
    if (text === undefined) return add(notes, badExternalData);
    made.external_data = text;
    trace?.from('external_data', 'properties.external_data');
    return;
  }
  const chosen = externalData.filter((name) => !isAbsent(ownValue(properties, name)));
  if (chosen.length === 0) return;
  made.external_data = JSON.stringify(Object.fromEntries(chosen.map((name) => [name, properties[name]])));
  trace?.from('external_data', chosen.map((name) => `properties.${name}`).join(', '));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
