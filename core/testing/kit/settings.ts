import { z } from '../../api/index.ts';

import { catalogueEntry, type AnyDestination, type CatalogueEntry, type JsonSchema } from '../../index.ts';

const entries = new WeakMap<AnyDestination, CatalogueEntry>();

/** It is made once: with many operations, the catalogue takes a while. */
function entryOf(destination: AnyDestination): CatalogueEntry {
  const known = entries.get(destination) ?? catalogueEntry(destination);
  entries.set(destination, known);
  return known;
}

/** The JSON Schema of a destination's settings. */
export const settingsSchema = (destination: AnyDestination): JsonSchema => entryOf(destination).configSchema;

/** The JSON Schemas of the inputs of its operations, by their names. */
export const operationSchemas = (destination: AnyDestination): readonly (readonly [string, JsonSchema])[] =>
  entryOf(destination).operations.map(({ name, inputSchema }) => [name, inputSchema]);

/** One setting of a configuration, by its path in it. */
export interface Setting {
  readonly path: readonly string[];
  readonly schema: JsonSchema;
}

/** Every named setting of a configuration's JSON Schema, those inside objects and alternatives included. */
export function settingsIn(schema: JsonSchema, at: readonly string[] = []): readonly Setting[] {
  const named = Object.entries((schema['properties'] ?? {}) as Record<string, JsonSchema>).flatMap(([name, part]) => {
    const path = [...at, name];
    return [{ path, schema: part }, ...settingsIn(part, path)];
  });
  const alternatives = ['anyOf', 'oneOf', 'allOf'].flatMap((word) => (schema[word] ?? []) as readonly JsonSchema[]);
  return [...named, ...alternatives.flatMap((part) => settingsIn(part, at))];
}

/**
 * The places of a JSON Schema that a form cannot label: members, items, names and values of maps, alternatives, and
 * values of an enumeration without a title. `choice()` labels values, `meta({ title })` everything else.
 */
export function titleless(schema: JsonSchema, at = ''): readonly string[] {
  const part = (name: string): readonly (readonly [string, JsonSchema])[] =>
    isSchema(schema[name]) ? [[`${at}${suffixes[name]}`, schema[name]]] : [];
  const members = Object.entries((schema['properties'] ?? {}) as Record<string, JsonSchema>);
  const parts = [
    ...members.map(([name, member]) => [at === '' ? name : `${at}.${name}`, member] as const),
    ...['items', 'propertyNames', 'additionalProperties'].flatMap(part),
    ...alternativesOf(schema).map((option, index) => [`${at} (alternative ${index + 1})`, option] as const),
  ];
  const isBareEnum = Array.isArray(schema['enum']) && !Array.isArray(schema['oneOf']);
  return [
    ...(isBareEnum ? [`${at} (its values)`] : []),
    ...parts.flatMap(([path, inner]) => [
      ...(hasTitle(inner) || isRow(path, inner) ? [] : [path]),
      ...titleless(inner, path),
    ]),
  ];
}

const suffixes: Readonly<Record<string, string>> = {
  items: '[]',
  propertyNames: ' (its names)',
  additionalProperties: ' (its values)',
};

/** What a person chooses between; null beside one other form is no choice. */
function alternativesOf(schema: JsonSchema): readonly JsonSchema[] {
  const options = ['anyOf', 'oneOf'].flatMap((word) => (schema[word] ?? []) as readonly JsonSchema[]);
  const chosen = options.filter(({ type }) => type !== 'null');
  return chosen.length > 1 ? chosen : [];
}

/** What a form shows by its members: an object of a list, and the body of an operation. */
const isRow = (path: string, { type }: JsonSchema): boolean =>
  path === 'body' || (path.endsWith('[]') && type === 'object');

const isSchema = (value: unknown): value is JsonSchema => typeof value === 'object' && value !== null;

const hasTitle = ({ title }: JsonSchema): boolean => typeof title === 'string' && title.trim() !== '';

/** The settings that are marked as secret. */
export const secretSettings = (schema: JsonSchema): readonly Setting[] =>
  settingsIn(schema).filter((setting) => isSecret(setting.schema));

/**
 * The paths of the settings with a free text that is not masked. A setting may be secret without being hidden in forms:
 * then only the schema of what is parsed says so.
 */
export function openTextSettings(config: z.ZodType): readonly (readonly string[])[] {
  const settingsOf = (io: 'input' | 'output'): readonly Setting[] =>
    settingsIn(z.toJSONSchema(config, { io, unrepresentable: 'any' }) as JsonSchema);
  const [input, output] = [settingsOf('input'), settingsOf('output')];
  const masked = new Set([...input, ...output].flatMap(({ path, schema }) => (isSecret(schema) ? path.join('.') : [])));
  const open = input.filter(({ path, schema }) => isText(schema) && !masked.has(path.join('.')));
  return [...new Map(open.map(({ path }) => [path.join('.'), path])).values()];
}

/** Looks into alternatives: an optional secret is one. */
const isSecret = (schema: JsonSchema): boolean =>
  schema['secret'] === true ||
  ['anyOf', 'oneOf', 'allOf'].some((word) => ((schema[word] ?? []) as readonly JsonSchema[]).some(isSecret));

const isText = (schema: JsonSchema): boolean =>
  (schema['type'] === 'string' && !Object.hasOwn(schema, 'enum') && !Object.hasOwn(schema, 'const')) ||
  ['anyOf', 'oneOf', 'allOf'].some((word) => ((schema[word] ?? []) as readonly JsonSchema[]).some(isText));
