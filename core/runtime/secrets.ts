import { z } from 'zod';

/** Every value of a configuration that its schema marks as secret (`secret()` in core/api), wherever it is nested. */
export function secretsIn(schema: z.ZodType, value: unknown): string[] {
  const found = new Set<string>();
  collect(schema as z.core.$ZodType, value, found);
  return [...found];
}

function collect(schema: z.core.$ZodType, value: unknown, found: Set<string>): void {
  if (value === undefined || value === null) return;
  if (z.globalRegistry.get(schema)?.['secret'] === true) {
    for (const text of textsIn(value)) found.add(text);
    return;
  }
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if ('innerType' in def) collect(def.innerType as z.core.$ZodType, value, found);
  if ('in' in def) collect(def.in as z.core.$ZodType, value, found);
  if ('out' in def) collect(def.out as z.core.$ZodType, value, found);
  if ('options' in def) for (const option of def.options) collect(option, value, found);
  if ('shape' in def) {
    for (const [name, part] of Object.entries(def.shape)) collect(part, (value as Record<string, unknown>)[name], found);
  }
  if ('element' in def && Array.isArray(value)) for (const item of value) collect(def.element, item, found);
  if ('valueType' in def && typeof value === 'object') {
    for (const item of Object.values(value)) collect(def.valueType as z.core.$ZodType, item, found);
  }
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
