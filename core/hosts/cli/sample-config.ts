import type { JsonSchema } from '../../index.ts';
import { escapedText } from './references.ts';

/**
 * A config file for a destination: each required setting with a placeholder, and nothing else. A text is a variable of
 * the environment, `${ADROLL_PIXEL_EID}`, so that `validate` says which are not set. A value that the schema states is
 * as it is once the file is read, also with `${` in it.
 */
export const sampleConfig = (slug: string, settings: JsonSchema): { readonly config: unknown } => ({
  config: sampleOf(settings, [slug]),
});

function sampleOf(schema: JsonSchema, at: readonly string[]): unknown {
  if ('const' in schema) return escaped(schema['const']);
  if (Array.isArray(schema['examples'])) return escaped(schema['examples'][0]);
  if (Array.isArray(schema['enum'])) return escaped(harmlessOf(schema['enum']));
  if ('default' in schema) return escaped(schema['default']);
  const [alternative] = ['anyOf', 'oneOf', 'allOf'].flatMap((word) => (schema[word] ?? []) as readonly JsonSchema[]);
  if (alternative !== undefined) return sampleOf(alternative, at);
  switch (schema['type']) {
    case 'object':
      return requiredOf(schema, at);
    case 'array':
      return Number(schema['minItems'] ?? 0) > 0 ? [sampleOf((schema['items'] ?? {}) as JsonSchema, at)] : [];
    case 'boolean':
      return false;
    case 'integer':
    case 'number':
      return Math.max(0, Number(schema['minimum'] ?? 0));
    default:
      return `\${${variableName(at)}}`;
  }
}

function requiredOf(schema: JsonSchema, at: readonly string[]): Readonly<Record<string, unknown>> {
  const properties = (schema['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>;
  const names = (schema['required'] ?? []) as readonly string[];
  return Object.fromEntries(names.map((name) => [escapedText(name), sampleOf(properties[name] ?? {}, [...at, name])]));
}

/** Of the values of a setting the one for tries, so that nobody delivers to production by chance. */
const harmlessOf = (values: readonly unknown[]): unknown =>
  values.find((value) => /^(?:sandbox|test|testing|staging|development)$/.test(String(value))) ?? values[0];

function escaped(value: unknown): unknown {
  if (typeof value === 'string') return escapedText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(escaped);
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [escapedText(name), escaped(part)]));
}

/** adroll-email, clientId: ADROLL_EMAIL_CLIENT_ID; a name cannot begin with a digit: _7ELEVEN_TOKEN. */
const variableName = (path: readonly string[]): string =>
  path
    .join('_')
    .replace(/^(?=\d)/, '_')
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/[^A-Za-z0-9]+/g, '_')
    .toUpperCase();
