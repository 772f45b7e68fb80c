import { compileMapping, type Mapping, type MappingLimits } from '../../../core/mapping/compile-mapping.ts';

/** The mapping that an option is. Throws with its issues where it is none. */
export function mappingOf(option: unknown, limits?: MappingLimits): Mapping {
  const compiled = compileMapping(option, limits);
  if (!compiled.ok) throw new Error(compiled.issues.map(({ path, message }) => `${path}: ${message}`).join('\n'));
  return compiled;
}
