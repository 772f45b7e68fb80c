import { reject } from '../delivery.ts';
import { isMissing, keysOf, valueAt, type Path } from './mapping.ts';
import type { AnyPayloadBuilder } from './payload-builder.ts';

/**
 * Compiles what a vendor needs at least one of: paths in the payload; a list of paths counts if all of them are there.
 * An event without any is refused as missing_identifier with the message. Returns whether there was one. Call it at
 * module level, and the result when the fields are set.
 *
 * @example
 * const requireMatchKey = requireAny(
 *   ['click_id', 'user.email', ['user.ip_address', 'user.user_agent']],
 *   'Acme needs a click, an address, or network address and browser',
 * );
 * requireMatchKey(out); // out.payload() is the refusal if there is none
 */
export function requireAny(
  fields: readonly (Path | readonly Path[])[],
  message: string,
): (out: AnyPayloadBuilder) => boolean {
  const alternatives = fields.map((paths) => [paths].flat().map(keysOf));
  if (alternatives.length === 0 || alternatives.some((paths) => paths.length === 0))
    throw new TypeError('requireAny(): names no field');
  const refusal = reject('missing_identifier', message);
  return (out) => {
    const value = out.value as object;
    for (const paths of alternatives) if (paths.every((keys) => !isMissing(valueAt(value, keys)))) return true;
    out.refuse(refusal);
    return false;
  };
}
