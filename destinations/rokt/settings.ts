import { sha256 } from '../../core/api/index.ts';
import type { Config } from './config.ts';
import { knownEventAttributes, knownUserAttributes } from './mapping.ts';

/** Computed once per connection, when it opens. */
export interface Prepared {
  /** CDP event name to conversion type. */
  readonly conversions: ReadonlyMap<string, string>;
  readonly eventAttributes: readonly PassedName[];
  readonly userAttributes: readonly PassedName[];
}

/** A property or trait that is passed on under its own name. */
export interface PassedName {
  readonly name: string;
  /** Longer than mParticle takes a name: such an attribute is dropped (ROKT-46, ROKT-49). */
  readonly tooLong: boolean;
}

const longestName = 256;

export const prepare = (config: Config): Prepared => ({
  conversions: conversionsOf(config.conversions),
  eventAttributes: passedNames(config.customAttributes, knownEventAttributes),
  userAttributes: passedNames(config.userAttributes, knownUserAttributes),
});

const conversionsOf = (conversions: Config['conversions']): ReadonlyMap<string, string> =>
  new Map(
    Array.isArray(conversions)
      ? conversions.map((name) => [name, name === 'Order Completed' ? 'purchase' : name])
      : Object.entries(conversions),
  );

/** Without Rokt's own names (ROKT-35) and `__proto__`, which plain assignment cannot set. */
function passedNames(wanted: readonly string[], taken: readonly string[]): readonly PassedName[] {
  const reserved = new Set([...taken, '__proto__']);
  return [...new Set(wanted)]
    .filter((name) => !reserved.has(name.toLowerCase()))
    .map((name) => ({ name, tooLong: name.length > longestName }));
}

/**
 * Rokt counts 270 batches a second per pair of credentials, across connections (ROKT-44). The key holds no credential.
 */
export const paceKey = (config: Config): string => sha256(`rokt ${config.pod} ${config.apiKey}`).slice(0, 16);
