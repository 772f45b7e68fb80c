import { accept, type RetryDecision } from './decision.ts';
import type { Batch } from './delivery.ts';
import type { JsonValue } from './event.ts';

/** Verdicts by position: the decision given for an item's index in the batch, else accept. */
export const byIndex = <P>(
  batch: Batch<P>,
  decisions: ReadonlyMap<number, RetryDecision>,
  otherwise: RetryDecision = accept(),
): readonly RetryDecision[] => batch.items.map((_, index) => decisions.get(index) ?? otherwise);

/** Verdicts by name: the decision given for an item's `key`, else accept. */
export const byKey = <P>(
  batch: Batch<P>,
  decisions: ReadonlyMap<string, RetryDecision>,
  otherwise: RetryDecision = accept(),
): readonly RetryDecision[] =>
  batch.items.map(({ key }) => (key === undefined ? undefined : decisions.get(key)) ?? otherwise);

/** The body as JSON, `null` included; `undefined` when it is empty, cut or not JSON. */
export function jsonValue(body: string): JsonValue | undefined {
  try {
    return JSON.parse(body) as JsonValue;
  } catch {
    return undefined;
  }
}

/** The body as a JSON object or array; `undefined` when it is empty, cut or not JSON. */
export function jsonBody(body: string): object | undefined {
  const parsed = jsonValue(body);
  return typeof parsed === 'object' && parsed !== null ? parsed : undefined;
}
