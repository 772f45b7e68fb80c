import { z } from '../../api/index.ts';

import { catalogueEntry, type AnyDestination, type JsonSchema } from '../../index.ts';

const schemas = new WeakMap<AnyDestination, JsonSchema>();

/** The JSON Schema of a destination's settings. It is made once: with many operations, the catalogue takes a while. */
export function settingsSchema(destination: AnyDestination): JsonSchema {
  const known = schemas.get(destination) ?? catalogueEntry(destination).configSchema;
  schemas.set(destination, known);
  return known;
}

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
