import type { z } from 'zod';
import type { AnyDestination } from '../api/destination.ts';
import type { BatchLimits, Pace } from '../api/manifest.ts';
import { isThenable } from './argument-check.ts';
import { invalidReturn } from './invalid-return.ts';
import { optionShapes, type OptionShapes } from './option-shapes.ts';

/** What a folder's limitsFor() says of these settings. Throws what it throws, and for what is no limit. */
export const limitsBySettings = ({ limitsFor }: AnyDestination, settings: unknown): z.infer<OptionShapes['limits']> =>
  limitsFor === undefined ? {} : checked(optionShapes().limits, limitsFor(settings), 'limitsFor()');

/** What a folder's paceFor() says of these settings. Throws what it throws, and for what is no pace. */
export const paceBySettings = ({ paceFor }: AnyDestination, settings: unknown): z.infer<OptionShapes['pace']> =>
  paceFor === undefined ? {} : checked(optionShapes().pace, paceFor(settings), 'paceFor()');

/** A limit of NaN or 0 would let nothing through, or everything. The message has names alone. */
function checked<T>(shape: z.ZodType<T>, value: unknown, name: string): T {
  const { data, error } = isThenable(value) ? {} : shape.safeParse(value);
  if (data !== undefined) return data;
  const [issue] = error?.issues ?? [];
  throw invalidReturn(value, `${name} returned ${['something invalid', ...(issue?.path ?? [])].join(' at ')}`);
}

type Part<K extends string> = { readonly [name in K]?: number | undefined };

/** Of each number the lowest; a part in which it is missing says nothing about it. */
function lowest<K extends string>(names: readonly K[], parts: readonly Part<K>[]): { [name in K]?: number } {
  const least: { [name in K]?: number } = {};
  for (const name of names)
    for (const { [name]: value } of parts)
      if (value !== undefined) least[name] = Math.min(least[name] ?? Number.POSITIVE_INFINITY, value);
  return least;
}

/** The limits of manifest, settings and connection: of each the lowest, though the manifest may lack it. */
export const lowestLimits = (limits: BatchLimits, ...others: readonly Part<keyof BatchLimits>[]): BatchLimits =>
  lowest(['maxItems', 'maxBytes', 'maxItemBytes', 'maxAgeMs'], [limits, ...others]) as BatchLimits;

/**
 * The pace that the host grants, lowered by settings and connection. The rate stays the host's: other rates hold beside
 * it.
 */
export const lowestPace = (granted: Pace, ...others: readonly Part<'concurrency' | 'timeoutMs'>[]): Pace => ({
  ...granted,
  ...lowest(['concurrency', 'timeoutMs'], [granted, ...others]),
});
