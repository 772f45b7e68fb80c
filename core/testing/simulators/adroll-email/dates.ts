import type { Check } from '../field-checks.ts';

/** ADEMAIL-08: UTC to whole seconds, without a zone. */
export const writeSeconds = (at: number): string => new Date(at).toISOString().slice(0, 19);

/** Epoch ms of a date-time as ADEMAIL-08 has it, `undefined` when it has another shape or names no day there is. */
export function readSeconds(text: unknown): number | undefined {
  if (typeof text !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(text)) return undefined;
  const at = Date.parse(`${text}Z`);
  return Number.isNaN(at) || writeSeconds(at) !== text ? undefined : at;
}

export const dateTime: Check = (value) =>
  readSeconds(value) === undefined ? 'must be a date-time written YYYY-MM-DDThh:mm:ss' : undefined;
