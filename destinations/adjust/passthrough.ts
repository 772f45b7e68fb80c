import { isObject, ownValue, type JsonObject, type JsonValue, type Note, type Trace } from '../../core/api/index.ts';
import type { Config } from './config.ts';
import type { Parameters } from './mapping.ts';

/**
 * Picks the chosen properties of one event; `undefined` if there are none: Adjust refuses an empty object (ADJUST-47).
 */
export type ParameterReader = (properties: JsonObject, notes: Note[], trace?: Trace) => Parameters | undefined;

type Choice = readonly [property: string, parameter: string];

/** Objects deeper than this become one string. */
const levels = 8;

/** Revenue and currency are fields of their own (ADJUST-48); "all" does not repeat them. */
const ownFields: ReadonlySet<string> = new Set(['revenue', 'currency']);

/** Called once per connection with the setting, and with the form field it fills. */
export function parameterReader(
  field: 'callback_params' | 'partner_params',
  selection: Config['callbackParams'],
): ParameterReader {
  const chosen = selection === 'all' ? undefined : choices(selection);
  return (properties, notes, trace) => {
    const into: Record<string, string> = {};
    for (const [property, parameter] of chosen ?? everything(properties)) {
      const value = ownValue(properties, property);
      if (value === undefined || value === null) continue;
      trace?.from(`${field}.${parameter}`, `properties.${property}`);
      put(into, parameter, value, levels, () => {
        notes.push({ code: 'dropped', field: `properties.${property}`, message: `Too deep for ${field}` });
      });
    }
    return Object.keys(into).length === 0 ? undefined : into;
  };
}

const choices = (selection: readonly string[] | Readonly<Record<string, string>>): readonly Choice[] =>
  Array.isArray(selection)
    ? selection.map((name: string): Choice => [name, name])
    : Object.entries(selection as Readonly<Record<string, string>>);

const everything = (properties: JsonObject): readonly Choice[] =>
  Object.keys(properties).flatMap((name): Choice[] => (ownFields.has(name) ? [] : [[name, name]]));

/**
 * Numbers and booleans in their JSON spelling, objects by dotted names, lists as JSON in one string (ADJUST-45,
 * ADJUST-46).
 */
function put(into: Record<string, string>, name: string, value: JsonValue, depth: number, lost: () => void): void {
  if (typeof value === 'string') set(into, name, value);
  else if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value)))
    set(into, name, String(value));
  else if (isObject(value) && depth > 0) {
    for (const key of Object.keys(value)) put(into, `${name}.${key}`, value[key] ?? null, depth - 1, lost);
  } else if (typeof value === 'object' && value !== null) {
    const text = jsonText(value);
    if (text === undefined) lost();
    else set(into, name, text);
  }
}

/** Plain assignment to "__proto__" would set the prototype and lose the value. */
function set(into: Record<string, string>, name: string, value: string): void {
  if (name !== '__proto__') into[name] = value;
  else Object.defineProperty(into, name, { value, enumerable: true, writable: true, configurable: true });
}

/** JSON.stringify throws if a value is nested deeper than the stack; such a value has no text. */
function jsonText(value: JsonValue): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
