type JsonSchema = Readonly<Record<string, unknown>>;

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

/** Looks into alternatives: an optional secret is one. */
const isSecret = (schema: JsonSchema): boolean =>
  schema['secret'] === true ||
  ['anyOf', 'oneOf', 'allOf'].some((word) => ((schema[word] ?? []) as readonly JsonSchema[]).some(isSecret));
