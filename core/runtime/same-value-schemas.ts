import type { z } from 'zod';

/** The schemas within another one that judge the same value as it: wrapped, piped, lazy, or alternatives. */
export function schemasOfSameValue(def: z.core.$ZodTypes['_zod']['def']): unknown[] {
  const same: unknown[] = [];
  if ('innerType' in def) same.push(def.innerType);
  if ('getter' in def) same.push(def.getter());
  if ('in' in def) same.push(def.in, def.out);
  if ('left' in def) same.push(def.left, def.right);
  if ('options' in def) same.push(...def.options);
  return same;
}
