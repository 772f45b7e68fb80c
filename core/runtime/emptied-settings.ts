import { z } from 'zod';
import type { JsonSchema } from './catalogue.ts';

/**
 * The settings without those that a form emptied: `""` of an optional setting is absent, at any depth. A required
 * setting keeps it, for its schema to judge. So does the value of a map, whose name somebody chose, and a text that has
 * a default and may be empty: there it says something else than the default.
 */
export const withoutEmptied = (config: unknown, settings: z.ZodType): unknown =>
  holdsEmptied(config, 0) ? cleared(config, formOf(settings)) : config;

/** Deeper than settings are; the schema says how far to look. */
const mostLevels = 8;

/** Nearly no settings do, and the form of a schema takes a while. */
function holdsEmptied(value: unknown, level: number): boolean {
  if (value === '') return true;
  if (typeof value !== 'object' || value === null) return false;
  return level > mostLevels || Object.values(value).some((member) => holdsEmptied(member, level + 1));
}

const forms = new WeakMap<z.ZodType, JsonSchema>();

function formOf(settings: z.ZodType): JsonSchema {
  const known =
    forms.get(settings) ?? (z.toJSONSchema(settings, { io: 'input', unrepresentable: 'any' }) as JsonSchema);
  forms.set(settings, known);
  return known;
}

/** The value itself where nothing in it is emptied, and where no form says what may be in it. */
function cleared(value: unknown, schema: JsonSchema): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const forms = alternativesOf(schema);
  if (forms.length === 0) return value;
  if (!Array.isArray(value)) return clearedMembers(value as Readonly<Record<string, unknown>>, forms);
  const items = anyOf(forms.map((form) => form['items']));
  const kept = value.map((item: unknown) => cleared(item, items));
  return kept.every((item, index) => item === value[index]) ? value : kept;
}

function clearedMembers(object: Readonly<Record<string, unknown>>, forms: readonly JsonSchema[]): unknown {
  const entries = Object.entries(object);
  const kept = entries.flatMap(([name, value]): [string, unknown][] => {
    const named = forms.filter((form) => isSchema(membersOf(form)[name]));
    const isRequired = named.some((form) => ((form['required'] ?? []) as readonly string[]).includes(name));
    const isEmptied = value === '' && !isRequired && !named.some((form) => maySayNothing(membersOf(form)[name]));
    if (isEmptied && named.length > 0) return [];
    const inner = named.length > 0 ? named.map((form) => membersOf(form)[name]) : forms.map(valuesOf);
    return [[name, cleared(value, anyOf(inner))]];
  });
  const isSame = kept.length === entries.length && kept.every(([, value], index) => value === entries[index]?.[1]);
  return isSame ? object : Object.fromEntries(kept);
}

/** Whether "" is a value like any other of this setting. */
const maySayNothing = (setting: unknown): boolean =>
  isSchema(setting) &&
  'default' in setting &&
  setting['type'] === 'string' &&
  !('enum' in setting) &&
  Number(setting['minLength'] ?? 0) === 0 &&
  (typeof setting['pattern'] !== 'string' || new RegExp(setting['pattern'], 'u').test(''));

const valuesOf = (form: JsonSchema): unknown => form['additionalProperties'];

/** The forms that say what is in a value: the schema, and its alternatives, whose members count like its own. */
function alternativesOf(schema: JsonSchema): readonly JsonSchema[] {
  const inner = ['anyOf', 'oneOf', 'allOf'].flatMap((word) => (schema[word] ?? []) as readonly JsonSchema[]);
  const own = ['properties', 'additionalProperties', 'items'].some((word) => isSchema(schema[word])) ? [schema] : [];
  return [...own, ...inner.flatMap(alternativesOf)];
}

const anyOf = (forms: readonly unknown[]): JsonSchema => ({ anyOf: forms.filter(isSchema) });

const isSchema = (value: unknown): value is JsonSchema => typeof value === 'object' && value !== null;

/** By own names alone: a setting may be called "constructor". */
const membersOf = (form: JsonSchema): Readonly<Record<string, unknown>> =>
  Object.assign(Object.create(null), form['properties']) as Readonly<Record<string, unknown>>;
