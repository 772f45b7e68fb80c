import { isObject, ownValue, type JsonObject, type JsonValue, type Note, type Trace } from '../../core/api/index.ts';
import { cutText, firstCharacters, longestValue, mostUserAttributes } from './lengths.ts';
import { attributesPlace, userPlace, type EventAttributes, type UserAttributes } from './mapping.ts';
import type { PassedName } from './settings.ts';

/** mParticle's limits for a list as a user attribute. */
const longestList = 1000;
const longestEntry = 512;

/** Adds the properties that the settings name, as scalars: mParticle refuses anything else (ROKT-37). */
export function passProperties(
  attributes: EventAttributes,
  properties: JsonObject,
  names: readonly PassedName[],
  notes: Note[],
  trace: Trace | undefined,
): void {
  for (const { name, tooLong } of names) {
    const value = ownValue(properties, name);
    if (value === undefined || value === null) continue;
    const field = `${attributesPlace}.${name}`;
    const scalar = tooLong ? dropLongName(field, notes) : scalarOf(value, field, notes);
    if (scalar === undefined) continue;
    attributes[name] = scalar;
    trace?.from(field, `properties.${name}`);
  }
}

/** The same with traits, as texts and lists of texts, until there are 100 (ROKT-48). */
export function passTraits(
  attributes: UserAttributes,
  traits: JsonObject,
  names: readonly PassedName[],
  notes: Note[],
  trace: Trace | undefined,
): void {
  let count = Object.keys(attributes).length;
  for (const { name, tooLong } of names) {
    const value = ownValue(traits, name);
    if (value === undefined || value === null) continue;
    const field = `${userPlace}.${name}`;
    if (count >= mostUserAttributes) {
      notes.push(dropped(field, `Rokt takes at most ${mostUserAttributes} user attributes`));
      continue;
    }
    const sendable = tooLong ? dropLongName(field, notes) : userValueOf(value, field, notes);
    if (sendable === undefined) continue;
    attributes[name] = sendable;
    count += 1;
    trace?.from(field, `context.traits.${name}`);
  }
}

/** Arrays are for user attributes alone, and only of scalars. */
function userValueOf(value: JsonValue, field: string, notes: Note[]): string | readonly string[] | undefined {
  if (!Array.isArray(value) || value.some((entry) => typeof entry === 'object' && entry !== null)) {
    const scalar = scalarOf(value, field, notes);
    return scalar === undefined ? undefined : String(scalar);
  }
  const given = (value as readonly JsonValue[]).filter((entry) => entry !== null).map(String);
  if (given.length === 0) return undefined;
  const entries = given.slice(0, longestList).map((entry) => firstCharacters(entry, longestEntry));
  if (given.length > longestList || given.some((entry) => entry.length > longestEntry)) {
    notes.push({
      code: 'truncated',
      field,
      message: `mParticle takes lists of at most ${longestList} entries of ${longestEntry} characters`,
    });
  }
  return entries;
}

function scalarOf(value: JsonValue, field: string, notes: Note[]): string | number | boolean | undefined {
  if (typeof value === 'string') return cutText(value, field, notes);
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return value === 0 ? 0 : value;
    notes.push(dropped(field, 'Not a finite number'));
    return undefined;
  }
  if (!Array.isArray(value) && !isObject(value)) return undefined;
  const text = JSON.stringify(value);
  if (text.length > longestValue) {
    notes.push(dropped(field, `As JSON text it is longer than the ${longestValue} characters Rokt takes`));
    return undefined;
  }
  notes.push({ code: 'coerced', field, message: 'Rokt takes no nested values, so it travels as JSON text' });
  return text;
}

function dropLongName(field: string, notes: Note[]): undefined {
  notes.push(dropped(field, 'Rokt takes names of at most 256 characters'));
}

const dropped = (field: string, message: string): Note => ({ code: 'dropped', field, message });
