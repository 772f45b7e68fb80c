import { z } from 'zod';
import { schemasOfSameValue } from './same-value-schemas.ts';

/** Finds every value of a configuration that its schema marks as secret (`secret()` in core/api), at any depth. */
export function secretsIn(schema: z.ZodType, value: unknown): string[] {
  return [...textsOf(schema, value).secrets];
}

/** The texts of a configuration: its secrets, and other free texts. Values out of an enumeration do not count. */
export interface SettingTexts {
  readonly secrets: ReadonlySet<string>;
  readonly others: ReadonlySet<string>;
}

/** Collects the texts of a configuration by its schema. */
export function textsOf(schema: z.ZodType, value: unknown): SettingTexts {
  const texts = { secrets: new Set<string>(), others: new Set<string>() };
  collect(schema, value, texts);
  // Another alternative of a union may not mark the credential as secret; it is still a secret.
  for (const secret of texts.secrets) texts.others.delete(secret);
  return texts;
}

interface CollectedTexts {
  readonly secrets: Set<string>;
  readonly others: Set<string>;
}

/** `schema` is a zod schema; zod's types for nested schemas are too wide to say so. */
function collect(schema: unknown, value: unknown, texts: CollectedTexts): void {
  if (schema === undefined || schema === null || value === undefined || value === null) return;
  if (z.globalRegistry.get(schema as z.ZodType)?.['secret'] === true) {
    for (const text of textsIn(value)) texts.secrets.add(text);
    return;
  }
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (typeof value === 'string' && def.type === 'string') texts.others.add(value);
  for (const same of schemasOfSameValue(def)) collect(same, value, texts);
  if (typeof value !== 'object') return;
  const parts = value as Readonly<Record<string, unknown>>;
  if ('shape' in def) {
    for (const [name, part] of Object.entries(def.shape)) collect(part, parts[name], texts);
    for (const name of Object.keys(parts))
      if (!Object.hasOwn(def.shape, name)) collect(def.catchall, parts[name], texts);
  }
  if ('valueType' in def) for (const item of Object.values(parts)) collect(def.valueType, item, texts);
  if (!Array.isArray(value)) return;
  if ('element' in def) for (const item of value) collect(def.element, item, texts);
  if ('items' in def) value.forEach((item, index) => collect(def.items[index] ?? def.rest, item, texts));
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value === 'number') return [String(value)];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
