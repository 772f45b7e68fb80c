import { contractMismatch } from '../api/contract-version.ts';
import type { AnyDestination } from '../api/destination.ts';
import { isFunction, isThenable, kindOf } from './argument-check.ts';

/** Says why a value is not a destination; `undefined` if it is. The loader checks the manifest's contents. */
function whatIsMissing(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return `must be a destination, not ${kindOf(value)}`;
  const candidate = value as Partial<AnyDestination> & { readonly default?: unknown };
  if (candidate.contract === undefined) {
    const module =
      typeof candidate.default === 'object' && candidate.default !== null && 'contract' in candidate.default;
    return `does not come from defineDestination()${module ? '; its default export does' : ''}`;
  }
  const mismatch = contractMismatch(candidate.contract);
  if (mismatch !== undefined) return `is ${mismatch}`;
  if (typeof candidate.manifest?.slug !== 'string') return 'has no manifest with a slug';
  if (!isFunction((candidate.config as { readonly safeParse?: unknown } | undefined)?.safeParse))
    return 'config is missing';
  if (!isFunction(candidate.transform)) return 'transform is missing';
  if (!isFunction((candidate.response as { readonly classifyError?: unknown } | undefined)?.classifyError))
    return 'response is missing, or has no classifyError';
  const ways = [candidate.request, candidate.requestFor, candidate.send];
  if (ways.filter((way) => way !== undefined).length !== 1) return 'must have one of request, requestFor and send';
  return undefined;
}

/** Indexes a list of destinations by slug. Throws for anything else and names the position in the list. */
export function checkedDestinations(value: unknown): ReadonlyMap<string, AnyDestination> {
  if (!Array.isArray(value)) {
    const hint = isThenable(value) ? '; await loadDestinations()' : '';
    throw new TypeError(`destinations: must be an array of destinations, not ${kindOf(value)}${hint}`);
  }
  const bySlug = new Map<string, AnyDestination>();
  for (let index = 0; index < value.length; index++) {
    const element: unknown = value[index];
    const wrong = whatIsMissing(element);
    if (wrong !== undefined) throw new TypeError(`destinations[${index}]: ${wrong}`);
    const destination = element as AnyDestination;
    const { slug } = destination.manifest;
    if (bySlug.has(slug)) throw new Error(`destinations: "${slug}" is there twice`);
    bySlug.set(slug, destination);
  }
  return bySlug;
}
