import { eventTable, sha256, trimInvisible, type EventTable, type PropertySelector } from '../../core/api/index.ts';
import type { Config } from './config.ts';
import { propertiesPassed, traitsPassed } from './passthrough.ts';

/** Computed once per connection, when it opens. */
export interface Prepared {
  readonly conversionOf: EventTable<string>;
  readonly passProperties: PropertySelector;
  readonly passTraits: PropertySelector;
}

export const prepare = ({ conversions, customAttributes, userAttributes }: Config): Prepared => ({
  conversionOf: eventTable({ track: [Array.isArray(conversions) ? conversions.map(typeOf) : conversions] }),
  passProperties: propertiesPassed(customAttributes),
  passTraits: traitsPassed(userAttributes),
});

/** In a list, every event but one goes under its own name (ROKT-25). */
function typeOf(written: string): readonly [string, string] {
  const name = trimInvisible(written);
  return [name, name === 'Order Completed' ? 'purchase' : name];
}

/**
 * Rokt counts 270 batches a second per pair of credentials, across connections (ROKT-44). The key holds no credential.
 */
export const paceKey = (config: Config): string => sha256(`rokt ${config.pod} ${config.apiKey}`).slice(0, 16);
